"""Does what its query asks: answers, or fails in one of the ways in which functions fail."""

import os
import signal
import time

# A machine without limits shall survive the bomb: the answer then tells that it went off.
MOST_PIECES = 64


def hello():
    return {"hello": "world"}


def throw():
    raise RuntimeError("as asked")


def segfault():
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60)


def memory():
    held = []
    while len(held) < MOST_PIECES:
        held.append(b"1" * (16 * 1024 * 1024))
    return {"held": len(held)}


def spin():
    while True:
        pass


BEHAVIOURS = {
    "hello": hello,
    "throw": throw,
    "exit": lambda: os._exit(1),
    "segfault": segfault,
    "memory": memory,
    "sleep": lambda: time.sleep(60),
    "spin": spin,
}


def handler(event, ctx):
    return BEHAVIOURS[event.query["do"]]()
