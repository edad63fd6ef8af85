"""The framed channel to the node."""

from __future__ import annotations

import os
from _thread import RLock
from math import ceil
from select import POLLIN, POLLOUT, poll
from time import monotonic

from .frames import LENGTH_SIZE, MAX_LENGTH, MIN_LENGTH, PREFIX

Frame = tuple[int, int, bytes, bytes]
"""kind, call, header, body"""

# One read takes a whole call in the common case; larger frames ask for what they miss.
READ_SIZE = 64 * 1024

_PREFIX_SIZE = PREFIX.size
_unpack = PREFIX.unpack_from
_pack = PREFIX.pack
_read = os.read
_write = os.write


class Channel:
    """Reads and writes whole frames. One thread may read; any thread may write.

    When the node is gone there is nobody left to serve, so both directions end the process at once.
    """

    __slots__ = ("input", "_at", "_buffer", "_late", "_lock", "_output", "_readable", "_writing")

    def __init__(self, channel_input: int, channel_output: int) -> None:
        self.input = channel_input
        self._output = channel_output
        self._buffer = b""
        self._at = 0
        # Reentrant, because a garbage collection inside `send` can run a `__del__` that prints.
        self._lock = RLock()
        self._writing = False
        self._late: list[bytes] = []
        self._readable = poll()
        self._readable.register(channel_input, POLLIN)

    def receive(self) -> Frame:
        """Waits for the next frame."""
        while True:
            frame = self.next_frame()
            if frame is not None:
                return frame
            self.fill()

    def peek(self) -> int:
        """Waits for the next frame and gives its kind; the frame stays the next one."""
        kind, _, header, body = self.receive()
        # The bytes of a frame that was just taken are still in the buffer.
        self._at -= _PREFIX_SIZE + len(header) + len(body)
        return kind

    def receive_ready(self) -> Frame | None:
        """The next frame if it is here already."""
        while True:
            frame = self.next_frame()
            if frame is not None or not self._readable.poll(0):
                return frame
            self.fill()

    def receive_before(self, end: float) -> Frame | None:
        """Waits for the next frame until the monotonic clock says `end`."""
        while (frame := self.next_frame()) is None:
            left = end - monotonic()
            # In milliseconds, of which a part counts as whole.
            if left <= 0 or not self._readable.poll(ceil(left * 1000)):
                return None
            self.fill()
        return frame

    def has_input(self) -> bool:
        """Whether the node has sent something that was not read yet."""
        return bool(self._readable.poll(0))

    def next_frame(self) -> Frame | None:
        """The next frame among the bytes that were read."""
        buffer, at = self._buffer, self._at
        if len(buffer) - at < _PREFIX_SIZE:
            return None
        length, kind, call, header_length = _unpack(buffer, at)
        if not MIN_LENGTH <= length <= MAX_LENGTH or header_length > length - MIN_LENGTH:
            raise ProtocolError(f"a frame of kind {kind} has length {length} and header length {header_length}")
        end = at + LENGTH_SIZE + length
        if end > len(buffer):
            return None
        self._at = end
        header_start = at + _PREFIX_SIZE
        body_start = header_start + header_length
        return kind, call, buffer[header_start:body_start], buffer[body_start:end]

    def fill(self) -> None:
        """Reads once; waits when there is nothing."""
        rest = self._buffer[self._at:]
        wanted = READ_SIZE
        if len(rest) >= LENGTH_SIZE:
            wanted = max(wanted, LENGTH_SIZE + int.from_bytes(rest[:LENGTH_SIZE], "little") - len(rest))
        while True:
            try:
                data = _read(self.input, wanted)
                break
            except BlockingIOError:
                # The other end of a shared description may have made it non-blocking.
                self._readable.poll()
            except ConnectionResetError:
                data = b""
                break
        if not data:
            os._exit(0)
        self._buffer = rest + data if rest else data
        self._at = 0

    def send(self, kind: int, call: int, header: bytes = b"", body: bytes | memoryview = b"") -> None:
        """Writes one frame; waits while the node does not read, which is how slow readers hold back fast writers."""
        header_length = len(header)
        prefix = _pack(MIN_LENGTH + header_length + len(body), kind, call, header_length)
        frame = b"".join((prefix, header, body))
        with self._lock:
            if self._writing:
                # Called from within the write below, by a finaliser: the frame must not land inside the other one.
                self._late.append(frame)
                return
            self._writing = True
            try:
                written = _write(self._output, frame)
                if written != len(frame):
                    self._write_rest(frame, written)
                while self._late:
                    self._write_rest(self._late.pop(0), 0)
            except BlockingIOError:
                self._write_rest(frame, 0)
            except (BrokenPipeError, ConnectionResetError):
                os._exit(0)
            finally:
                self._writing = False

    def leave_to_parent(self) -> None:
        """Called in a forked child, which is no worker: it must not speak on its parent's channel."""
        os.close(self.input)
        os.close(self._output)
        nothing = os.open(os.devnull, os.O_RDWR)
        self.input = self._output = nothing
        self._lock = RLock()
        self._writing = False
        self._buffer = b""
        self._at = 0

    def _write_rest(self, frame: bytes, written: int) -> None:
        rest = memoryview(frame)[written:]
        while rest:
            try:
                rest = rest[_write(self._output, rest):]
            except BlockingIOError:
                writable = poll()
                writable.register(self._output, POLLOUT)
                writable.poll()


class ProtocolError(Exception):
    """The node sent bytes that are no valid frame."""
