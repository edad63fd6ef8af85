"""Keys as the kind of value that they hold. As with all of the state, an async handler awaits what the methods give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

from ..wire import Answer
from .commands import increment_command, query_command

if TYPE_CHECKING:
    from .operations import StateOperations


class Scored(NamedTuple):
    """A member of an ordered set."""

    member: Any
    score: float


class View:
    """One key."""

    __slots__ = ("_state", "key")
    #: What updates and queries call this kind.
    kind = ""

    def __init__(self, state: StateOperations, key: str) -> None:
        self._state = state
        self.key = key

    def delete(self) -> Any:
        """Removes the key; says whether it existed."""
        return self._state.delete(self.key)

    def _update(self, change: Any) -> Any:
        return self._state.update(self.key, {self.kind: change})

    def _query(self, question: Any) -> Any:
        return self._state.query(self.key, {self.kind: question})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}>"


class _Collection(View):
    __slots__ = ()

    def size(self) -> Any:
        """The number of elements."""
        return self._query("size")


class Counter(View):
    """A number that many may add to at the same time."""

    __slots__ = ()
    kind = "counter"

    def increment(self, amount: int = 1) -> Any:
        """Adds an integer; gives the count."""
        return self._state.run(increment_command(self.key, amount), Answer.signed)

    def decrement(self, amount: int = 1) -> Any:
        """Subtracts an integer; gives the count."""
        return self.increment(-amount)

    def get(self) -> Any:
        """The count; 0 when nobody has counted."""
        return self._state.get(self.key, 0)


class GrowSet(_Collection):
    """Elements that are only ever added: any values that have JSON."""

    __slots__ = ()
    kind = "growSet"

    def add(self, *elements: Any) -> Any:
        """Adds elements; gives a dict with the `size` and the number that was `added`."""
        return self._update({"add": elements})

    def has(self, element: Any) -> Any:
        """Whether the element is there."""
        return self._query({"has": element})

    def values(self) -> Any:
        """The elements as a list."""
        return self._state.get(self.key, [])


class Set(GrowSet):
    """Elements that are added and removed."""

    __slots__ = ()
    kind = "set"

    def remove(self, *elements: Any) -> Any:
        """Removes elements; gives a dict with the `size` and the number that was `removed`."""
        return self._update({"remove": elements})


class OrderedSet(_Collection):
    """Members with scores, in the order of the scores."""

    __slots__ = ()
    kind = "orderedSet"

    def add(self, member: Any, score: float) -> Any:
        """Sets the score of a member; gives a dict with the `size`."""
        return self.add_all(((member, score),))

    def add_all(self, scores: Any) -> Any:
        """Sets the scores of many: a dict, or pairs of member and score. Gives a dict with the `size`."""
        pairs = scores.items() if isinstance(scores, Mapping) else scores
        return self._update({"add": [{"member": member, "score": score} for member, score in pairs]})

    def remove(self, *members: Any) -> Any:
        """Removes members; gives a dict with the `size`."""
        return self._update({"remove": members})

    def score(self, member: Any) -> Any:
        """The score of a member; None when it is not there."""
        return self._query({"score": member})

    def range(self, start: int = 0, stop: int = -1, reverse: bool = False) -> Any:
        """Members from one rank to another, both included, as a list of Scored; negative ranks count from the end."""
        return self._state.run(query_command(self.key, {self.kind: {"range": [start, stop], "reverse": reverse}}), _read_scored)


class Map(_Collection):
    """Fields, each a register or a kind of value of its own."""

    __slots__ = ()
    kind = "map"

    def put(self, field: str, value: Any) -> Any:
        """Writes a field; gives a dict with the `size`."""
        return self._update({"put": {field: value}})

    def put_all(self, fields: Mapping[str, Any]) -> Any:
        """Writes several fields; gives a dict with the `size`."""
        return self._update({"put": dict(fields)})

    def remove(self, *fields: str) -> Any:
        """Removes fields; gives a dict with the `size`."""
        return self._update({"remove": fields})

    def update(self, field: str, update: Mapping[str, Any]) -> Any:
        """Carries out an update in a field: `update("n", {"counter": {"increment": 1}})`."""
        return self._update({"update": {field: dict(update)}})

    def get(self, field: str) -> Any:
        """What a field holds; None when it is not there."""
        return self._query({"get": field})

    def entries(self) -> Any:
        """All fields as a dict."""
        return self._state.get(self.key, {})


class Max(View):
    """The greatest number that was ever put."""

    __slots__ = ()
    kind = "max"

    def put(self, number: float) -> Any:
        """Keeps the number if it is the greatest; gives the greatest."""
        return self._update(number)

    def get(self) -> Any:
        """The greatest number; None when none was put."""
        return self._state.get(self.key)


class Min(Max):
    """The least number that was ever put."""

    __slots__ = ()
    kind = "min"


class Flag(View):
    """False until it is raised, then true for good."""

    __slots__ = ()
    kind = "flag"

    def set(self) -> Any:
        """Raises the flag."""
        return self._update(True)

    def get(self) -> Any:
        """Whether it was raised."""
        return self._state.get(self.key, False)


class Log(_Collection):
    """The last entries of a list that many may append to."""

    __slots__ = ("_keep",)
    kind = "log"

    def __init__(self, state: StateOperations, key: str, keep: int | None) -> None:
        super().__init__(state, key)
        self._keep = keep

    def append(self, *entries: Any) -> Any:
        """Appends entries; gives a dict with the `size`."""
        return self._update({"append": entries} if self._keep is None else {"append": entries, "keep": self._keep})

    def last(self, count: int = 10) -> Any:
        """The last entries as a list, the oldest first."""
        return self._query({"last": count})


def _read_scored(answer: Answer) -> list[Scored]:
    return [Scored(entry["member"], entry["score"]) for entry in answer.value() or ()]
