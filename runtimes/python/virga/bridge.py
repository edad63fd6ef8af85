"""Async values that an ordinary handler returned: a decorated coroutine, an async generator as `body`."""

from __future__ import annotations

from _thread import _local
from typing import Any, AsyncIterator, Awaitable, Iterator

_of_thread = _local()


def run(awaitable: Awaitable[Any]) -> Any:
    """Waits for an awaitable, in an event loop that belongs to the calling thread."""
    loop = getattr(_of_thread, "loop", None)
    if loop is None:
        # Few functions need it, and a start without a pool would wait for it: importing it takes as long as the rest of the runtime.
        import asyncio

        loop = _of_thread.loop = asyncio.new_event_loop()
    return loop.run_until_complete(_wait(awaitable))


def iterate(source: AsyncIterator[Any]) -> Iterator[Any]:
    """The pieces of an async iterator, one at a time."""
    try:
        while True:
            try:
                piece = run(source.__anext__())
            except StopAsyncIteration:
                return
            yield piece
    finally:
        if hasattr(source, "aclose"):
            run(source.aclose())


async def _wait(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
