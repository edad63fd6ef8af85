"""Names and limits of the worker protocol, version 1 (docs/worker-protocol.md)."""

from __future__ import annotations

from struct import Struct

SPECIALISE = 0x02
SPECIALISED = 0x03
SHUTDOWN = 0x04
RESTORE = 0x05
RESTORED = 0x06
CALL = 0x10
RESULT = 0x11
ERROR = 0x12
CANCEL = 0x13
BODY = 0x14
END = 0x15
WINDOW = 0x16
LOG = 0x17
MESSAGE = 0x18
ASK = 0x20
ANSWER = 0x21
WITHDRAW = 0x22

#: length, kind, call, header length.
PREFIX = Struct("<IBII")
#: The `length` field counts what follows it: at least kind, call and header length.
LENGTH_SIZE = 4
MIN_LENGTH = PREFIX.size - LENGTH_SIZE
MAX_LENGTH = 1024 * 1024 + 64 * 1024

CREDIT = Struct("<I")

#: Bytes of body in one CALL or RESULT; a longer one travels in BODY frames.
MAX_INLINE_BODY = 64 * 1024
#: Bytes of body in one BODY, MESSAGE, ASK or ANSWER frame.
MAX_PIECE = 256 * 1024
#: Bytes of BODY and MESSAGE that a call may send before it is given more.
INITIAL_CREDIT = 1024 * 1024
#: Bytes of body in one LOG frame; the node cuts what is longer.
MAX_LOG = 64 * 1024

#: The call id of frames that concern the instance itself.
INSTANCE = 0
