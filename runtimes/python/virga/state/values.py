"""Large values that this instance has read, so that they cross the channel again only when they have changed."""

from __future__ import annotations

from _thread import allocate_lock
from typing import Any

from ..wire import JSON, to_value

#: Smaller values cross the channel sooner than they are looked up.
SMALLEST = 4 * 1024
#: The part of the function's memory that values may take.
_SHARE = 4
_DEFAULT_MEMORY = 128 * 1024 * 1024
#: What a parsed document takes beside its text, in sizes of the text: measured with lists of numbers (4) and of short texts (7).
_PARSED_SIZES = 6


class Kept:
    """A value as it came, under the version that it had."""

    __slots__ = ("content", "size", "tag", "version", "_shared")

    def __init__(self, version: bytes, tag: int, content: bytes) -> None:
        self.version = version
        self.tag = tag
        self.content = content
        self.size = len(content)
        self._shared: Any = None

    def value(self) -> Any:
        """The value. JSON is parsed anew each time, because the handler may change what it gets."""
        return to_value(self.tag, self.content)

    @property
    def is_parsed(self) -> bool:
        return self._shared is not None

    def shared(self) -> Any:
        """The value as all calls of the instance share it."""
        if self._shared is None:
            self._shared = self.value()
        return self._shared


class KeptValues:
    """The values, the least recently used first, within a part of the function's memory. Versions make them safe: the node says whether one still holds."""

    def __init__(self, memory: int) -> None:
        self._limit = memory // _SHARE
        self._size = 0
        self._by_key: dict[str, Kept] = {}
        # Handlers in several threads share it.
        self._lock = allocate_lock()

    def find(self, key: str) -> Kept | None:
        """What is kept of a key, whether it still holds or not."""
        return self._by_key.get(key)

    def use(self, key: str, kept: Kept) -> None:
        """It was used: it stays longer than others."""
        with self._lock:
            if self._by_key.get(key) is kept:
                self._by_key[key] = self._by_key.pop(key)

    def keep(self, key: str, kept: Kept) -> None:
        """Keeps a value if it is worth it, in the place of what was kept of its key."""
        with self._lock:
            self._drop(key)
            if kept.size < SMALLEST:
                return
            self._by_key[key] = kept
            self._size += kept.size
            self._shrink()

    def share(self, key: str, kept: Kept) -> Any:
        """The value as all calls share it, which takes more room for JSON."""
        if kept.tag != JSON or kept.is_parsed:
            return kept.shared()
        shared = kept.shared()
        with self._lock:
            if self._by_key.get(key) is kept:
                growth = len(kept.content) * (1 + _PARSED_SIZES) - kept.size
                kept.size += growth
                self._size += growth
                self._shrink()
        return shared

    def forget(self, key: str) -> None:
        """The key is gone."""
        if key in self._by_key:
            with self._lock:
                self._drop(key)

    def _drop(self, key: str) -> None:
        kept = self._by_key.pop(key, None)
        if kept is not None:
            self._size -= kept.size

    def _shrink(self) -> None:
        while self._size > self._limit:
            self._drop(next(iter(self._by_key)))


_of_instance: KeptValues | None = None


def kept_values(function: dict[str, Any]) -> KeptValues:
    """The values of this process, which serves one function."""
    global _of_instance
    if _of_instance is None:
        _of_instance = KeptValues(function.get("memory") or _DEFAULT_MEMORY)
    return _of_instance
