"""What makes the clones of one snapshot differ (docs/worker-protocol.md, "Snapshots")."""

from __future__ import annotations

import sys
from base64 import b64decode
from struct import unpack
from typing import Any, Callable, TypeVar

from .bridge import run

Hook = TypeVar("Hook", bound=Callable[[], Any])

_hooks: list[Callable[[], Any]] = []


def on_restore(hook: Hook) -> Hook:
    """Adds a hook, also as a decorator. It runs in every clone of this function's snapshot, after random numbers have got new
    seeds and before the first call. Hooks run in the order in which they were added; what one returns is awaited where it can
    be, and one that raises fails the start. Without snapshots it never runs.
    """
    if not callable(hook):
        raise TypeError("on_restore takes a function")
    _hooks.append(hook)
    return hook


def make_unique(request: dict[str, Any]) -> None:
    """Gives this clone random numbers of its own, then runs the user's hooks. Raises what they raise."""
    _reseed(b64decode(request["entropy"]))
    for hook in _hooks:
        result = hook()
        if hasattr(result, "__await__"):
            run(result)


def _reseed(entropy: bytes) -> None:
    """`os.urandom`, `secrets` and `uuid4` ask the kernel and need nothing."""
    # What is imported later has a seed of its own from the beginning.
    if (random := sys.modules.get("random")) is not None:
        random.seed(entropy)
    # OpenSSL's generators take in what is added to their common ancestor.
    if (openssl := sys.modules.get("_ssl")) is not None:
        openssl.RAND_add(entropy, float(len(entropy)))
    if (numpy_random := sys.modules.get("numpy.random")) is not None:
        numpy_random.seed(unpack(f"<{len(entropy) // 4}I", entropy))
