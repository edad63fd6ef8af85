"""How an exception is described to the node."""

from __future__ import annotations

import importlib
import os
import traceback
from typing import Any

from .errors import PROTOCOL_NAMES

_RUNTIME = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_IMPORT_MACHINERY = ("<frozen importlib", os.path.dirname(importlib.__file__))
# A header has at most 1 MiB; escaping can make text six times as long.
_MAX_MESSAGE = 16 * 1024
_MAX_STACK = 64 * 1024


def describe(error: BaseException) -> dict[str, Any]:
    """The `type`, `message` and `stack` of an exception; the stack without the runtime's own frames."""
    described = traceback.TracebackException.from_exception(error)
    _keep_user_frames(described)
    return {
        "type": PROTOCOL_NAMES.get(type(error)) or type(error).__name__,
        "message": _cut(_message(error), _MAX_MESSAGE),
        "stack": _cut("".join(described.format()).rstrip("\n"), _MAX_STACK),
    }


def innermost_line(error: BaseException, root: str) -> tuple[str, int] | None:
    """File and line below `root` from which an exception came."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(root + os.sep):
            found = frame.f_code.co_filename, line
    return found


def _keep_user_frames(described: traceback.TracebackException) -> None:
    pending: list[traceback.TracebackException | None] = [described]
    while pending:
        exception = pending.pop()
        if exception is not None:
            exception.stack[:] = [frame for frame in exception.stack if _is_user_file(frame.filename)]
            pending += [exception.__cause__, exception.__context__, *(exception.exceptions or ())]


def _is_user_file(path: str) -> bool:
    return not path.startswith((_RUNTIME, *_IMPORT_MACHINERY))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failure:
        return f"(the message cannot be shown: its __str__ raised {type(failure).__name__})"


def _cut(text: str, limit: int) -> str:
    # Characters that UTF-8 lacks (lone surrogates) are shown escaped.
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= limit else text[:limit] + "… (cut)"
