"""What can be done with shared state: the same in ordinary handlers, in async ones, and in pipelines."""

from __future__ import annotations

from typing import Any, Mapping

from ..wire import Answer, text
from .commands import DELETE, Decode, Get, put_command, query_command, read_flag, read_version, update_command
from .values import KeptValues
from .views import Counter, Flag, GrowSet, Log, Map, Max, Min, OrderedSet, Set


class StateOperations:
    """Keys and what they hold. In an ordinary handler each method gives its result, in an async one it is awaited, and in a
    pipeline `.result` has it afterwards.

    All raise PlatformError when the platform refuses or cannot do what is asked.
    """

    __slots__ = ("_values",)

    def __init__(self, values: KeptValues) -> None:
        self._values = values

    def run(self, command: bytes, decode: Decode) -> Any:
        """Carries out one command."""
        raise NotImplementedError

    def get(self, key: str, default: Any = None) -> Any:
        """What a key holds: str, bytes, or what JSON gives; sets, counters and others in their JSON form."""
        get = Get(key, default, self._values)
        return self.run(get.command, get.value)

    def get_versioned(self, key: str, default: Any = None) -> Any:
        """The same as a Versioned, or the default when the key does not exist."""
        get = Get(key, default, self._values)
        return self.run(get.command, get.versioned)

    def put(self, key: str, value: Any, ttl: float | None = None, if_version: str | None = None, if_absent: bool = False) -> Any:
        """Writes str as text, bytes as bytes, anything else as JSON; gives the new version.

        `ttl` is in seconds. With `if_version` or `if_absent` it writes only if the key has that version, or does not exist;
        else PlatformError `state-condition-failed`.
        """
        return self.run(put_command(key, value, ttl, if_version, if_absent), read_version)

    def delete(self, key: str) -> Any:
        """Removes a key; says whether it existed."""
        return self.run(DELETE + text(key), read_flag)

    def update(self, key: str, update: Mapping[str, Any]) -> Any:
        """Carries out an update such as `{"counter": {"increment": 5}}`: see docs/state.md."""
        return self.run(update_command(key, update), Answer.value)

    merge = update

    def query(self, key: str, query: Mapping[str, Any]) -> Any:
        """Asks a query such as `{"set": {"has": "a"}}`: see docs/state.md."""
        return self.run(query_command(key, query), Answer.value)

    def counter(self, key: str) -> Counter:
        """A number that many may add to at the same time."""
        return Counter(self, key)

    def set(self, key: str) -> Set:
        """Elements that are added and removed; what is added and removed at the same time stays."""
        return Set(self, key)

    def grow_set(self, key: str) -> GrowSet:
        """Elements that are only ever added."""
        return GrowSet(self, key)

    def ordered_set(self, key: str) -> OrderedSet:
        """Members with scores, in the order of the scores."""
        return OrderedSet(self, key)

    def map(self, key: str) -> Map:
        """Fields, each a register or a kind of value of its own."""
        return Map(self, key)

    def max(self, key: str) -> Max:
        """The greatest number that was ever put."""
        return Max(self, key)

    def min(self, key: str) -> Min:
        """The least number that was ever put."""
        return Min(self, key)

    def flag(self, key: str) -> Flag:
        """False until it is raised, then true for good."""
        return Flag(self, key)

    def log(self, key: str, keep: int | None = None) -> Log:
        """The last entries of a list that many may append to: the last `keep`, 1 to 100,000; 1,000 unless said."""
        return Log(self, key, keep)
