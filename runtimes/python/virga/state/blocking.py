"""Shared state in ordinary handlers: every method waits for its result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Iterable, Iterator

from ..wire import Answer
from .batches import Operation, requests, settle
from .commands import MISSING, STATE_REQUEST, Change, Decode, Entry, Get, list_command, read_changes, read_page, watch_command
from .many import read_many
from .operations import StateOperations
from .values import KeptValues

if TYPE_CHECKING:
    from ..call import BlockingCall

_ONE_COMMAND = STATE_REQUEST + b"\1"
PAGE = 1000
#: The node answers a watch at the latest then, and is asked again.
PATIENCE_MS = 30_000


class Pending(Operation):
    """What a command in a pipeline will give: its `result`, once the pipeline was sent."""

    __slots__ = ("_error", "_is_settled", "_result")

    def __init__(self, command: bytes, decode: Decode) -> None:
        super().__init__(command, decode)
        self._is_settled = False
        self._error: Exception | None = None

    def succeed(self, result: Any) -> None:
        self._is_settled = True
        self._result = result

    def fail(self, error: Exception) -> None:
        self._is_settled = True
        self._error = error

    @property
    def error(self) -> Exception | None:
        """Why the command failed, if so."""
        return self._error

    @property
    def result(self) -> Any:
        """What the command gave. Raises what the command failed with."""
        if self._error is not None:
            raise self._error
        if not self._is_settled:
            raise RuntimeError("the pipeline was not sent yet: results are there after its `with` block")
        return self._result


class Pipeline(StateOperations):
    """Commands that go to the node together, at the end of the `with` block, and are carried out in their order."""

    __slots__ = ("_call", "_pending")

    def __init__(self, call: BlockingCall, values: KeptValues) -> None:
        super().__init__(values)
        self._call = call
        self._pending: list[Pending] = []

    def run(self, command: bytes, decode: Decode) -> Pending:
        pending = Pending(command, decode)
        self._pending.append(pending)
        return pending

    def send(self) -> None:
        """Sends what was asked since the beginning, or the last time, and waits for all results. Raises the first error, when all are there."""
        pending, self._pending = self._pending, []
        _carry_out(self._call, pending)
        for one in pending:
            if one.error is not None:
                raise one.error

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        if error is None:
            self.send()


class State(StateOperations):
    """Shared state: `ctx.state.get("greeting")`, `ctx.state.counter("hits").increment()`."""

    __slots__ = ("_call",)

    def __init__(self, call: BlockingCall, values: KeptValues) -> None:
        super().__init__(values)
        self._call = call

    def run(self, command: bytes, decode: Decode) -> Any:
        answer = Answer(self._call.ask(_ONE_COMMAND + command))
        problem = answer.problem()
        if problem is None:
            answer.varint()
            problem = answer.problem_of_result()
            if problem is None:
                return decode(answer)
        raise problem

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """What several keys hold, in one request: those that exist."""
        wanted = list(dict.fromkeys(keys))
        found, others = read_many(self._call, wanted, self._values)
        if not others:
            return found
        found.update(self._read_many(others, Get.value))
        return {key: found[key] for key in wanted if key in found}

    def get_shared(self, keys: Iterable[str]) -> dict[str, Any]:
        """The same for values that all calls of the instance share, and that nobody changes."""
        return self._read_many(keys, Get.shared)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """The keys that exist and begin with a prefix, in order, with their kinds. Keys written meanwhile may be among them."""
        after, more = "", True
        while more:
            entries, more = self.run(list_command(prefix, after, PAGE), read_page)
            yield from entries
            if entries:
                after = entries[-1].key

    def watch(self, prefix: str = "", timeout: float | None = None) -> Iterator[Change]:
        """Changes of keys that begin with a prefix, from this call on; ends when `timeout` seconds have passed without any.

        Of several changes of a key in quick succession only the last may be seen.
        """
        cursor, _ = self.run(watch_command(prefix, 0, 0, PAGE), read_changes)
        return self._changes(prefix, cursor, timeout)

    def pipeline(self) -> Pipeline:
        """Several commands in one request: `with ctx.state.pipeline() as p: hits = p.counter("hits").increment()`, then `hits.result`."""
        return Pipeline(self._call, self._values)

    def _read_many(self, keys: Iterable[str], read: Any) -> dict[str, Any]:
        pending = {}
        for key in keys:
            get = Get(key, MISSING, self._values)
            pending[key] = Pending(get.command, read.__get__(get))
        _carry_out(self._call, list(pending.values()))
        return {key: one.result for key, one in pending.items() if one.result is not MISSING}

    def _changes(self, prefix: str, cursor: int, timeout: float | None) -> Iterator[Change]:
        last = time.monotonic()
        while True:
            patience = PATIENCE_MS
            if timeout is not None:
                patience = min(patience, round((last + timeout - time.monotonic()) * 1000))
                if patience <= 0:
                    return
            cursor, changes = self.run(watch_command(prefix, cursor, patience, PAGE), read_changes)
            if changes:
                yield from changes
                last = time.monotonic()


def _carry_out(call: BlockingCall, operations: list[Pending]) -> None:
    """Several commands in as few requests as carry them."""
    while operations:
        again: list[Pending] = []
        for request, part in requests(operations):
            again += settle(part, call.ask(request))
        operations = again
