"""What functions written in Python may import from the Virga runtime: `from virga import Event, Context`."""

from .context import Context, Log
from .errors import Cancelled, InvalidBody, InvalidResponse, Unserialisable
from .event import Event
from .snapshots import on_restore
from .streams import AsyncBodyStream, BodyStream
from .websocket import AsyncWebSocket, WebSocket

__all__ = [
    "AsyncBodyStream",
    "AsyncWebSocket",
    "BodyStream",
    "Cancelled",
    "Context",
    "Event",
    "InvalidBody",
    "InvalidResponse",
    "Log",
    "Unserialisable",
    "WebSocket",
    "on_restore",
]
