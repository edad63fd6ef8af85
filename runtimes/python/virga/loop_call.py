"""A call that a task of the event loop answers."""

from __future__ import annotations

import asyncio

from .call import Call
from .channel import Channel
from .frames import BODY
from .streams import AsyncBodyStream
from .websocket import AsyncWebSocket


class LoopCall(Call):
    """A call whose handler is a task."""

    def __init__(self, id: int, channel: Channel) -> None:
        super().__init__(id, channel)
        self.task: asyncio.Task[None] | None = None
        self.is_running = False
        self._waiters: list[asyncio.Future[None]] = []

    def notify(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def poll(self) -> None:
        """Frames take effect whenever the handler awaits something; there is nothing to do in between."""

    def open_stream(self, first: bytes) -> AsyncBodyStream:
        """The request's body, of which `first` came with the call."""
        return AsyncBodyStream(self, first)

    def accept(self) -> AsyncWebSocket:
        """Tells the client that its WebSocket is open."""
        self.send_accept()
        return AsyncWebSocket(self)

    async def wait(self) -> None:
        """Waits until something about the call may have changed."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    async def give_way(self) -> None:
        """Lets other tasks run, and frames that are here take effect. Raises Cancelled."""
        await asyncio.sleep(0)
        self.check_cancelled()

    async def take(self) -> bytes | str | None:
        """Waits for the next piece; None at the end."""
        while not self.has_pieces:
            if self.ended:
                self.check_complete()
                return None
            await self.wait()
        return self.next_piece()

    async def collect(self) -> bytes:
        """Waits for the whole of a body that came in pieces."""
        body = await AsyncBodyStream(self, b"").read()
        self._arrived = None
        return body

    async def wait_for_credit(self, size: int) -> None:
        """Waits until `size` bytes may be sent."""
        while self.credit < size:
            await self.wait()

    async def send_body(self, data: bytes) -> None:
        """Sends a piece of the answer's body, as fast as the node takes it."""
        rest = memoryview(data)
        while rest:
            await self.wait_for_credit(1)
            rest = self.send_part(BODY, rest)
