"""What can be done with shared state: the same in ordinary handlers, in async ones, and in pipelines."""

from __future__ import annotations

from typing import Any, Mapping

from ..wire import Answer, text
from .commands import DELETE, Decode, Get, put_command, query_command, read_flag, read_version, update_command
from .sketches import Bloom, CountMin, HyperLogLog, Quantiles, Reservoir, Theta, TopK
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

    def hyper_log_log(self, key: str, precision: int | None = None) -> HyperLogLog:
        """How many different values there were. `precision` 4 to 18; 14 unless said, which is within 0.81 %.

        A sketch keeps the size that it is begun with, as all of these.
        """
        return HyperLogLog(self, key, precision=precision)

    def theta(self, key: str, size: int | None = None) -> Theta:
        """The same, and of unions, intersections and differences. `size` 16 to 65,536; 4,096 unless said, which is within 1.6 %."""
        return Theta(self, key, size=size)

    def count_min(self, key: str, error: float | None = None, confidence: float | None = None) -> CountMin:
        """How often each value was added: at most `error` (0.001) of all additions too often, with a `confidence` (0.99)."""
        return CountMin(self, key, error=error, confidence=confidence)

    def top_k(self, key: str, size: int | None = None) -> TopK:
        """The values that were added most often. `size`: how many are counted, 1 to 4,096; 100 unless said."""
        return TopK(self, key, size=size)

    def quantiles(self, key: str, size: int | None = None) -> Quantiles:
        """The distribution of numbers. `size` 8 to 4,096; 200 unless said, which is within 1.65 % of a rank."""
        return Quantiles(self, key, size=size)

    def bloom(self, key: str, capacity: int | None = None, false_positives: float | None = None) -> Bloom:
        """Whether a value was added, with at most `false_positives` (0.01) wrong answers while there are `capacity` (100,000) values."""
        return Bloom(self, key, capacity=capacity, falsePositives=false_positives)

    def reservoir(self, key: str, size: int | None = None) -> Reservoir:
        """A random sample of all that was added. `size` 1 to 10,000; 100 unless said."""
        return Reservoir(self, key, size=size)
