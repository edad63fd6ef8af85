"""The node's half of the protocol, as far as tests need it: it spawns the real worker and speaks frames with it."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any, NamedTuple

WORKER = Path(__file__).resolve().parent.parent / "worker.py"
COMMAND = ["/usr/bin/python3", "-I", "-S", "-B", "-X", "utf8", str(WORKER)]

HELLO, SPECIALISE, SPECIALISED, SHUTDOWN, RESTORE, RESTORED = range(0x01, 0x07)
CALL, RESULT, ERROR, CANCEL, BODY, END, WINDOW, LOG, MESSAGE = range(0x10, 0x19)
ASK, ANSWER, WITHDRAW = range(0x20, 0x23)

_TIMEOUT_S = 20.0


class Frame(NamedTuple):
    """A frame from the worker, with its header parsed."""

    kind: int
    call: int
    header: dict[str, Any]
    body: bytes


class Node:
    """One worker and the channel to it. Logs are kept apart from the other frames."""

    def __init__(self, transport: str = "socket") -> None:
        self.logs: list[Frame] = []
        self._buffer = b""
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.errors = tempfile.TemporaryFile()
        if transport == "socket":
            near, far = socket.socketpair()
            theirs_in = theirs_out = far.detach()
            self._out = near.detach()
            self._in = os.dup(self._out)
        else:
            theirs_in, self._out = os.pipe()
            self._in, theirs_out = os.pipe()
        self.process = subprocess.Popen(COMMAND, stdin=theirs_in, stdout=theirs_out, stderr=self.errors)
        for descriptor in {theirs_in, theirs_out}:
            os.close(descriptor)

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self.process.kill()
        self.process.wait()
        self.errors.close()
        if self._folder is not None:
            self._folder.cleanup()

    def hang_up(self) -> None:
        """Closes the channel."""
        for descriptor in {self._in, self._out} - {-1}:
            os.close(descriptor)
        self._in = self._out = -1

    def write(self, data: bytes) -> None:
        """Writes bytes as they are."""
        while data:
            data = data[os.write(self._out, data):]

    def send(self, kind: int, call: int = 0, header: dict[str, Any] | None = None, body: bytes = b"") -> None:
        """Writes one frame."""
        head = b"" if header is None else json.dumps(header).encode()
        self.write(struct.pack("<IBII", 9 + len(head) + len(body), kind, call, len(head)) + head + body)

    def receive(self) -> Frame:
        """The next frame, logs included. Raises EOFError when the worker is gone."""
        deadline = time.monotonic() + _TIMEOUT_S
        while len(self._buffer) < 4 or len(self._buffer) < 4 + struct.unpack_from("<I", self._buffer)[0]:
            if not select.select([self._in], [], [], deadline - time.monotonic())[0]:
                raise TimeoutError(f"the worker sent no frame; its standard error: {self.standard_error()}")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise EOFError(self.standard_error())
            self._buffer += data
        length, kind, call, header_length = struct.unpack_from("<IBII", self._buffer)
        head = self._buffer[13:13 + header_length]
        frame = Frame(kind, call, json.loads(head) if head else {}, self._buffer[13 + header_length:4 + length])
        self._buffer = self._buffer[4 + length:]
        return frame

    def expect(self, *kinds: int) -> Frame:
        """The next frame that is no log, which must be of one of these kinds."""
        while (frame := self.receive()).kind == LOG:
            self.logs.append(frame)
        assert frame.kind in kinds, f"expected {kinds}, got {frame}"
        return frame

    def load(self, source: str | dict[str, str], handler: str = "", **function: Any) -> Frame:
        """Specialises the worker for a function of these files; gives its SPECIALISED frame."""
        self.expect(HELLO)
        self._folder = tempfile.TemporaryDirectory()
        for name, text in ({"main.py": source} if isinstance(source, str) else source).items():
            path = Path(self._folder.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        self.send(SPECIALISE, 0, {
            "tenant": "default", "namespace": "default", "function": "f", "version": 3, "root": self._folder.name,
            "handler": handler, "environment": {}, "concurrency": 1, "requestBody": "buffered", "memory": 1 << 27, **function,
        })
        return self.expect(SPECIALISED)

    def start(self, source: str | dict[str, str], handler: str = "", **function: Any) -> Node:
        """Specialises the worker and insists that it works."""
        loaded = self.load(source, handler, **function)
        assert loaded.header == {"ok": True}, loaded.header
        return self

    def open(self, call: int = 1, body: bytes | None = None, **fields: Any) -> None:
        """Sends a CALL."""
        header = {
            "id": f"inv-{call}", "trigger": "http", "method": "GET", "path": "/", "deadline": int(time.time() * 1000) + 30_000,
        }
        if body is not None:
            header["body"] = "inline"
        self.send(CALL, call, header | fields, body or b"")

    def call(self, call: int = 1, body: bytes | None = None, **fields: Any) -> Frame:
        """Sends a CALL and gives its RESULT or ERROR."""
        self.open(call, body, **fields)
        return self.expect(RESULT, ERROR)

    def stream(self) -> tuple[bytes, Frame]:
        """A streamed body, for which credit is given, and the END of it."""
        body = b""
        while (frame := self.expect(BODY, END)).kind == BODY:
            body += frame.body
            self.send(WINDOW, frame.call, None, struct.pack("<I", len(frame.body)))
        return body, frame

    def wait(self) -> int:
        """The worker's exit code."""
        return self.process.wait(_TIMEOUT_S)

    def standard_error(self) -> str:
        """What the worker and its children wrote to descriptor 2."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")
