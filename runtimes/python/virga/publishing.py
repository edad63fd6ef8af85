"""Messages that handlers publish to topics."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .wire import Answer, text, value_to_bytes, varint

if TYPE_CHECKING:
    from datetime import datetime

_PUBLISH = b"\5"
_KEY, _PROPERTIES, _EVENT_TIME, _DELAY, _SEQUENCE_ID, _PRODUCER = 1, 2, 4, 8, 16, 32
#: A request carries at most so many messages, and so many bytes of them unless one alone has more.
_MOST_MESSAGES = 1000
_MOST_BYTES = 1024 * 1024
_OPTIONS = frozenset(("message", "key", "properties", "event_time", "deliver_after", "sequence_id", "producer"))


def message_to_bytes(
    topic: str, message: Any, *, key: str | None = None, properties: Mapping[str, object] | None = None, event_time: datetime | float | None = None,
    deliver_after: float | None = None, sequence_id: int | None = None, producer: str | None = None,
) -> bytes:
    """A message as it stands in a request. Raises Unserialisable, ValueError and PlatformError."""
    flags = 0
    parts = [text(topic), b"", value_to_bytes(message)]
    if key is not None:
        flags |= _KEY
        parts.append(text(key))
    if properties:
        flags |= _PROPERTIES
        parts.append(varint(len(properties)))
        for name, value in properties.items():
            parts += (text(name), text(str(value)))
    if event_time is not None:
        flags |= _EVENT_TIME
        seconds = event_time if isinstance(event_time, (int, float)) else event_time.timestamp()
        parts.append(varint(round(seconds * 1000)))
    if deliver_after is not None:
        if isinstance(deliver_after, bool) or not isinstance(deliver_after, (int, float)):
            raise TypeError(f"deliver_after is {deliver_after!r}; it must be a number of seconds")
        flags |= _DELAY
        parts.append(varint(ceil(deliver_after * 1000)))
    if sequence_id is not None:
        flags |= _SEQUENCE_ID
        parts.append(varint(sequence_id))
    if producer is not None:
        flags |= _PRODUCER
        parts.append(text(producer))
    parts[1] = bytes((flags,))
    return b"".join(parts)


def many_to_bytes(topic: str, messages: Iterable[Mapping[str, Any]]) -> list[bytes]:
    """Messages that are given as `{"message": …, "key": …}`."""
    written = []
    for one in messages:
        if "message" not in one or not _OPTIONS.issuperset(one):
            raise ValueError(f"a message to be published has `message` and, if need be, {', '.join(sorted(_OPTIONS - {'message'}))}; this one has {', '.join(map(str, one))}")
        written.append(message_to_bytes(topic, **one))
    return written


def publish_requests(messages: list[bytes]) -> list[tuple[int, bytes]]:
    """As few requests as carry all messages, in their order: how many each carries, and the request."""
    requests = []
    start = 0
    while start < len(messages):
        end, size = start, 0
        while end < len(messages) and end - start < _MOST_MESSAGES and (end == start or size + len(messages[end]) <= _MOST_BYTES):
            size += len(messages[end])
            end += 1
        requests.append((end - start, b"".join((_PUBLISH, varint(end - start), *messages[start:end]))))
        start = end
    return requests


def read_published(answers: Iterable[Answer]) -> list[str]:
    """The ids of the messages, in their order. Raises PlatformError, the first, when some were not published."""
    ids: list[str] = []
    first = None
    for answer in answers:
        for _ in range(answer.varint()):
            problem = answer.problem_of_result()
            if problem is None:
                ids.append(answer.text())
            elif first is None:
                first = problem
    if first is not None:
        raise first
    return ids
