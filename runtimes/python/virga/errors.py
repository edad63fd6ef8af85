"""Errors that the runtime raises in user code, or on its behalf."""

from __future__ import annotations


class Cancelled(Exception):
    """Nobody waits for this call any more: its client left, its deadline passed, or the instance is shut down."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the call was cancelled ({reason})")
        self.reason = reason


class InvalidBody(ValueError):
    """The request's body is not what its content type says. Not caught, it answers the client with 400."""


class InvalidResponse(ValueError):
    """The handler returned a response with a status, header or body that HTTP does not allow."""


class Unserialisable(TypeError):
    """The handler returned a value that has no JSON form."""


class PlatformError(Exception):
    """The platform refused, or could not do, what the function asked of it. `type` is stable: `state-unavailable`, `kind-mismatch`, …"""

    def __init__(self, type: str, status: int = 500, title: str = "", detail: str = "", fix: str = "") -> None:
        super().__init__(". ".join(part.rstrip(".") for part in (detail or title or type, fix) if part))
        self.type = type
        self.status = status
        self.title = title
        self.detail = detail
        self.fix = fix


#: Errors that the protocol knows by a name of its own.
PROTOCOL_NAMES: dict[type[BaseException], str] = {
    Cancelled: "cancelled",
    InvalidBody: "invalid-body",
    InvalidResponse: "invalid-response",
    Unserialisable: "unserialisable",
}
