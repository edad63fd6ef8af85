"""What the node answers to functions that ask: requests taken apart, answers put together, as docs/worker-protocol.md has them."""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

from .node import ANSWER, ASK, Node

_MAX_PIECE = 256 * 1024 - 5
OK, PROBLEM = b"\0", b"\1"
NO_KEY, UNCHANGED = b"\0", b"\2"


class Request(NamedTuple):
    """A whole request of a worker."""

    call: int
    id: int
    body: bytes


def ask(node: Node) -> Request:
    """The next request, which must be the next thing that the worker says but logs."""
    body = b""
    while True:
        frame = node.expect(ASK)
        id, flags = struct.unpack_from("<IB", frame.body)
        body += frame.body[5:]
        if not flags & 1:
            return Request(frame.call, id, body)


def answer(node: Node, request: Request, body: bytes) -> None:
    """Answers with success, in as many frames as it takes."""
    _send(node, request, OK + body)


def refuse(node: Node, request: Request, slug: str, status: int = 500, **members: str) -> None:
    """Answers with a problem."""
    _send(node, request, PROBLEM + problem(slug, status, **members))


def respond(node: Node, *results: bytes) -> Request:
    """Takes the next request, of state commands, and answers it with these results."""
    request = ask(node)
    answer(node, request, varint(len(results)) + b"".join(results))
    return request


def problem(slug: str, status: int = 500, **members: str) -> bytes:
    return json.dumps({"type": f"urn:virga:problem:{slug}", "title": slug, "status": status, **members}).encode()


def varint(number: int) -> bytes:
    encoded = b""
    while number >= 128:
        encoded += bytes((number & 127 | 128,))
        number >>= 7
    return encoded + bytes((number,))


def text(value: str) -> bytes:
    return varint(len(value.encode())) + value.encode()


def value(content: Any) -> bytes:
    """A tagged value with its length."""
    if isinstance(content, str):
        tagged = b"\2" + content.encode()
    elif isinstance(content, bytes):
        tagged = b"\0" + content
    else:
        tagged = b"\1" + json.dumps(content).encode()
    return varint(len(tagged)) + tagged


def version(number: int) -> bytes:
    return number.to_bytes(16, "little")


def found(content: Any, number: int = 1) -> bytes:
    """The result of a get: the value and its version."""
    return OK + b"\1" + version(number) + value(content)


def refused(slug: str, status: int = 500) -> bytes:
    """The result of a command that has failed."""
    document = problem(slug, status)
    return PROBLEM + varint(len(document)) + document


def _send(node: Node, request: Request, body: bytes) -> None:
    pieces = [body[start:start + _MAX_PIECE] for start in range(0, len(body), _MAX_PIECE)]
    for number, piece in enumerate(pieces, 1):
        node.send(ANSWER, request.call, None, struct.pack("<IB", request.id, number < len(pieces)) + piece)

