"""The state of one open call, shared by its handler and whoever reads the channel."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from .asks import MAX_OPEN, Ask, Asks
from .channel import Channel, ProtocolError
from .codec import parse_header
from .errors import Cancelled
from .frames import ANSWER, BODY, CANCEL, CREDIT, END, INITIAL_CREDIT, MAX_PIECE, MESSAGE, RESULT, WINDOW
from .streams import BodyStream
from .websocket import WebSocket

if TYPE_CHECKING:
    from .peers import CallFuture, Message
    from .state.blocking import State

# Credit is handed back in large pieces; the sender keeps at least three quarters of its window meanwhile.
_CREDIT_BATCH = INITIAL_CREDIT // 4


class Call:
    """What every way of running handlers knows about a call. Defaults are class attributes: most calls need none."""

    #: Pieces that arrived and were not consumed: (bytes on the channel, piece).
    _arrived: deque[tuple[int, bytes | str]] | None = None
    #: Bytes consumed whose credit was not handed back yet.
    _consumed = 0
    #: Credit is granted by the reader of the channel and spent by the handler: one writer for each number.
    _granted = INITIAL_CREDIT
    _spent = 0

    #: The other side sends no more; `end` is what it said with that.
    ended = False
    end: dict[str, Any] = {}
    #: Why nobody waits for the call any more, if so.
    cancel_reason: str | None = None
    #: RESULT was sent: from here on a failure can only break the stream.
    answered = False
    #: RESULT accepted a WebSocket.
    is_websocket = False
    #: This side sent END.
    closed = False
    #: The handler has answered: nothing is asked of the platform any more.
    is_over = False
    #: What is asked of the platform.
    asks: Asks | None = None
    #: Text that was printed without its line's end, by log level.
    unfinished_lines: dict[str, str] | None = None

    def __init__(self, id: int, channel: Channel) -> None:
        self.id = id
        self.channel = channel

    # The reader's side.

    def expect_pieces(self) -> None:
        """Keeps BODY or MESSAGE frames for the handler; else they are discarded."""
        self._arrived = deque()

    def take_in(self, kind: int, header: bytes, body: bytes) -> None:
        """Applies a frame that came for this call."""
        if kind == ANSWER:
            if self.asks is not None:
                self.asks.take(body)
            return
        if kind == WINDOW:
            self._granted += CREDIT.unpack(body)[0]
        elif kind == BODY or kind == MESSAGE:
            if self._arrived is None or self.closed:
                give_credit(self.channel, self.id, len(body))
                return
            is_text = kind == MESSAGE and parse_header(header).get("text")
            self._arrived.append((len(body), body.decode() if is_text else body))
        elif kind == END:
            self.end = parse_header(header)
            self.ended = True
        elif kind == CANCEL:
            self.cancel_reason = parse_header(header).get("reason", "unknown")
            if self.asks is not None:
                self.asks.abandon()
        self.notify()

    def notify(self) -> None:
        """Wakes the handler, if it waits for a change."""

    # The handler's side.

    @property
    def credit(self) -> int:
        """Bytes that may be sent in BODY and MESSAGE frames now."""
        return self._granted - self._spent

    @property
    def streams_in(self) -> bool:
        """Pieces are expected, or were."""
        return self._arrived is not None

    @property
    def has_pieces(self) -> bool:
        """Something arrived that was not consumed."""
        return bool(self._arrived)

    def next_piece(self) -> bytes | str:
        """Consumes the oldest piece that arrived, and hands back its credit in time."""
        assert self._arrived
        size, piece = self._arrived.popleft()
        self._consumed += size
        if self._consumed >= _CREDIT_BATCH and not self.ended:
            consumed, self._consumed = self._consumed, 0
            give_credit(self.channel, self.id, consumed)
        return piece

    def check_cancelled(self) -> None:
        """Raises Cancelled when nobody waits any more."""
        if self.cancel_reason is not None:
            raise Cancelled(self.cancel_reason)

    def check_complete(self) -> None:
        """Called at the end of what arrives; raises Cancelled when it ended before it was whole."""
        if "error" in self.end:
            raise Cancelled("the request's body was cut off")

    def check_may_ask(self) -> None:
        """Raises Cancelled or RuntimeError when the platform would give no answer."""
        self.check_cancelled()
        if self.is_over:
            raise RuntimeError("the call was answered: what it asks of the platform comes before its answer")

    def flush(self) -> None:
        """Sends what was asked of the platform and is not sent yet; called before the answer."""

    def read_meanwhile(self) -> None:
        """Called while much is written, so that the node gets rid of what it has for this side: else both would wait for each other."""

    def send_part(self, kind: int, data: memoryview) -> memoryview:
        """Sends as much of `data` as credit and frame size allow, and returns the rest."""
        size = min(len(data), self.credit, MAX_PIECE)
        self._spent += size
        self.channel.send(kind, self.id, b"", data[:size])
        return data[size:]

    def send_message(self, header: bytes, data: bytes) -> None:
        """Sends one WebSocket message, for which there must be credit."""
        self._spent += len(data)
        self.channel.send(MESSAGE, self.id, header, data)

    def send_accept(self) -> None:
        """Answers with 101, after which both sides send messages."""
        self.answered = self.is_websocket = True
        self.channel.send(RESULT, self.id, b'{"status":101}')

    def send_end(self, header: bytes = b"") -> None:
        """Ends this side's stream; a second time does nothing."""
        if not self.closed:
            self.closed = self.is_over = True
            self.channel.send(END, self.id, header)

    def finish(self) -> None:
        """Discards what the handler left unread; called when it is done with the call."""
        if self._arrived:
            unread = sum(size for size, _ in self._arrived)
            self._arrived = None
            if not self.ended:
                give_credit(self.channel, self.id, unread)
        if self.asks is not None:
            self.asks.abandon()


