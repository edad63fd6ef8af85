"""The life of an instance: generic, then specialised for one function, then serving its calls."""

from __future__ import annotations

import gc
import os
import signal
import time
from typing import Any, Callable, NoReturn

from .channel import Channel, ProtocolError
from .codec import parse_header, to_json
from .exits import leave, leave_as
from .frames import INSTANCE, RESTORE, RESTORED, SHUTDOWN, SPECIALISE, SPECIALISED
from .inline import InlineExecutor
from .loader import describe_load_failure, enter, is_async, load
from .logs import capture_output, finish_lines, scope
from .prewarm import warm_up
from .snapshots import make_unique
from .threads import ThreadExecutor

#: Exit code of a worker that was sent bytes that are no frame (EX_PROTOCOL of sysexits.h).
PROTOCOL_ERROR = 76


class Instance:
    """The process's one instance."""

    def __init__(self, channel_input: int, channel_output: int) -> None:
        self._channel = Channel(channel_input, channel_output)

    def run(self) -> None:
        """Lives until the node ends it; does not return."""
        # An interrupt at the node's terminal is the node's to handle: no KeyboardInterrupt inside a handler.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            capture_output(self._channel)
            warm_up(self._channel)
            # What is loaded by now stays: the collector need not look at it again.
            gc.freeze()
            function = self._wait_for_function()
            handler = self._specialise(function)
            if function.get("snapshot"):
                self._continue_as_clone(function)
            self._serve(handler, function)
            finish_lines(scope.call)
            leave(0)
        except SystemExit as request:
            finish_lines(scope.call)
            leave_as(request)
        except ProtocolError as error:
            os.write(2, f"protocol error: {error}\n".encode())
            os._exit(PROTOCOL_ERROR)

    def _wait_for_function(self) -> dict[str, Any]:
        kind, _, header, _ = self._channel.receive()
        if kind == SHUTDOWN:
            leave(0)
        if kind != SPECIALISE:
            raise ProtocolError(f"a frame of kind {kind:#04x} came before SPECIALISE")
        return parse_header(header)

    def _specialise(self, function: dict[str, Any]) -> Callable[..., Any]:
        """Loads the function and reports it; a failure is reported too, and the end of the instance awaited."""
        root = function["root"]
        try:
            environment = function.get("environment") or {}
            enter(root, environment)
            if "TZ" in environment:
                time.tzset()
            handler = load(root, function.get("handler", ""))
        except BaseException as error:
            finish_lines(scope.call)
            failure = {"ok": False, "error": describe_load_failure(error, root)}
            self._channel.send(SPECIALISED, INSTANCE, to_json(failure))
            self._await_end()
        gc.freeze()
        finish_lines(scope.call)
        self._channel.send(SPECIALISED, INSTANCE, b'{"ok":true}')
        return handler

    def _continue_as_clone(self, function: dict[str, Any]) -> None:
        """Waits for what comes first: a call, or the news that this is a clone. A snapshot is taken while it waits."""
        if self._channel.peek() != RESTORE:
            return
        _, _, header, _ = self._channel.receive()
        request = parse_header(header)
        function["node"] = request.get("node", "")
        try:
            make_unique(request)
        except BaseException as error:
            finish_lines(scope.call)
            failure = {"ok": False, "error": describe_load_failure(error, function["root"])}
            self._channel.send(RESTORED, INSTANCE, to_json(failure))
            self._await_end()
        finish_lines(scope.call)
        self._channel.send(RESTORED, INSTANCE, b'{"ok":true}')

    def _await_end(self) -> NoReturn:
        while self._channel.receive()[0] != SHUTDOWN:
            continue
        leave(0)

    def _serve(self, handler: Callable[..., Any], function: dict[str, Any]) -> None:
        function.setdefault("concurrency", 1)
        if is_async(handler):
            # Imports asyncio: see bridge.py.
            from .loop import LoopExecutor

            LoopExecutor(self._channel, handler, function).run()
        elif function["concurrency"] > 1:
            ThreadExecutor(self._channel, handler, function).run()
        else:
            InlineExecutor(self._channel, handler, function).run()
