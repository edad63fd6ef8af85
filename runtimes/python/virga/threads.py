"""Ordinary handlers, several calls at a time: the main thread reads the channel, other threads run the handlers."""

from __future__ import annotations

import threading
from _thread import allocate_lock
from queue import SimpleQueue
from typing import Any, Callable

from .asks import Ask, Asks
from .call import BlockingCall, discard
from .channel import Channel
from .codec import parse_header
from .context import Context
from .event import Event
from .exits import leave, leave_as
from .frames import CALL, SHUTDOWN
from .logs import current_call, finish_lines
from .replies import fail, reply


class ThreadCall(BlockingCall):
    """A call whose handler waits for the thread that reads the channel."""

    def __init__(self, id: int, channel: Channel) -> None:
        super().__init__(id, channel)
        self._changed = threading.Event()

    def notify(self) -> None:
        self._changed.set()

    def wait(self) -> None:
        self._changed.wait()
        # Cleared before the caller looks: a change after its look sets it again.
        self._changed.clear()

    def wait_for_answer(self, ask: Ask, timeout: float | None = None) -> bytes:
        assert ask.lock is not None
        if not ask.lock.acquire(timeout=-1 if timeout is None else max(0, timeout)):
            raise TimeoutError(f"no answer within {timeout} seconds")
        # Others may wait for the same answer.
        ask.lock.release()
        if ask.answer is None:
            self.check_may_ask()
            raise RuntimeError("the request was withdrawn")
        return ask.answer

    def _send(self, asks: Asks, request: bytes) -> Ask:
        lock = allocate_lock()
        lock.acquire()
        return asks.send(request, lambda _: lock.release(), lock)


class ThreadExecutor:
    """Runs up to `concurrency` calls at a time, each in a thread; threads are started when they are first needed."""

    def __init__(self, channel: Channel, handler: Callable[..., Any], function: dict[str, Any]) -> None:
        self._channel = channel
        self._handler = handler
        self._function = function
        self._streams_requests = function.get("requestBody") == "stream"
        self._limit = function["concurrency"]
        self._open: dict[int, ThreadCall] = {}
        self._threads = 0
        self._work: SimpleQueue[tuple[ThreadCall, dict[str, Any], bytes]] = SimpleQueue()
        # Guards `_open` and `_stopping` together: the last call to end after SHUTDOWN ends the process.
        self._lock = threading.Lock()
        self._stopping = False

    def run(self) -> None:
        """Serves calls until SHUTDOWN; returns when none was open then, else the last one ends the process."""
        while True:
            kind, id, header, body = self._channel.receive()
            if kind == CALL:
                self._start(id, parse_header(header), body)
            elif kind == SHUTDOWN:
                with self._lock:
                    self._stopping = True
                    if not self._open:
                        return
            else:
                call = self._open.get(id)
                if call is None:
                    discard(self._channel, kind, id, body)
                else:
                    call.take_in(kind, header, body)

    def _start(self, id: int, fields: dict[str, Any], body: bytes) -> None:
        call = ThreadCall(id, self._channel)
        if fields.get("body") == "stream" or fields.get("trigger") == "websocket":
            call.expect_pieces()
        with self._lock:
            self._open[id] = call
            is_thread_missing = self._threads < min(len(self._open), self._limit)
        self._work.put((call, fields, body))
        if is_thread_missing:
            self._threads += 1
            threading.Thread(target=self._work_forever, name=f"call-{self._threads}", daemon=True).start()

    def _work_forever(self) -> None:
        while True:
            self._serve(*self._work.get())

    def _serve(self, call: ThreadCall, fields: dict[str, Any], body: bytes) -> None:
        token = current_call.set(call)
        try:
            if call.streams_in and fields.get("body") == "stream" and not self._streams_requests:
                body = call.collect()
            event = Event(fields, body, call)
            if "references" in fields:
                # Few calls have any: they need not wait for the import.
                from .references import resolve

                resolve(call, event, fields["references"], self._function)
            reply(call, self._handler(event, Context(fields, self._function, call)))
        except SystemExit as request:
            finish_lines(call)
            leave_as(request)
        except BaseException as error:
            fail(call, error)
        current_call.reset(token)
        self._close(call)

    def _close(self, call: ThreadCall) -> None:
        with self._lock:
            # An id is free again as soon as the node has the answer: the entry may be a newer call's.
            if self._open.get(call.id) is call:
                del self._open[call.id]
            is_last = self._stopping and not self._open
        call.finish()
        if is_last:
            leave(0)
