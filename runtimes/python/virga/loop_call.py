"""A call that a task of the event loop answers."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, Protocol

from .asks import MAX_OPEN, Ask, Asks
from .call import Call
from .channel import Channel
from .frames import BODY
from .streams import AsyncBodyStream
from .websocket import AsyncWebSocket
from .wire import Answer

if TYPE_CHECKING:
    from .loop_publishing import AsyncPublishing
    from .peers import Message
    from .state.loop import AsyncState


class Taker(Protocol):
    """Who takes the answer to a request."""

    ask: Ask | None

    def answer(self, answer: bytes) -> None:
        """Takes it."""

    def abandon(self) -> None:
        """Learns that none comes, because the call was cancelled or has ended."""


class _Waiting:
    """A task that waits for an answer."""

    __slots__ = ("ask", "future")

    def __init__(self) -> None:
        self.ask: Ask | None = None
        self.future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def answer(self, answer: bytes) -> None:
        if not self.future.done():
            self.future.set_result(answer)

    def abandon(self) -> None:
        self.future.cancel()


class LoopCall(Call):
    """A call whose handler is a task."""

    def __init__(self, id: int, channel: Channel, read: Callable[[], None]) -> None:
        super().__init__(id, channel)
        self.task: asyncio.Task[None] | None = None
        self.is_running = False
        self._waiters: list[asyncio.Future[None]] = []
        self._read = read
        #: Requests that wait for others to be answered: (request, who takes the answer).
        self._backlog: deque[tuple[bytes, Taker]] = deque()
        #: The call's shared state, when it was used.
        self.state: AsyncState | None = None
        self._publishing: AsyncPublishing | None = None

    def notify(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def poll(self) -> None:
        """Frames take effect whenever the handler awaits something; there is nothing to do in between."""

    def flush(self) -> None:
        if self.state is not None:
            self.state.flush()
        if self._publishing is not None:
            self._publishing.flush()

    def read_meanwhile(self) -> None:
        if self.channel.has_input():
            self._read()

    def begin(self, request: bytes, taker: Taker) -> None:
        """Asks something of the platform; `taker` gets the answer."""
        if self.asks is None:
            self.asks = Asks(self)
        if len(self.asks.open) < MAX_OPEN:
            taker.ask = self.asks.send(request, lambda ask: self._give(ask, taker))
        else:
            self._backlog.append((request, taker))

    async def ask(self, request: bytes) -> Answer:
        """Asks something of the platform and waits for the answer; withdraws the request when the waiting task is cancelled. Raises PlatformError."""
        self.check_may_ask()
        self.flush()
        waiting = _Waiting()
        self.begin(request, waiting)
        try:
            answer = Answer(await waiting.future)
        except asyncio.CancelledError:
            self._withdraw(waiting)
            raise
        problem = answer.problem()
        if problem is not None:
            raise problem
        return answer

    def open_state(self, function: dict[str, Any]) -> AsyncState:
        """Shared state."""
        # Not every function uses it: a start without a pool would wait for the import.
        from .state.loop import AsyncState
        from .state.values import kept_values

        self.state = AsyncState(self, kept_values(function))
        return self.state

    async def call_function(self, function: str, argument: Any, detached: bool = False) -> Any:
        """Calls another function and waits for its answer. Raises PlatformError."""
        from .peers import call_request, read_called

        return read_called(function, await self.ask(call_request(function, argument, detached)))

    def start_function(self, function: str, argument: Any) -> asyncio.Task[Any]:
        """Calls another function without waiting."""
        return asyncio.get_running_loop().create_task(self.call_function(function, argument, detached=True))

    async def send_to(self, id: str, message: Any) -> str:
        """Sends a message to a running call. Raises PlatformError."""
        from .peers import read_sent, send_request

        return read_sent(await self.ask(send_request(id, message)))

    async def receive_messages(self, timeout: float | None, most: int) -> list[Message]:
        """Waits for messages. Raises PlatformError."""
        from .peers import read_messages, receive_requests

        messages: list[Message] = []
        for request in receive_requests(timeout, most):
            messages = read_messages(await self.ask(request))
            if messages:
                break
        return messages

    def publish(self, messages: list[bytes]) -> asyncio.Future[list[str]]:
        """Publishes messages."""
        return asyncio.gather(*map(self.publish_one, messages))

    def publish_one(self, message: bytes) -> asyncio.Future[str]:
        """Publishes a message: what is published before the handler awaits goes to the node together, in its order."""
        if self._publishing is None:
            # Not every function publishes: a start without a pool would wait for the import.
            from .loop_publishing import AsyncPublishing

            self._publishing = AsyncPublishing(self)
        return self._publishing.publish(message)

    def finish(self) -> None:
        super().finish()
        for _, taker in self._backlog:
            taker.abandon()
        self._backlog.clear()

    def _give(self, ask: Ask, taker: Taker) -> None:
        if ask.answer is None:
            taker.abandon()
        else:
            taker.answer(ask.answer)
        if self._backlog and not self.is_over:
            self.begin(*self._backlog.popleft())

    def _withdraw(self, waiting: _Waiting) -> None:
        if waiting.ask is not None and self.asks is not None:
            if not self.is_over:
                self.asks.withdraw(waiting.ask)
        else:
            self._backlog = deque(entry for entry in self._backlog if entry[1] is not waiting)

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
