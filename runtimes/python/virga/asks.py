"""What a call asks of the platform, and the answers (docs/worker-protocol.md, "What a function asks of the platform")."""

from __future__ import annotations

from _thread import LockType, RLock
from itertools import count
from struct import Struct
from typing import TYPE_CHECKING, Callable

from .frames import ASK, MAX_PIECE, WITHDRAW

if TYPE_CHECKING:
    from .call import Call

#: Requests that a call has open at a time: half of what the node allows, because it counts one that was withdrawn a little longer.
MAX_OPEN = 512

_HEAD = Struct("<IB")
_MORE = 1
_MAX_BODY = MAX_PIECE - _HEAD.size
# The node has room for a bounded number of bytes of requests that are not whole: one that comes in pieces is sent at a time.
_large = RLock()
_pack = _HEAD.pack
_unpack = _HEAD.unpack_from


Wake = Callable[["Ask"], object]


class Ask:
    """One open request. `answer` is there when all of it has arrived."""

    __slots__ = ("_pieces", "answer", "id", "lock", "wake")

    def __init__(self, id: int, wake: Wake | None, lock: LockType | None) -> None:
        self.id = id
        self.answer: bytes | None = None
        #: Called once, when the answer is there or will not come.
        self.wake = wake
        #: Held until then, where threads wait for it.
        self.lock = lock
        self._pieces: list[bytes] | None = None

    def take(self, flags: int, piece: bytes) -> bool:
        """Takes a piece of the answer; says whether that was the last."""
        if flags & _MORE:
            if self._pieces is None:
                self._pieces = []
            self._pieces.append(piece)
            return False
        if self._pieces is None:
            self.answer = piece
        else:
            self._pieces.append(piece)
            self.answer = b"".join(self._pieces)
        return True


class Asks:
    """The open requests of one call."""

    __slots__ = ("_call", "_ids", "open")

    def __init__(self, call: Call) -> None:
        self._call = call
        # An id is not used again in its call, so that an answer which nobody waits for any more is known by its id.
        self._ids = count(1)
        self.open: dict[int, Ask] = {}

    def send(self, request: bytes, wake: Wake | None = None, lock: LockType | None = None) -> Ask:
        """Sends a request. The caller sees to it that no more than MAX_OPEN are open."""
        id = next(self._ids)
        ask = self.open[id] = Ask(id, wake, lock)
        send, call = self._call.channel.send, self._call.id
        if len(request) <= _MAX_BODY:
            send(ASK, call, b"", _pack(id, 0) + request)
            return ask
        rest = memoryview(request)
        with _large:
            while rest:
                self._call.read_meanwhile()
                piece, rest = rest[:_MAX_BODY], rest[_MAX_BODY:]
                send(ASK, call, b"", _pack(id, _MORE if rest else 0) + piece)
        return ask

    def take(self, body: bytes) -> None:
        """Takes a frame with a piece of an answer."""
        id, flags = _unpack(body)
        ask = self.open.get(id)
        # Whoever takes a request out wakes those who wait for it: it happens once, whichever thread it is.
        if ask is not None and ask.take(flags, body[_HEAD.size:]) and self.open.pop(id, None) is not None and ask.wake is not None:
            ask.wake(ask)

    def abandon(self) -> None:
        """No more answers come, or nobody is to wait for them: the call was cancelled, or has ended."""
        while self.open:
            _, ask = self.open.popitem()
            if ask.wake is not None:
                ask.wake(ask)

    def withdraw(self, ask: Ask) -> None:
        """Tells the node that nobody waits for an answer any more."""
        if self.open.pop(ask.id, None) is not None:
            self._call.channel.send(WITHDRAW, self._call.id, b"", ask.id.to_bytes(4, "little"))
            if ask.wake is not None:
                ask.wake(ask)
