"""Sends what a handler returned, or how it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator

from .answer import Answer, FilePieces, piece_to_bytes, to_answer, type_of_piece
from .bridge import iterate, run
from .call import BlockingCall, Call
from .codec import to_json
from .failures import describe
from .frames import ERROR, RESULT
from .logs import finish_lines

if TYPE_CHECKING:
    from .loop_call import LoopCall

_NORMAL_CLOSURE = b'{"code":1000,"reason":""}'
_INTERNAL_ERROR = 1011


def reply(call: BlockingCall, value: Any) -> None:
    """Answers with what an ordinary handler returned."""
    if hasattr(value, "__await__"):
        value = run(value)
    answer = _begin(call, value)
    if answer is None:
        return
    pieces = answer.pieces if answer.pieces is not None else iter((answer.body,))
    if hasattr(pieces, "__anext__"):
        pieces = iterate(pieces)
    try:
        for piece in pieces:
            data = piece_to_bytes(piece)
            _send_typed_head(call, answer, piece)
            # Lets a CANCEL end a stream that would otherwise go on for nobody.
            call.poll()
            call.check_cancelled()
            call.send_body(data)
        _conclude_stream(call, answer)
    finally:
        _close(pieces)


async def reply_async(call: LoopCall, value: Any) -> None:
    """Answers with what an async handler returned."""
    answer = _begin(call, value)
    if answer is None:
        return
    pieces = answer.pieces if answer.pieces is not None else iter((answer.body,))
    try:
        async for piece in _asynchronous(pieces):
            data = piece_to_bytes(piece)
            _send_typed_head(call, answer, piece)
            await call.send_body(data)
            # A generator that never waits would keep CANCEL, and the other calls, from taking effect.
            await call.give_way()
        _conclude_stream(call, answer)
    finally:
        if hasattr(pieces, "aclose"):
            await pieces.aclose()
        else:
            _close(pieces)


def fail(call: Call, error: BaseException) -> None:
    """Answers with an exception; when an answer is on its way already, it is broken off."""
    details = describe(error)
    call.flush()
    finish_lines(call)
    if not call.answered:
        call.answered = call.is_over = True
        call.channel.send(ERROR, call.id, to_json(details))
    elif call.is_websocket:
        call.send_end(to_json({"code": _INTERNAL_ERROR, "reason": "", "error": details}))
    else:
        call.send_end(to_json({"error": details}))


def _begin(call: Call, value: Any) -> Answer | None:
    """Sends all of an answer, or the head of a streamed one, which is returned."""
    if call.is_websocket:
        call.flush()
        finish_lines(call)
        call.send_end(_NORMAL_CLOSURE)
        return None
    answer = to_answer(value)
    call.flush()
    if type(answer) is bytes:
        call.is_over = True
        if call.unfinished_lines:
            finish_lines(call)
        call.answered = True
        call.channel.send(RESULT, call.id, b"", answer)
        return None
    if answer.is_streamed:
        if not answer.typed_by_first_piece:
            _send_head(call, answer)
        return answer
    finish_lines(call)
    call.is_over = True
    _send_head(call, answer)
    return None


def _send_typed_head(call: Call, answer: Answer, first_piece: Any) -> None:
    if not call.answered:
        answer.headers = [["content-type", type_of_piece(first_piece)]]
        _send_head(call, answer)


def _conclude_stream(call: Call, answer: Answer) -> None:
    # The head of a stream without any piece was not sent yet.
    _send_typed_head(call, answer, b"")
    call.flush()
    finish_lines(call)
    call.send_end()


def _send_head(call: Call, answer: Answer) -> None:
    head = answer.head()
    call.answered = True
    call.channel.send(RESULT, call.id, head, b"" if answer.is_streamed else answer.body)


async def _asynchronous(pieces: Any) -> Any:
    if hasattr(pieces, "__anext__"):
        async for piece in pieces:
            yield piece
    else:
        for piece in pieces:
            yield piece


def _close(pieces: Iterator[Any] | FilePieces) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
