"""From what a handler returns to what the node is told."""

from __future__ import annotations

import re
from typing import Any, Iterable

from .codec import to_json
from .errors import InvalidResponse
from .frames import MAX_INLINE_BODY

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FORBIDDEN_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FILE_PIECE = 128 * 1024
_BYTES_LIKE = (bytes, bytearray, memoryview)


class Answer:
    """A response: its head, and either all of its body or where its pieces come from."""

    __slots__ = ("body", "headers", "pieces", "status", "typed_by_first_piece")

    def __init__(self, status: int, headers: list[list[str]]) -> None:
        self.status = status
        self.headers = headers
        self.body = b""
        #: An iterator or async iterator of bytes and text.
        self.pieces: Any = None
        #: The head waits for the first piece, whose type gives the content type.
        self.typed_by_first_piece = False

    @property
    def is_streamed(self) -> bool:
        """The body does not fit into the RESULT frame, or is not there yet."""
        return self.pieces is not None or len(self.body) > MAX_INLINE_BODY

    def head(self) -> bytes:
        """The header of the RESULT frame."""
        body = "stream" if self.is_streamed else "inline" if self.body else "none"
        return to_json({"status": self.status, "headers": self.headers, "body": body})


def to_answer(value: Any) -> bytes | Answer:
    """Plain JSON of a 200 as bytes, anything else as an Answer. Raises InvalidResponse and Unserialisable."""
    kind = type(value)
    if kind is dict or isinstance(value, dict):
        if "status" in value or "headers" in value or "body" in value:
            return _from_response(value)
    elif kind is not str and kind is not list and value is not None:
        pieces = pieces_of(value)
        if pieces is not None:
            answer = Answer(200, [])
            answer.pieces = pieces
            answer.typed_by_first_piece = True
            return answer
        if isinstance(value, _BYTES_LIKE):
            answer = Answer(200, [["content-type", _BYTES]])
            answer.body = bytes(value)
            return answer
    body = to_json(value)
    if len(body) <= MAX_INLINE_BODY:
        return body
    answer = Answer(200, [["content-type", _JSON]])
    answer.body = body
    return answer


def pieces_of(value: Any) -> Any:
    """An iterator or async iterator over the pieces of a value that is streamed; None for any other value."""
    if hasattr(value, "__anext__") or hasattr(value, "__next__") and not hasattr(value, "read"):
        return value
    if hasattr(value, "__aiter__"):
        return value.__aiter__()
    return FilePieces(value) if callable(getattr(value, "read", None)) else None


class FilePieces:
    """The content of a file object, which is closed at the end."""

    __slots__ = ("_file",)

    def __init__(self, file: Any) -> None:
        self._file = file

    def __iter__(self) -> Iterable[bytes | str]:
        return self

    def __next__(self) -> bytes | str:
        piece = self._file.read(_FILE_PIECE)
        if not piece:
            raise StopIteration
        return piece

    def close(self) -> None:
        """Closes the file, where it can be closed."""
        close = getattr(self._file, "close", None)
        if close is not None:
            close()


def piece_to_bytes(piece: Any) -> bytes:
    """One piece of a streamed body. Raises InvalidResponse."""
    if isinstance(piece, str):
        return piece.encode()
    if isinstance(piece, _BYTES_LIKE):
        return bytes(piece)
    raise InvalidResponse(f"a streamed answer consists of str and bytes, not of {type(piece).__qualname__}")


def type_of_piece(piece: Any) -> str:
    """The content type of a stream that begins with this piece."""
    return _TEXT if isinstance(piece, str) else _BYTES


def _from_response(value: dict[str, Any]) -> Answer:
    answer = Answer(_status(value.get("status", 200)), _headers(value.get("headers")))
    body = value.get("body")
    content_type = ""
    if body is None:
        return answer
    if isinstance(body, str):
        answer.body, content_type = body.encode(), _TEXT
    elif isinstance(body, _BYTES_LIKE):
        answer.body, content_type = bytes(body), _BYTES
    else:
        answer.pieces = None if isinstance(body, (dict, list)) else pieces_of(body)
        if answer.pieces is not None:
            content_type = _BYTES
        else:
            answer.body, content_type = to_json(body), _JSON
    if all(name != "content-type" for name, _ in answer.headers):
        answer.headers.append(["content-type", content_type])
    return answer


def _status(status: Any) -> int:
    if isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599:
        return int(status)
    raise InvalidResponse(
        f"`status` must be an integer from 200 to 599 (a WebSocket is accepted by event.accept()), not {status!r:.100}; "
        'to answer with JSON that has a member of this name, return {"body": …}'
    )


def _headers(headers: Any) -> list[list[str]]:
    if headers is None:
        return []
    try:
        pairs = list(headers.items() if hasattr(headers, "items") else headers)
        checked: list[list[str]] = []
        for name, value in pairs:
            for single in value if isinstance(value, (list, tuple)) else (value,):
                checked.append([_header_name(name), _header_value(name, single)])
        return checked
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidResponse):
            raise
        raise InvalidResponse(f"`headers` must be a dict or a list of pairs, not {headers!r:.100}") from None


def _header_name(name: Any) -> str:
    if isinstance(name, str) and _HEADER_NAME.fullmatch(name):
        return name.lower()
    raise InvalidResponse(f"{name!r:.100} is not a header name")


def _header_value(name: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise InvalidResponse(f"the value of the header {name!r} must be text, not {type(value).__qualname__}")
    if _FORBIDDEN_IN_VALUE.search(value):
        raise InvalidResponse(f"the value of the header {name!r} holds a control character: {value!r:.100}")
    return value
