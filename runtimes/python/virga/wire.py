"""The binary forms within requests and answers (docs/worker-protocol.md, "What a function asks of the platform")."""

from __future__ import annotations

from typing import Any

from .codec import parse_value, to_json
from .errors import PlatformError

BYTES, JSON, TEXT = 0, 1, 2
VERSION_SIZE = 16
#: Bytes of a value, or of an argument.
MAX_VALUE = 16 * 1024 * 1024

_ONE_BYTE = tuple(bytes((number,)) for number in range(128))
_TAGS = (b"\0", b"\1", b"\2")
_TYPE_PREFIX = "urn:virga:problem:"


def varint(number: int) -> bytes:
    """Unsigned LEB128."""
    if 0 <= number < 128:
        return _ONE_BYTE[number]
    if not 0 <= number < 1 << 64:
        raise ValueError(f"{number} is not from 0 to 2^64 - 1")
    encoded = bytearray()
    while number >= 128:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def signed(number: int) -> bytes:
    """Zigzag LEB128 of 64 bits."""
    if not -1 << 63 <= number < 1 << 63:
        raise ValueError(f"{number} has more than 64 bits")
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def text(value: str) -> bytes:
    """A length and UTF-8."""
    encoded = value.encode()
    return varint(len(encoded)) + encoded


def value_to_bytes(value: Any) -> bytes:
    """A tagged value, with its length: str as text, bytes as bytes, anything else as JSON. Raises Unserialisable."""
    if isinstance(value, str):
        return tagged(TEXT, value.encode())
    if isinstance(value, (bytes, bytearray, memoryview)):
        return tagged(BYTES, bytes(value))
    return tagged(JSON, to_json(value))


def tagged(tag: int, content: bytes) -> bytes:
    """A value of this tag, with its length. Raises PlatformError."""
    _check_size(content)
    return b"".join((varint(len(content) + 1), _TAGS[tag], content))


def document(value: Any) -> bytes:
    """JSON, with its length. Raises Unserialisable and PlatformError."""
    content = to_json(value)
    _check_size(content)
    return varint(len(content)) + content


def _check_size(content: bytes) -> None:
    # The node says the same; a request beyond what the channel takes would end the instance.
    if len(content) > MAX_VALUE:
        raise PlatformError(
            "value-too-large", 413, "The value is over the limit", f"the value has {len(content)} bytes, of at most {MAX_VALUE}",
            "Store it in parts, under several keys",
        )


def to_value(tag: int, content: bytes) -> Any:
    """What a tagged value is in Python."""
    if tag == JSON:
        return parse_value(content)
    return content.decode() if tag == TEXT else content


class Answer:
    """Reads an answer from its beginning to its end."""

    __slots__ = ("_at", "_buffer")

    def __init__(self, buffer: bytes, at: int = 0) -> None:
        self._buffer = buffer
        self._at = at

    def byte(self) -> int:
        at = self._at
        self._at = at + 1
        return self._buffer[at]

    def varint(self) -> int:
        buffer, at = self._buffer, self._at
        byte = buffer[at]
        at += 1
        number, shift = byte & 127, 7
        while byte & 128:
            byte = buffer[at]
            at += 1
            number |= (byte & 127) << shift
            shift += 7
        self._at = at
        return number

    def signed(self) -> int:
        number = self.varint()
        return -(number >> 1) - 1 if number & 1 else number >> 1

    def take(self, size: int) -> bytes:
        at = self._at
        end = self._at = at + size
        return self._buffer[at:end]

    @property
    def at(self) -> int:
        """Where the next thing begins."""
        return self._at

    def text(self) -> str:
        return self.take(self.varint()).decode()

    def bytes(self) -> bytes:
        return self.take(self.varint())

    def version(self) -> bytes:
        return self.take(VERSION_SIZE)

    def tagged(self) -> tuple[int, bytes]:
        """A value's tag and content."""
        size = self.varint()
        return self.byte(), self.take(size - 1)

    def value(self) -> Any:
        return to_value(*self.tagged())

    def problem(self) -> PlatformError | None:
        """Why there is no answer, when the platform says so; else the answer follows."""
        return to_error(self._buffer[self._at:]) if self.byte() else None

    def problem_of_result(self) -> PlatformError | None:
        """Why a state command has no result, when the platform says so; else the result follows."""
        return to_error(self.bytes()) if self.byte() else None


def to_slug(type: str | None) -> str:
    """The part of a problem's type that names it."""
    return (type or "").removeprefix(_TYPE_PREFIX)


def to_error(document: bytes) -> PlatformError:
    """A problem as an exception."""
    problem = parse_value(document)
    return PlatformError(
        to_slug(problem.get("type")), problem.get("status", 500),
        problem.get("title", ""), problem.get("detail") or "", problem.get("fix") or "",
    )
