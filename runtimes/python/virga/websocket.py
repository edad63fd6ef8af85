"""WebSockets that a handler accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, AsyncIterator, Iterator

from .codec import to_json
from .frames import MAX_PIECE

if TYPE_CHECKING:
    from .call import BlockingCall, Call
    from .loop_call import LoopCall

_TEXT_HEADER = b'{"text":true}'
NORMAL_CLOSURE = 1000


class _Socket:
    """What both kinds of sockets share: how messages and closing look on the channel."""

    __slots__ = ()
    _call: Call

    @property
    def close_code(self) -> int | None:
        """The code that the client closed with; None while it has not."""
        return self._call.end.get("code", NORMAL_CLOSURE) if self._call.ended else None

    @property
    def close_reason(self) -> str:
        """The reason that the client closed with."""
        return self._call.end.get("reason", "")

    def _prepare(self, message: str | bytes) -> tuple[bytes, bytes]:
        if self._call.closed:
            raise RuntimeError("the WebSocket was closed by the handler")
        header, data = (_TEXT_HEADER, message.encode()) if isinstance(message, str) else (b"", bytes(message))
        if len(data) > MAX_PIECE:
            raise ValueError(f"a message has at most {MAX_PIECE} bytes; this one has {len(data)}")
        return header, data

    def _close(self, code: int, reason: str) -> None:
        self._call.send_end(to_json({"code": code, "reason": reason}))


class WebSocket(_Socket):
    """A WebSocket in an ordinary handler: `for message in socket`. To be used by one thread at a time."""

    __slots__ = ("_call",)

    def __init__(self, call: BlockingCall) -> None:
        self._call = call

    def __iter__(self) -> Iterator[str | bytes]:
        return self

    def __next__(self) -> str | bytes:
        message = self.receive()
        if message is None:
            raise StopIteration
        return message

    def receive(self) -> str | bytes | None:
        """Waits for the next message; None when the client has closed. Raises Cancelled."""
        return None if self._call.closed else self._call.take()

    def send(self, message: str | bytes) -> None:
        """Sends one message of at most 256 KiB; waits while the client is slow. Discarded once the client has closed."""
        header, data = self._prepare(message)
        self._call.poll()
        if not self._call.ended:
            self._call.wait_for_credit(len(data))
            self._call.send_message(header, data)

    def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Closes the socket; returning from the handler does the same."""
        self._close(code, reason)


class AsyncWebSocket(_Socket):
    """A WebSocket in an async handler: `async for message in socket`."""

    __slots__ = ("_call",)

    def __init__(self, call: LoopCall) -> None:
        self._call = call

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        return self

    async def __anext__(self) -> str | bytes:
        message = await self.receive()
        if message is None:
            raise StopAsyncIteration
        return message

    async def receive(self) -> str | bytes | None:
        """Waits for the next message; None when the client has closed."""
        return None if self._call.closed else await self._call.take()

    async def send(self, message: str | bytes) -> None:
        """Sends one message of at most 256 KiB; waits while the client is slow. Discarded once the client has closed."""
        header, data = self._prepare(message)
        if not self._call.ended:
            await self._call.wait_for_credit(len(data))
            self._call.send_message(header, data)

    async def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Closes the socket; returning from the handler does the same."""
        self._close(code, reason)
