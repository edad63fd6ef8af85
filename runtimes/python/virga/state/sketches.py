"""Keys as sketches: docs/state.md, "Sketches". As with all of the state, an async handler awaits what the methods give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..wire import Answer
from .commands import query_command
from .views import View

if TYPE_CHECKING:
    from .operations import StateOperations


class _Sketch(View):
    # The size that it is begun with stands in each addition: whoever is first begins it.
    __slots__ = ("_size",)

    def __init__(self, state: StateOperations, key: str, **size: Any) -> None:
        super().__init__(state, key)
        self._size = {name: value for name, value in size.items() if value is not None}

    def add(self, *values: Any) -> Any:
        """Adds values, many at once for far less than one by one; gives a dict with the number that was `added`."""
        return self._change({"add": values})

    def _change(self, change: dict[str, Any]) -> Any:
        return self._update({**change, **self._size})

    def _add_of(self, value: Any, weight: float) -> Any:
        return self._change({"weighted": [{"value": value, "weight": weight}]})


class _MergingSketch(_Sketch):
    __slots__ = ()

    def merge(self, *sketches: str | None) -> Any:
        """Adds what sketches of other keys have seen, as `sketch` gives them; gives a dict with the number that was `added`."""
        return self._change({"merge": sketches})

    def sketch(self) -> Any:
        """The sketch itself, as a str for sketches of other keys; None when the key does not exist."""
        return self._query("sketch")


class HyperLogLog(_MergingSketch):
    """How many different values there were."""

    __slots__ = ()
    kind = "hyperLogLog"

    def count(self) -> Any:
        """The number, estimated."""
        return self._state.get(self.key, 0)

    def estimate(self) -> Any:
        """A dict with `estimate`, and `low` and `high`, which hold in 95 of 100 cases."""
        return self._query("estimate")


class Theta(HyperLogLog):
    """How many different values there were, and how many of those of other sketches are among them."""

    __slots__ = ()
    kind = "theta"

    def union(self, *sketches: str | None) -> Any:
        """How many were added here or to any of the others, as `sketch` gives them: a dict like that of `estimate`."""
        return self._query({"union": sketches})

    def intersection(self, *sketches: str | None) -> Any:
        """How many were added here and to each of the others."""
        return self._query({"intersection": sketches})

    def difference(self, *sketches: str | None) -> Any:
        """How many were added here and to none of the others."""
        return self._query({"difference": sketches})


class Bloom(_MergingSketch):
    """Whether a value was added; seldom with a wrong yes."""

    __slots__ = ()
    kind = "bloom"

    def has(self, value: Any) -> Any:
        """Whether the value was added: never a wrong no."""
        return self._query({"has": value})

    def estimate(self) -> Any:
        """A dict: `estimate`, the number of values, and `falsePositives`, how often it answers wrongly now."""
        return self._query("estimate")


class Reservoir(_MergingSketch):
    """A random sample of all that was added."""

    __slots__ = ()
    kind = "reservoir"

    def add_weighted(self, value: Any, weight: float) -> Any:
        """Adds a value: one of twice the weight is twice as likely to be drawn."""
        return self._add_of(value, weight)

    def sample(self, count: int = 10) -> Any:
        """So many of the sampled values as a list."""
        return self._query({"sample": count})

    def size(self) -> Any:
        """How many values there are in the sample."""
        return self._query("size")


class CountMin(_Sketch):
    """How often each value was added: never too few."""

    __slots__ = ()
    kind = "countMin"

    def increment(self, value: Any, count: int = 1) -> Any:
        """Adds a value so many times."""
        return self._add_of(value, count)

    def count(self, value: Any) -> Any:
        """How often the value was added, at most."""
        return self._query({"count": value})

    def total(self) -> Any:
        """How much was added in all."""
        return self._query("total")


class TopK(_Sketch):
    """The values that were added most often."""

    __slots__ = ()
    kind = "topK"

    def increment(self, value: Any, count: int = 1) -> Any:
        """Adds a value so many times."""
        return self._add_of(value, count)

    def top(self, count: int = 10) -> Any:
        """A list, the most frequent first: dicts with `value`, `count`, and `error`, by which the count may be too great."""
        return self._query({"top": count})

    def count(self, value: Any) -> Any:
        """A dict with the `count` of a value, and its `error`."""
        return self._query({"count": value})


class Quantiles(_Sketch):
    """The distribution of numbers."""

    __slots__ = ()
    kind = "quantiles"

    def quantile(self, share: float) -> Any:
        """The number that so great a share of all, 0 to 1, is not greater than; None when there is none."""
        return self._state.run(query_command(self.key, {self.kind: {"at": [share]}}), _first)

    def quantiles(self, *shares: float) -> Any:
        """The same of several as a list."""
        return self._query({"at": shares})

    def rank(self, number: float) -> Any:
        """The share of all numbers that are not greater than this one; None when there is none."""
        return self._state.run(query_command(self.key, {self.kind: {"ranks": [number]}}), _first)

    def summary(self) -> Any:
        """A dict with `count`, `min`, `p50`, `p90`, `p99`, `p999` and `max`; None when the key does not exist."""
        return self._state.get(self.key)

    def count(self) -> Any:
        """How many numbers were added."""
        return self._query("count")


def _first(answer: Answer) -> Any:
    return answer.value()[0]
