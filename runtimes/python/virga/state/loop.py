"""Shared state in async handlers: what is asked in one turn of the event loop goes to the node together."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, AsyncIterator, Iterable

from ..wire import Answer
from .batches import Operation, requests, settle
from .blocking import PAGE, PATIENCE_MS
from .commands import MISSING, STATE_REQUEST, Change, Decode, Entry, Get, list_command, read_changes, read_page, watch_command
from .operations import StateOperations
from .values import KeptValues

if TYPE_CHECKING:
    from ..asks import Ask
    from ..loop_call import LoopCall


class _Awaited(Operation):
    """A command whose result a future takes."""

    __slots__ = ("future",)

    def __init__(self, command: bytes, decode: Decode, future: asyncio.Future[Any]) -> None:
        super().__init__(command, decode)
        self.future = future

    def succeed(self, result: Any) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class AsyncState(StateOperations):
    """Shared state in an async handler: `await ctx.state.get("greeting")`, `await ctx.state.counter("hits").increment()`.

    The methods give futures: what is asked before the handler awaits goes to the node in one request, in its order.
    """

    __slots__ = ("_call", "_loop", "_unsent")

    def __init__(self, call: LoopCall, values: KeptValues) -> None:
        super().__init__(values)
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._unsent: list[_Awaited] = []

    def run(self, command: bytes, decode: Decode) -> asyncio.Future[Any]:
        self._call.check_may_ask()
        future = self._loop.create_future()
        if not self._unsent:
            self._loop.call_soon(self.flush)
        self._unsent.append(_Awaited(command, decode, future))
        return future

    def flush(self) -> None:
        """Sends what was asked and is not sent yet."""
        unsent, self._unsent = self._unsent, []
        self._send(unsent)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """What several keys hold, in one request: those that exist."""
        return await self._read_many(keys, Get.value)

    async def get_shared(self, keys: Iterable[str]) -> dict[str, Any]:
        """The same for values that all calls of the instance share, and that nobody changes."""
        return await self._read_many(keys, Get.shared)

    async def list(self, prefix: str = "") -> AsyncIterator[Entry]:
        """The keys that exist and begin with a prefix, in order, with their kinds. Keys written meanwhile may be among them."""
        after, more = "", True
        while more:
            entries, more = await self.run(list_command(prefix, after, PAGE), read_page)
            for entry in entries:
                yield entry
                after = entry.key

    def watch(self, prefix: str = "", timeout: float | None = None) -> AsyncIterator[Change]:
        """Changes of keys that begin with a prefix, from this call on; ends when `timeout` seconds have passed without any.

        Of several changes of a key in quick succession only the last may be seen.
        """
        return self._changes(prefix, self.run(watch_command(prefix, 0, 0, PAGE), read_changes), timeout)

    async def _changes(self, prefix: str, start: asyncio.Future[Any], timeout: float | None) -> AsyncIterator[Change]:
        cursor, _ = await start
        last = time.monotonic()
        while True:
            patience = PATIENCE_MS
            if timeout is not None:
                patience = min(patience, round((last + timeout - time.monotonic()) * 1000))
                if patience <= 0:
                    return
            # A request of its own: commands behind it would wait as long, and it is withdrawn when nobody waits.
            answer = await self._call.ask(STATE_REQUEST + b"\1" + watch_command(prefix, cursor, patience, PAGE))
            answer.varint()
            problem = answer.problem_of_result()
            if problem is not None:
                raise problem
            cursor, changes = read_changes(answer)
            if changes:
                for change in changes:
                    yield change
                last = time.monotonic()

    async def _read_many(self, keys: Iterable[str], read: Any) -> dict[str, Any]:
        futures = {}
        for key in dict.fromkeys(keys):
            get = Get(key, MISSING, self._values)
            futures[key] = self.run(get.command, read.__get__(get))
        found = zip(futures, await asyncio.gather(*futures.values()), strict=True)
        return {key: value for key, value in found if value is not MISSING}

    def _send(self, operations: list[_Awaited]) -> None:
        for request, part in requests(operations):
            self._call.begin(request, _Settling(self, part))


class _Settling:
    """Takes the answer to a request."""

    __slots__ = ("_operations", "_state", "ask")

    def __init__(self, state: AsyncState, operations: list[_Awaited]) -> None:
        self._state = state
        self._operations = operations
        self.ask: Ask | None = None

    def answer(self, answer: bytes) -> None:
        """Gives each command its result."""
        again = settle(self._operations, answer)
        if again:
            self._state._send(again)

    def abandon(self) -> None:
        """No answer comes: the call has ended."""
        for operation in self._operations:
            operation.future.cancel()
