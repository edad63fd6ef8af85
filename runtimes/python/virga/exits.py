"""The ways out of the process."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """Runs the functions registered with `atexit` and ends the process, whatever threads the user's code left behind."""
    atexit._run_exitfuncs()
    os._exit(code)


def leave_as(request: SystemExit) -> NoReturn:
    """Ends the process as `sys.exit` in user code asks for: the node sees an instance that crashed with this code."""
    if request.code is None:
        leave(0)
    if isinstance(request.code, int):
        leave(request.code & 0xFF)
    print(request.code, file=sys.stderr)
    leave(1)
