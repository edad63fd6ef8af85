"""References in a call's body: objects `{"$ref": key}` that stand for values of shared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import BlockingCall
    from .event import Event
    from .loop_call import LoopCall

_MARK = "$ref"


def resolve(call: BlockingCall, event: Event, keys: list[str], function: dict[str, Any]) -> None:
    """Puts the values in their places. Raises PlatformError."""
    event.replace_body(_replace(event.json(), frozenset(keys), call.open_state(function).get_shared(keys)))


async def resolve_async(call: LoopCall, event: Event, keys: list[str], function: dict[str, Any]) -> None:
    """The same for an async handler."""
    event.replace_body(_replace(event.json(), frozenset(keys), await call.open_state(function).get_shared(keys)))


def _replace(part: Any, keys: frozenset[str], values: dict[str, Any]) -> Any:
    if type(part) is dict:
        if len(part) == 1 and type(part.get(_MARK)) is str and part[_MARK] in keys:
            return values.get(part[_MARK])
        return {name: _replace(value, keys, values) for name, value in part.items()}
    if type(part) is list:
        return [_replace(value, keys, values) for value in part]
    return part
