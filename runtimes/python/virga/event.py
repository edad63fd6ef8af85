"""What a handler is called with."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Iterator

from .codec import parse_json
from .errors import InvalidBody

if TYPE_CHECKING:
    from .call import Call
    from .streams import AsyncBodyStream, BodyStream
    from .websocket import AsyncWebSocket, WebSocket

_KEYS = ("trigger", "method", "path", "params", "query", "headers", "body")
_TEXT_TYPES = frozenset({"application/x-www-form-urlencoded", "application/xml"})
_JSON, _TEXT, _BYTES = "json", "text", "bytes"


class Event:
    """A request: attributes (`event.query["n"]`) that can be read like a mapping as well (`event["query"]["n"]`).

    Everything is parsed on first use only.
    """

    __slots__ = ("_body", "_bytes", "_call", "_fields", "_headers", "_pairs", "_query", "_stream")

    def __init__(self, fields: dict[str, Any], body: builtins.bytes, call: Call) -> None:
        self._fields = fields
        self._bytes = body
        self._call = call

    @property
    def trigger(self) -> str:
        """`http`, `websocket`, `invoke` (control API or command line), `call` (another function), `dag` or `topic`."""
        return self._fields.get("trigger", "http")

    @property
    def method(self) -> str:
        """The request's method in upper case."""
        return self._fields.get("method", "")

    @property
    def path(self) -> str:
        """The request's path, percent-decoded."""
        return self._fields.get("path", "/")

    @property
    def params(self) -> dict[str, str]:
        """Parameters of the route's template: `/users/{id}` gives `id`."""
        return self._fields.setdefault("params", {})

    @property
    def query(self) -> dict[str, str]:
        """Query parameters by name; of several with one name, the last."""
        try:
            return self._query
        except AttributeError:
            self._query: dict[str, str] = dict(self._query_pairs())
            return self._query

    def query_all(self, name: str) -> list[str]:
        """All query parameters of this name, in order."""
        return [value for key, value in self._query_pairs() if key == name]

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; several of one name are joined as HTTP joins them."""
        try:
            return self._headers
        except AttributeError:
            headers: dict[str, str] = {}
            for name, value in self._fields.get("headers", ()):
                if name in headers:
                    value = headers[name] + ("; " if name == "cookie" else ", ") + value
                headers[name] = value
            self._headers: dict[str, str] = headers
            return headers

    def headers_all(self, name: str) -> list[str]:
        """All headers of this name, in order and not joined."""
        name = name.lower()
        return [value for key, value in self._fields.get("headers", ()) if key == name]

    @property
    def body(self) -> Any:
        """The body by its content type: JSON parsed, text decoded, anything else bytes; None when there is none.

        Raises InvalidBody when the body is not what its content type says.
        """
        try:
            return self._body
        except AttributeError:
            self._body: Any = self._parse_body()
            return self._body

    def bytes(self) -> builtins.bytes:
        """The body as it came."""
        if self._call.streams_in and not self._bytes:
            stream = self.stream
            if not hasattr(stream, "__next__"):
                raise RuntimeError("the body is a stream: use `async for piece in event.stream` or `await event.stream.read()`")
            self._bytes = stream.read()
        return self._bytes

    def text(self) -> str:
        """The body as text, in the charset of its content type (UTF-8 when it names none). Raises InvalidBody."""
        return self._decode(self._charset())

    def json(self) -> Any:
        """The body as JSON, whatever its content type. Raises InvalidBody."""
        text = self._decode("utf-8-sig")
        try:
            return parse_json(text)
        except ValueError as error:
            raise InvalidBody(f"the body is not valid JSON: {error}") from None

    @property
    def stream(self) -> BodyStream | AsyncBodyStream:
        """The body while it arrives: iterate it with `for`, in async handlers with `async for`.

        It is read once; only functions with `requestBody: stream` are called before the whole body is there.
        """
        try:
            return self._stream
        except AttributeError:
            self._stream: BodyStream | AsyncBodyStream = self._call.open_stream(self._bytes)
            return self._stream

    def accept(self) -> WebSocket | AsyncWebSocket:
        """Accepts the WebSocket that this call asks for. A handler that returns without it refuses."""
        if self.trigger != "websocket":
            raise RuntimeError(f"only a call with the trigger 'websocket' can be accepted; this one is '{self.trigger}'")
        if self._call.answered:
            raise RuntimeError("the WebSocket was accepted already")
        return self._call.accept()

    def replace_body(self, body: Any) -> None:
        """What `body` gives from now on."""
        self._body = body

    def __getitem__(self, key: str) -> Any:
        if key in _KEYS:
            return getattr(self, key)
        raise KeyError(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As a dict's."""
        return getattr(self, key) if key in _KEYS else default

    def __contains__(self, key: object) -> bool:
        return key in _KEYS

    def __iter__(self) -> Iterator[str]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)

    def keys(self) -> tuple[str, ...]:
        """Names that can be used as in `event["query"]`."""
        return _KEYS

    def items(self) -> list[tuple[str, Any]]:
        """As a dict's; parses everything."""
        return [(key, getattr(self, key)) for key in _KEYS]

    def __repr__(self) -> str:
        return f"<Event {self.trigger} {self.method} {self.path}>"

    def _query_pairs(self) -> list[tuple[str, str]]:
        try:
            return self._pairs
        except AttributeError:
            from urllib.parse import unquote_plus

            pairs = []
            for part in self._fields.get("query", "").split("&"):
                if part:
                    name, _, value = part.partition("=")
                    pairs.append((unquote_plus(name), unquote_plus(value)))
            self._pairs: list[tuple[str, str]] = pairs
            return pairs

    def _content_type(self) -> str:
        for name, value in self._fields.get("headers", ()):
            if name == "content-type":
                return value
        return ""

    def _charset(self) -> str:
        for parameter in self._content_type().split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip('"')
        return "utf-8"

    def _decode(self, charset: str) -> str:
        try:
            return self.bytes().decode(charset)
        except UnicodeDecodeError as error:
            raise InvalidBody(f"the body is not {charset}: {error.reason} at byte {error.start}") from None
        except LookupError:
            raise InvalidBody(f"the charset '{charset}' of the body is not known") from None

    def _parse_body(self) -> Any:
        body = self.bytes()
        if not body:
            return None
        form = _form_of(self._content_type())
        return self.json() if form is _JSON else self.text() if form is _TEXT else body


def _form_of(content_type: str) -> str:
    """What a body of this content type is for the handler."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return _JSON
    if not media_type or media_type.startswith("text/") or media_type.endswith("+xml") or media_type in _TEXT_TYPES:
        return _TEXT
    return _BYTES