class BlockingCall(Call):
    """A call whose handler is an ordinary function: it waits by blocking its thread."""

    def open_stream(self, first: bytes) -> BodyStream:
        """The request's body, of which `first` came with the call."""
        return BodyStream(self, first)

    def accept(self) -> WebSocket:
        """Tells the client that its WebSocket is open."""
        self.send_accept()
        return WebSocket(self)

    def collect(self) -> bytes:
        """Waits for the whole of a body that came in pieces. Raises Cancelled."""
        self.expect_pieces()
        body = BodyStream(self, b"").read()
        self._arrived = None
        return body

    def ask(self, request: bytes) -> bytes:
        """Asks something of the platform and waits for the answer. Raises Cancelled."""
        return self.wait_for_answer(self.begin(request))

    def begin(self, request: bytes) -> Ask:
        """Asks something of the platform. Raises Cancelled."""
        self.check_may_ask()
        if self.asks is None:
            self.asks = Asks(self)
        elif len(self.asks.open) >= MAX_OPEN:
            self._make_room(self.asks)
        return self._send(self.asks, request)

    def wait_for_answer(self, ask: Ask, timeout: float | None = None) -> bytes:
        """The answer to what was asked. Raises Cancelled, and TimeoutError after so many seconds."""
        raise NotImplementedError

    def open_state(self, function: dict[str, Any]) -> State:
        """Shared state."""
        # Not every function uses it: a start without a pool would wait for the import.
        from .state.blocking import State
        from .state.values import kept_values

        return State(self, kept_values(function))

    def call_function(self, function: str, argument: Any) -> Any:
        """Calls another function and waits for its answer. Raises PlatformError."""
        from .peers import call_request, check, read_called

        return read_called(function, check(self.ask(call_request(function, argument, False))))

    def start_function(self, function: str, argument: Any) -> CallFuture:
        """Calls another function without waiting."""
        from .peers import CallFuture, call_request

        return CallFuture(self, function, self.begin(call_request(function, argument, True)))

    def send_to(self, id: str, message: Any) -> str:
        """Sends a message to a running call. Raises PlatformError."""
        from .peers import check, read_sent, send_request

        return read_sent(check(self.ask(send_request(id, message))))

    def receive_messages(self, timeout: float | None, most: int) -> list[Message]:
        """Waits for messages. Raises PlatformError and Cancelled."""
        from .peers import check, read_messages, receive_requests

        messages: list[Message] = []
        for request in receive_requests(timeout, most):
            messages = read_messages(check(self.ask(request)))
            if messages:
                break
        return messages

    def publish(self, messages: list[bytes]) -> list[str]:
        """Publishes messages and waits until they are durable. Raises PlatformError and Cancelled."""
        from .peers import check
        from .publishing import publish_requests, read_published

        asks = [self.begin(request) for _, request in publish_requests(messages)]
        return read_published([check(self.wait_for_answer(ask)) for ask in asks])

    def publish_one(self, message: bytes) -> str:
        """Publishes a message and waits until it is durable. Raises PlatformError and Cancelled."""
        return self.publish([message])[0]

    def poll(self) -> None:
        """Lets frames that are here already take effect."""

    def wait(self) -> None:
        """Blocks until something about the call may have changed."""
        raise NotImplementedError

    def take(self) -> bytes | str | None:
        """Waits for the next piece; None at the end. Raises Cancelled."""
        while not self.has_pieces:
            self.check_cancelled()
            if self.ended:
                self.check_complete()
                return None
            self.wait()
        return self.next_piece()

    def wait_for_credit(self, size: int) -> None:
        """Waits until `size` bytes may be sent. Raises Cancelled."""
        while self.credit < size:
            self.check_cancelled()
            self.wait()

    def send_body(self, data: bytes) -> None:
        """Sends a piece of the answer's body, as fast as the node takes it. Raises Cancelled."""
        rest = memoryview(data)
        while rest:
            self.wait_for_credit(1)
            rest = self.send_part(BODY, rest)

    def _send(self, asks: Asks, request: bytes) -> Ask:
        return asks.send(request)

    def _make_room(self, asks: Asks) -> None:
        while len(asks.open) >= MAX_OPEN:
            oldest = next(iter(asks.open.values()), None)
            if oldest is not None:
                self.wait_for_answer(oldest)


def discard(channel: Channel, kind: int, call: int, body: bytes) -> None:
    """Takes a frame of a call whose handler is done; its sender must not run out of credit. Raises ProtocolError."""
    if kind == BODY or kind == MESSAGE:
        give_credit(channel, call, len(body))
    elif kind not in (END, WINDOW, CANCEL, ANSWER):
        raise ProtocolError(f"a frame of kind {kind:#04x} was not expected")


def give_credit(channel: Channel, call: int, size: int) -> None:
    """Tells the sender that `size` bytes were consumed."""
    if size:
        channel.send(WINDOW, call, b"", CREDIT.pack(size))
