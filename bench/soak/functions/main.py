"""Does what its query asks: answers, or fails in one of the ways in which functions fail."""

import os
import signal
import time


def hello():
    return {"hello": "world"}


def throw():
    raise RuntimeError("as asked")


def segfault():
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60)


def memory():
    held = []
    while True:
        held.append(b"1" * (16 * 1024 * 1024))


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
