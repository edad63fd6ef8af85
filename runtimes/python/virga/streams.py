"""Request bodies that are read while they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, AsyncIterator, Iterator, cast

if TYPE_CHECKING:
    from .call import BlockingCall
    from .loop_call import LoopCall


class BodyStream:
    """The request's body in an ordinary handler: `for piece in event.stream`."""

    __slots__ = ("_call", "_first")

    def __init__(self, call: BlockingCall, first: bytes) -> None:
        self._call = call
        self._first = first

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        piece = self._call.take() if self._call.streams_in else None
        if piece is None:
            raise StopIteration
        return cast(bytes, piece)

    def read(self) -> bytes:
        """All that is left of the body."""
        return b"".join(self)


class AsyncBodyStream:
    """The request's body in an async handler: `async for piece in event.stream`."""

    __slots__ = ("_call", "_first")

    def __init__(self, call: LoopCall, first: bytes) -> None:
        self._call = call
        self._first = first

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        piece = await self._call.take() if self._call.streams_in else None
        if piece is None:
            raise StopAsyncIteration
        return cast(bytes, piece)

    async def read(self) -> bytes:
        """All that is left of the body."""
        return b"".join([piece async for piece in self])
