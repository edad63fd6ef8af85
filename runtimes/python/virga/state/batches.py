"""Several commands in one request."""

from __future__ import annotations

from typing import Any, Iterator

from ..errors import PlatformError
from ..wire import Answer, varint
from .commands import STATE_REQUEST, Decode

#: A request carries at most so many bytes of commands, unless one alone has more, and at most so many commands.
_MOST_BYTES = 1024 * 1024
_MOST_COMMANDS = 10_000
#: The result had no room in the answer: it is asked for again.
ANSWER_FULL = "answer-full"


class Operation:
    """A command, and who takes its result."""

    __slots__ = ("command", "decode")

    def __init__(self, command: bytes, decode: Decode) -> None:
        self.command = command
        self.decode = decode

    def succeed(self, result: Any) -> None:
        """Takes the result."""
        raise NotImplementedError

    def fail(self, error: Exception) -> None:
        """Learns that there is none."""
        raise NotImplementedError


def requests(operations: list[Any]) -> Iterator[tuple[bytes, list[Any]]]:
    """As few requests as carry all operations, in their order."""
    start = 0
    while start < len(operations):
        end, size = start, 0
        while end < len(operations) and end - start < _MOST_COMMANDS and (end == start or size + len(operations[end].command) <= _MOST_BYTES):
            size += len(operations[end].command)
            end += 1
        part = operations[start:end]
        yield b"".join((STATE_REQUEST, varint(len(part)), *[operation.command for operation in part])), part
        start = end


def settle(operations: list[Any], answer: bytes) -> list[Any]:
    """Gives each operation its result; returns those that are to be asked for again."""
    reader = Answer(answer)
    problem = reader.problem()
    if problem is not None:
        fail_all(operations, problem)
        return []
    reader.varint()
    again = []
    for operation in operations:
        error = reader.problem_of_result()
        if error is None:
            operation.succeed(operation.decode(reader))
        elif error.type == ANSWER_FULL:
            again.append(operation)
        else:
            operation.fail(error)
    return again


def fail_all(operations: list[Any], error: Exception) -> None:
    """None of the operations has a result."""
    for operation in operations:
        # An exception takes the traceback of whoever raises it: one each.
        operation.fail(PlatformError(error.type, error.status, error.title, error.detail, error.fix) if isinstance(error, PlatformError) else error)
