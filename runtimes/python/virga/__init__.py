"""What functions written in Python may import from the Virga runtime: `from virga import Event, Context`."""

from typing import TYPE_CHECKING, Any

from .codec import Reference
from .context import Context, Log
from .errors import Cancelled, InvalidBody, InvalidResponse, PlatformError, Unserialisable
from .event import Event
from .snapshots import on_restore
from .streams import AsyncBodyStream, BodyStream
from .websocket import AsyncWebSocket, WebSocket

if TYPE_CHECKING:
    from .peers import CallFuture, FunctionFailed, Message
    from .state.blocking import Pipeline, State
    from .state.commands import Change, Entry, Versioned
    from .state.loop import AsyncState
    from .state.views import Scored

#: Where to find what few functions import: a start without a pool would wait for it.
_LATER = {
    **dict.fromkeys(("CallFuture", "FunctionFailed", "Message"), "peers"),
    **dict.fromkeys(("Pipeline", "State"), "state.blocking"),
    **dict.fromkeys(("Change", "Entry", "Versioned"), "state.commands"),
    "AsyncState": "state.loop",
    "Scored": "state.views",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LATER[name]}", __name__), name)


__all__ = [
    "AsyncState",
    "AsyncBodyStream",
    "AsyncWebSocket",
    "BodyStream",
    "CallFuture",
    "Cancelled",
    "Change",
    "Context",
    "Entry",
    "Event",
    "FunctionFailed",
    "InvalidBody",
    "InvalidResponse",
    "Log",
    "Message",
    "Pipeline",
    "PlatformError",
    "Reference",
    "Scored",
    "State",
    "Unserialisable",
    "Versioned",
    "WebSocket",
    "on_restore",
]
