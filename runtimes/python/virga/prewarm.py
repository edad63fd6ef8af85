"""Work that a generic instance does while it waits in the pool, so that no function's first call has to."""

from __future__ import annotations

import importlib
import site

from .answer import to_answer
from .call import BlockingCall
from .channel import Channel
from .codec import parse_header, to_json
from .context import Context
from .event import Event
from .failures import describe
from .frames import INSTANCE

#: Modules that functions often import and that take long to load, at the price of some memory in each instance.
COMMON_MODULES = (
    "asyncio", "base64", "collections", "concurrent.futures", "contextlib", "csv", "dataclasses", "datetime", "decimal",
    "enum", "functools", "hashlib", "hmac", "io", "itertools", "json", "logging", "math", "operator", "os.path",
    "pathlib", "random", "re", "string", "subprocess", "tempfile", "threading", "time", "typing", "urllib.parse", "uuid",
)

#: The runtime's own modules that not every function needs.
_OWN_MODULES = ("loop", "state.loop", "peers", "references")


def warm_up(channel: Channel) -> None:
    """Imports common modules, and runs once through the code that a call runs through, without sending.

    Ends as soon as the node sends something: an instance that was not started ahead has a call waiting for it.
    """
    # `-S` keeps the machine's site-packages away from functions; `exit` and `quit` are expected all the same.
    site.setquit()
    for name in (*COMMON_MODULES, *(f"{__package__}.{name}" for name in _OWN_MODULES)):
        if channel.has_input():
            return
        importlib.import_module(name)
    _rehearse(channel)


def _rehearse(channel: Channel) -> None:
    fields = parse_header(b'{"id":"","query":"a=1","headers":[["content-type","application/json"]],"body":"inline"}')
    call = BlockingCall(INSTANCE, channel)
    event = Event(fields, b'{"n":1}', call)
    context = Context(fields, {}, call)
    value = {"query": event.query, "headers": event.headers, "body": event.body, "left": context.remaining_ms()}
    to_answer(value)
    to_answer({"status": 200, "headers": {"x": "y"}, "body": value})
    try:
        to_json(object())
    except TypeError as error:
        describe(error)
