"""Async handlers, any number of calls at a time: tasks of one event loop, which also reads the channel."""

from __future__ import annotations

import asyncio
from typing import Any, Callable

from .call import discard
from .channel import Channel, ProtocolError
from .codec import parse_header
from .context import Context
from .errors import Cancelled
from .event import Event
from .frames import CALL, CANCEL, SHUTDOWN
from .logs import current_call, finish_lines
from .loop_call import LoopCall
from .replies import fail, reply_async


class LoopExecutor:
    """Runs calls as tasks."""

    def __init__(self, channel: Channel, handler: Callable[..., Any], function: dict[str, Any]) -> None:
        self._channel = channel
        self._handler = handler
        self._function = function
        self._streams_requests = function.get("requestBody") == "stream"
        self._open: dict[int, LoopCall] = {}
        self._loop = asyncio.new_event_loop()
        self._failure: ProtocolError | None = None
        self._stopping = False

    def run(self) -> None:
        """Serves calls until SHUTDOWN. Raises SystemExit when a handler does, and ProtocolError."""
        asyncio.set_event_loop(self._loop)
        self._loop.add_reader(self._channel.input, self._read)
        # Frames that were read together with SPECIALISE.
        self._loop.call_soon(self._dispatch_frames)
        self._loop.run_forever()
        if self._failure is not None:
            raise self._failure

    def _read(self) -> None:
        self._channel.fill()
        self._dispatch_frames()

    def _dispatch_frames(self) -> None:
        try:
            while (frame := self._channel.next_frame()) is not None:
                self._dispatch(*frame)
        except ProtocolError as error:
            self._failure = error
            self._loop.stop()

    def _dispatch(self, kind: int, id: int, header: bytes, body: bytes) -> None:
        if kind == CALL:
            self._start(id, parse_header(header), body)
        elif kind == SHUTDOWN:
            self._stopping = True
            self._stop_when_idle()
        else:
            call = self._open.get(id)
            if call is None:
                discard(self._channel, kind, id, body)
                return
            call.take_in(kind, header, body)
            # A task that is cancelled before its first step would never get to answer.
            if kind == CANCEL and call.is_running and call.task is not None:
                call.task.cancel()

    def _start(self, id: int, fields: dict[str, Any], body: bytes) -> None:
        call = self._open[id] = LoopCall(id, self._channel, self._read)
        if fields.get("body") == "stream" or fields.get("trigger") == "websocket":
            call.expect_pieces()
        call.task = self._loop.create_task(self._serve(call, fields, body))

    async def _serve(self, call: LoopCall, fields: dict[str, Any], body: bytes) -> None:
        current_call.set(call)
        call.is_running = True
        try:
            call.check_cancelled()
            if call.streams_in and fields.get("body") == "stream" and not self._streams_requests:
                body = await call.collect()
            event = Event(fields, body, call)
            if "references" in fields:
                from .references import resolve_async

                await resolve_async(call, event, fields["references"], self._function)
            value = self._handler(event, Context(fields, self._function, call))
            if hasattr(value, "__await__"):
                value = await value
            await reply_async(call, value)
        except SystemExit:
            finish_lines(call)
            raise
        except asyncio.CancelledError as error:
            fail(call, error if call.cancel_reason is None else Cancelled(call.cancel_reason))
        except BaseException as error:
            fail(call, error)
        call.is_running = False
        call.task = None
        # An id is free again as soon as the node has the answer: the entry may be a newer call's.
        if self._open.get(call.id) is call:
            del self._open[call.id]
        call.finish()
        self._stop_when_idle()

    def _stop_when_idle(self) -> None:
        if self._stopping and not self._open:
            self._loop.stop()

