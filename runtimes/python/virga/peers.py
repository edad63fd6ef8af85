"""Other functions, and other running calls: what is asked of the platform about them, and how its answers are read."""

from __future__ import annotations

from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple

from .codec import JSONDecodeError, parse_value, to_json_with_references
from .errors import PlatformError
from .wire import JSON, Answer, tagged, text, value_to_bytes, varint

if TYPE_CHECKING:
    from .asks import Ask
    from .call import BlockingCall

_CALL, _SEND, _RECEIVE = b"\2", b"\3", b"\4"
_DETACHED = b"\1"
_IN_INBOX = 2
#: The longest wait for messages that one request may ask for.
_LONGEST_WAIT_MS = 60_000
MOST_MESSAGES = 1000


class Message(NamedTuple):
    """What another running call sent."""

    sender: str
    message: Any


class FunctionFailed(PlatformError):
    """The called function answered with a status of 400 or more. `body` is its answer."""

    def __init__(self, function: str, status: int, body: Any) -> None:
        problem = body if isinstance(body, dict) else {}
        said = problem.get("detail") or problem.get("title") or (body if isinstance(body, str) else "")
        detail = f"'{function}' answered {status}" + (f": {str(said)[:200]}" if said else "")
        super().__init__("call-failed", status, "The called function has failed", detail)
        self.function = function
        self.body = body


def call_request(function: str, argument: Any, detached: bool) -> bytes:
    """Calls a function; a detached one goes on when its caller has ended. Raises Unserialisable."""
    keys: list[str] = []
    if argument is None:
        value = b"\0"
    elif isinstance(argument, (str, bytes, bytearray, memoryview)):
        value = value_to_bytes(argument)
    else:
        content, keys = to_json_with_references(argument)
        value = tagged(JSON, content)
    return b"".join((_CALL, text(function), _DETACHED if detached else b"\0", value, varint(len(keys)), *map(text, keys)))


def read_called(function: str, answer: Answer) -> Any:
    """What the called function answered: JSON parsed, text as str, else bytes; None for nothing. Raises FunctionFailed."""
    status, content_type, content = answer.varint(), answer.text(), answer.bytes()
    body = _parse(content_type.partition(";")[0].strip().lower(), content)
    if status >= 400:
        raise FunctionFailed(function, status, body)
    return body


def send_request(id: str, message: Any) -> bytes:
    """Sends a message to a running call. Raises Unserialisable."""
    return b"".join((_SEND, text(id), value_to_bytes(message)))


def read_sent(answer: Answer) -> str:
    """`delivered`, or `inbox` when it waits there for a call that could not be reached."""
    return "inbox" if answer.byte() == _IN_INBOX else "delivered"


def receive_requests(timeout: float | None, most: int) -> Iterator[bytes]:
    """Requests that together wait so many seconds for messages, or without an end."""
    if not 1 <= most <= MOST_MESSAGES:
        raise ValueError(f"`max` is from 1 to {MOST_MESSAGES}, not {most}")
    end = None if timeout is None else monotonic() + timeout
    while True:
        left = _LONGEST_WAIT_MS if end is None else max(0, ceil((end - monotonic()) * 1000))
        wait = min(left, _LONGEST_WAIT_MS)
        yield b"".join((_RECEIVE, varint(wait), varint(most)))
        if end is not None and wait == left:
            return


def read_messages(answer: Answer) -> list[Message]:
    """The messages, the oldest first."""
    return [Message(answer.text(), answer.value()) for _ in range(answer.varint())]


def check(answer: bytes) -> Answer:
    """The answer, if it is one. Raises PlatformError."""
    reader = Answer(answer)
    problem = reader.problem()
    if problem is not None:
        raise problem
    return reader


class CallFuture:
    """What `ctx.call_async` gives in an ordinary handler: a call that goes on while the handler does something else."""

    __slots__ = ("_ask", "_call", "_function")

    def __init__(self, call: BlockingCall, function: str, ask: Ask) -> None:
        self._call = call
        self._function = function
        self._ask = ask

    def result(self, timeout: float | None = None) -> Any:
        """Waits for what the function answers. Raises PlatformError, and TimeoutError after so many seconds: the call goes on then."""
        return read_called(self._function, check(self._call.wait_for_answer(self._ask, timeout)))

    def done(self) -> bool:
        """Whether the function has answered."""
        self._call.poll()
        return self._ask.answer is not None

    def cancel(self) -> None:
        """Nobody waits for the answer any more; the called function goes on."""
        if self._call.asks is not None:
            self._call.asks.withdraw(self._ask)

    def __repr__(self) -> str:
        return f"<CallFuture of {self._function}>"


def _parse(media_type: str, content: bytes) -> Any:
    if not content:
        return None
    if media_type == "application/json" or media_type.endswith("+json"):
        try:
            return parse_value(content)
        except (JSONDecodeError, UnicodeDecodeError):
            # What a function says about its own body need not be true.
            return content
    return content.decode("utf-8", "replace") if media_type.startswith("text/") else content
