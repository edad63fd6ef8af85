"""Commands of shared state: how each is written, and how its result is read."""

from __future__ import annotations

from struct import Struct
from typing import Any, Callable, Mapping, NamedTuple

from ..wire import VERSION_SIZE, Answer, document, signed, text, to_value, value_to_bytes, varint
from .values import SMALLEST, Kept, KeptValues

GET, PUT, DELETE, LIST, WATCH, UPDATE, QUERY, INCREMENT = (bytes((number,)) for number in range(1, 9))

#: What a request of state commands begins with; their number follows.
STATE_REQUEST = b"\1"

_WITH_VERSION, _HAS_VERSION = 1, 2
_WITH_TTL, _WITH_CONDITION = 1, 2
_ABSENT = bytes(VERSION_SIZE)
_HALVES = Struct("<QQ")
_NONE, _VALUE, _UNCHANGED, _SIBLINGS = range(4)

#: Stands for the value of a key that does not exist.
MISSING: Any = object()

Decode = Callable[[Answer], Any]


class Versioned(NamedTuple):
    """What a key holds, with its version for `put(…, if_version=…)`. `siblings` has every value when several were written at the same time."""

    value: Any
    version: str
    siblings: tuple[Any, ...]


class Entry(NamedTuple):
    """A key that exists, and what kind of value it holds."""

    key: str
    kind: str


class Change(NamedTuple):
    """A key that has changed. The value is None when it was deleted."""

    key: str
    value: Any
    deleted: bool


class Get:
    """Reading a key. Every value comes with its version: with it the node can say next time that the value still holds."""

    __slots__ = ("_default", "_kept", "_key", "_values", "command")

    def __init__(self, key: str, default: Any, values: KeptValues) -> None:
        self._key = key
        self._default = default
        self._values = values
        kept = self._kept = values.find(key)
        if kept is None:
            self.command = b"".join((GET, text(key), b"\1"))
        else:
            self.command = b"".join((GET, text(key), b"\3", kept.version))

    def value(self, answer: Answer) -> Any:
        """The value; of several written at the same time the first, which is the same one everywhere."""
        state = answer.byte()
        if state == _VALUE:
            return self._take(answer)[1]
        return self._rare(state, answer).value

    def versioned(self, answer: Answer) -> Versioned | Any:
        """The value with its version; the default when there is none."""
        state = answer.byte()
        if state == _VALUE:
            version, value = self._take(answer)
            return Versioned(value, version_text(version), (value,))
        return self._default if state == _NONE else self._rare(state, answer)

    def shared(self, answer: Answer) -> Any:
        """The value as all calls of the instance share it."""
        state = answer.byte()
        if state == _VALUE:
            kept = Kept(answer.version(), *answer.tagged())
            self._values.keep(self._key, kept)
        elif state == _UNCHANGED and self._kept is not None:
            kept = self._kept
            self._values.use(self._key, kept)
        else:
            return self._rare(state, answer).value
        return self._values.share(self._key, kept)

    def _take(self, answer: Answer) -> tuple[bytes, Any]:
        version = answer.version()
        tag, content = answer.tagged()
        if len(content) >= SMALLEST or self._kept is not None:
            self._values.keep(self._key, Kept(version, tag, content))
        return version, to_value(tag, content)

    def _rare(self, state: int, answer: Answer) -> Versioned:
        kept = self._kept
        if state == _NONE:
            self._values.forget(self._key)
            return Versioned(self._default, version_text(_ABSENT), ())
        if state == _UNCHANGED and kept is not None:
            self._values.use(self._key, kept)
            value = kept.value()
            return Versioned(value, version_text(kept.version), (value,))
        self._values.forget(self._key)
        version = answer.version()
        siblings = tuple([answer.value() for _ in range(answer.varint())])
        return Versioned(siblings[0], version_text(version), siblings)


def put_command(key: str, value: Any, ttl: float | None, if_version: str | None, if_absent: bool) -> bytes:
    """Writes a register."""
    flags, rest = 0, b""
    if ttl is not None:
        flags, rest = _WITH_TTL, varint(_milliseconds(ttl))
    if if_absent:
        if if_version is not None:
            raise ValueError("`if_version` and `if_absent` exclude each other")
        flags, rest = flags | _WITH_CONDITION, rest + _ABSENT
    elif if_version is not None:
        flags, rest = flags | _WITH_CONDITION, rest + _version_bytes(if_version)
    return b"".join((PUT, text(key), bytes((flags,)), value_to_bytes(value), rest))


def update_command(key: str, update: Mapping[str, Any]) -> bytes:
    """Carries out an update of docs/state.md."""
    return b"".join((UPDATE, text(key), document(dict(update))))


def query_command(key: str, query: Mapping[str, Any]) -> bytes:
    """Asks a query of docs/state.md."""
    return b"".join((QUERY, text(key), document(dict(query))))


def increment_command(key: str, amount: int) -> bytes:
    """Adds to a counter."""
    return b"".join((INCREMENT, text(key), signed(amount)))


def list_command(prefix: str, after: str, limit: int) -> bytes:
    """Asks for a page of keys."""
    return b"".join((LIST, text(prefix), text(after), varint(limit)))


def watch_command(prefix: str, cursor: int, patience_ms: int, limit: int) -> bytes:
    """Asks for changes after a cursor; 0 for where the changes end now."""
    return b"".join((WATCH, text(prefix), varint(cursor), varint(patience_ms), varint(limit)))


def read_version(answer: Answer) -> str:
    """The result of a put."""
    return version_text(answer.version())


def read_flag(answer: Answer) -> bool:
    """The result of a delete."""
    return answer.byte() == 1


def read_page(answer: Answer) -> tuple[list[Entry], bool]:
    """A page of keys, and whether there are more."""
    entries = [Entry(answer.text(), answer.text()) for _ in range(answer.varint())]
    return entries, answer.byte() == 1


def read_changes(answer: Answer) -> tuple[int, list[Change]]:
    """The cursor after the changes, and the changes."""
    cursor = answer.varint()
    changes = []
    for _ in range(answer.varint()):
        key = answer.text()
        changes.append(Change(key, answer.value(), False) if answer.byte() else Change(key, None, True))
    return cursor, changes


def version_text(version: bytes) -> str:
    """A version as people see it everywhere: the digits of its two little-endian numbers."""
    return "%016x%016x" % _HALVES.unpack(version)


def _version_bytes(version: str) -> bytes:
    try:
        if len(version) == 2 * VERSION_SIZE:
            return _HALVES.pack(int(version[:VERSION_SIZE], 16), int(version[VERSION_SIZE:], 16))
    except ValueError:
        pass
    raise ValueError(f"{version!r:.100} is no version: it has 32 hexadecimal digits, as get_versioned() and put() give them")


def _milliseconds(seconds: float) -> int:
    if not seconds > 0:
        raise ValueError(f"`ttl` is a number of seconds above 0, not {seconds!r}")
    return max(1, round(seconds * 1000))
