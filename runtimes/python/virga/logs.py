"""Prints, `logging` records and structured log lines, each on the channel as a line of the call that wrote it.

Lines are written as they come and wait for the node: a function that logs faster than the node reads is slowed down
instead of filling the memory.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from contextvars import ContextVar
from typing import Any

from .call import Call
from .channel import Channel
from .codec import to_json, to_lenient_json
from .frames import INSTANCE, LOG, MAX_LOG

#: The call that the running code belongs to, where several are open at a time.
current_call: ContextVar[Call] = ContextVar("virga_call")

_HEADERS = {"info": b"", **{level: to_json({"level": level}) for level in ("debug", "warn", "error")}}
# Room for a frame's header: fields beyond this are dropped rather than breaking the channel.
_MAX_FIELDS = 256 * 1024


class _Scope:
    """Whose line it is when the context variable does not tell."""

    __slots__ = ("call",)

    call: Call


#: With one call at a time, it owns the lines of every thread; else, and between calls, the instance does.
scope = _Scope()


def send_log(call: Call, level: str, text: str, fields: dict[str, Any] | None = None) -> None:
    """Sends a line, or several, of a call."""
    header = _HEADERS[level]
    if fields:
        header = to_lenient_json({"level": level, "fields": fields})
        if len(header) > _MAX_FIELDS:
            header = to_json({"level": level, "fields": {"dropped": f"{len(header)} bytes of fields"}})
    data = text.encode("utf-8", "backslashreplace")
    for start in range(0, len(data) or 1, MAX_LOG):
        call.channel.send(LOG, call.id, header, data[start:start + MAX_LOG])


def finish_lines(call: Call) -> None:
    """Sends what a call printed without ending the line."""
    unfinished, call.unfinished_lines = call.unfinished_lines, None
    for level, text in (unfinished or {}).items():
        if text:
            send_log(call, level, text)


def capture_output(channel: Channel) -> None:
    """Turns `print`, `sys.stderr` and the `logging` module into log lines."""
    scope.call = Call(INSTANCE, channel)
    sys.stdout = PrintedLines("info", 1)
    sys.stderr = PrintedLines("error", 2)
    root = logging.getLogger()
    root.addHandler(RecordHandler())
    root.setLevel(logging.INFO)
    os.register_at_fork(after_in_child=lambda: _release_output(channel))


def _release_output(channel: Channel) -> None:
    # What a forked child prints becomes lines of the instance, through the descriptor that it inherited.
    channel.leave_to_parent()
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, RecordHandler):
            root.removeHandler(handler)


class PrintedLines(io.TextIOBase):
    """A standard output stream whose lines go to the log of the call that prints them."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, level: str, descriptor: int) -> None:
        self._level = level
        self._descriptor = descriptor
        self.buffer = _PrintedBytes(self)

    def write(self, text: str) -> int:
        call = current_call.get(None) or scope.call
        if call.unfinished_lines is None:
            call.unfinished_lines = {}
        pending = call.unfinished_lines.get(self._level, "") + text
        lines, newline, rest = pending.rpartition("\n")
        if not newline and len(rest) > MAX_LOG:
            # Never all of it, or the end of the line that follows would look like an empty line.
            cut = (len(rest) - 1) // MAX_LOG * MAX_LOG
            lines, newline, rest = rest[:cut], "\n", rest[cut:]
        call.unfinished_lines[self._level] = rest
        if newline:
            send_log(call, self._level, lines)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """For child processes: what they write to it becomes lines of the instance."""
        return self._descriptor


class _PrintedBytes(io.RawIOBase):
    """`sys.stdout.buffer`, for code that prints bytes."""

    def __init__(self, lines: PrintedLines) -> None:
        self._lines = lines

    def write(self, data: Any) -> int:
        self._lines.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._lines.fileno()


class RecordHandler(logging.Handler):
    """Sends the records of the `logging` module, with their `extra` as fields."""

    _STANDARD_ATTRIBUTES = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}

    def emit(self, record: logging.LogRecord) -> None:
        try:
            extra = {name: value for name, value in record.__dict__.items() if name not in self._STANDARD_ATTRIBUTES}
            if record.name != "root":
                extra["logger"] = record.name
            send_log(current_call.get(None) or scope.call, _level_of(record.levelno), self.format(record), extra)
        except Exception:
            # The way of the logging module: a record that cannot be formatted must not fail the handler.
            self.handleError(record)


def _level_of(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    return "info" if number >= logging.INFO else "debug"
