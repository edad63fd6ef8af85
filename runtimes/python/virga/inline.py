"""Ordinary handlers, one call at a time: everything happens on the main thread, without a hand-over to another."""

from __future__ import annotations

from _thread import get_ident
from collections import deque
from time import monotonic
from typing import Any, Callable

from .asks import Ask, Asks
from .call import BlockingCall, discard
from .channel import Channel, Frame
from .codec import parse_header
from .context import Context
from .event import Event
from .frames import CALL, SHUTDOWN
from .logs import finish_lines, scope
from .replies import fail, reply


class InlineCall(BlockingCall):
    """A call whose handler reads the channel itself whenever it waits."""

    def __init__(self, id: int, executor: InlineExecutor) -> None:
        self.id = id
        self.channel = executor.channel
        self._executor = executor

    def poll(self) -> None:
        executor = self._executor
        # Threads of the user's may ask as well, but only the handler's own thread reads.
        if executor.current is self and get_ident() == executor.thread:
            while (frame := self.channel.receive_ready()) is not None:
                executor.dispatch(frame)

    def wait(self) -> None:
        self._check_thread()
        self._executor.dispatch(self.channel.receive())

    def wait_for_answer(self, ask: Ask, timeout: float | None = None) -> bytes:
        self._check_thread()
        assert self.asks is not None
        open_asks = self.asks.open
        receive, dispatch = self.channel.receive, self._executor.dispatch
        end = None if timeout is None else monotonic() + timeout
        while ask.answer is None:
            self.check_may_ask()
            if ask.id not in open_asks:
                raise RuntimeError("the request was withdrawn")
            if end is None:
                dispatch(receive())
            elif (frame := self.channel.receive_before(end)) is not None:
                dispatch(frame)
            else:
                raise TimeoutError(f"no answer within {timeout} seconds")
        return ask.answer

    def read_meanwhile(self) -> None:
        self.poll()

    def _send(self, asks: Asks, request: bytes) -> Ask:
        self._check_thread()
        return asks.send(request)

    def _check_thread(self) -> None:
        if get_ident() != self._executor.thread:
            raise RuntimeError(
                "what waits for the node (state, calls, streams, sockets) is used by the thread that runs the handler; "
                "deploy the function with a concurrency above 1 to use it in threads of your own"
            )


class InlineExecutor:
    """Runs calls one after the other."""

    def __init__(self, channel: Channel, handler: Callable[..., Any], function: dict[str, Any]) -> None:
        self.channel = channel
        self.thread = get_ident()
        self.current: InlineCall | None = None
        self._handler = handler
        self._function = function
        self._streams_requests = function.get("requestBody") == "stream"
        self._waiting: deque[Frame] = deque()

    def run(self) -> None:
        """Serves calls until SHUTDOWN. Raises SystemExit when a handler does."""
        receive, waiting = self.channel.receive, self._waiting
        while True:
            kind, call, header, body = waiting.popleft() if waiting else receive()
            if kind == CALL:
                self._serve(call, header, body)
            elif kind == SHUTDOWN:
                return
            else:
                discard(self.channel, kind, call, body)

    def dispatch(self, frame: Frame) -> None:
        """Applies a frame that was read while a handler runs."""
        kind, call, header, body = frame
        if kind == CALL or kind == SHUTDOWN:
            self._waiting.append(frame)
        elif self.current is not None and call == self.current.id:
            self.current.take_in(kind, header, body)
        else:
            discard(self.channel, kind, call, body)

    def _serve(self, id: int, header: bytes, body: bytes) -> None:
        fields = parse_header(header)
        instance = scope.call
        scope.call = self.current = call = InlineCall(id, self)
        try:
            if fields.get("body") == "stream":
                if self._streams_requests:
                    call.expect_pieces()
                else:
                    body = call.collect()
            elif fields.get("trigger") == "websocket":
                call.expect_pieces()
            event = Event(fields, body, call)
            if "references" in fields:
                # Few calls have any: they need not wait for the import.
                from .references import resolve

                resolve(call, event, fields["references"], self._function)
            reply(call, self._handler(event, Context(fields, self._function, call)))
        except SystemExit:
            finish_lines(call)
            raise
        except BaseException as error:
            fail(call, error)
        scope.call = instance
        self.current = None
        if call.streams_in:
            call.finish()
