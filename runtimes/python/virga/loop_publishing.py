"""Messages that async handlers publish: those of one turn of the event loop go to the node together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Iterator

from .errors import PlatformError
from .publishing import publish_requests
from .wire import Answer

if TYPE_CHECKING:
    from .asks import Ask
    from .loop_call import LoopCall

_Unsent = tuple[bytes, "asyncio.Future[str]"]


class AsyncPublishing:
    """What a call has published and not sent yet."""

    __slots__ = ("_call", "_loop", "_unsent")

    def __init__(self, call: LoopCall) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._unsent: list[_Unsent] = []

    def publish(self, message: bytes) -> asyncio.Future[str]:
        """Publishes a message; gives its id."""
        self._call.check_may_ask()
        future = self._loop.create_future()
        if not self._unsent:
            self._loop.call_soon(self.flush)
        self._unsent.append((message, future))
        return future

    def flush(self) -> None:
        """Sends what was published."""
        unsent, self._unsent = self._unsent, []
        futures = iter([future for _, future in unsent])
        for count, request in publish_requests([message for message, _ in unsent]):
            self._call.begin(request, _Published(_take(futures, count)))


class _Published:
    """Takes the answer to a request."""

    __slots__ = ("_futures", "ask")

    def __init__(self, futures: list[asyncio.Future[str]]) -> None:
        self._futures = futures
        self.ask: Ask | None = None

    def answer(self, answer: bytes) -> None:
        """Gives each message its id, or what became of it."""
        reader = Answer(answer)
        whole = reader.problem()
        if whole is None:
            reader.varint()
        for future in self._futures:
            problem = reader.problem_of_result() if whole is None else PlatformError(whole.type, whole.status, whole.title, whole.detail, whole.fix)
            id = reader.text() if problem is None else ""
            if future.done():
                continue
            if problem is None:
                future.set_result(id)
            else:
                future.set_exception(problem)

    def abandon(self) -> None:
        """No answer comes: the call has ended."""
        for future in self._futures:
            future.cancel()


def _take(futures: Iterator[asyncio.Future[str]], count: int) -> list[asyncio.Future[str]]:
    return [next(futures) for _ in range(count)]
