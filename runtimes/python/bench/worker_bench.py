"""Measures the worker alone, from the node's side of its channel: start, specialising, a warm call.

Run as `/usr/bin/python3 runtimes/python/bench/worker_bench.py`; compile the worker first (see the README).
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKER = Path(__file__).resolve().parent.parent / "worker.py"
COMMAND = ["/usr/bin/python3", "-I", "-S", "-B", "-X", "utf8", str(WORKER)]
STARTS = 30
CALLS = 20_000
BATCH = 50
# How long a fresh instance is left alone before it is specialised: it warms up meanwhile, as it does in a pool.
WARM_UP_S = 0.4

HANDLERS = {
    "sync": ("def handler(event, ctx):\n    return {'hello': event.query.get('name', 'world')}\n", 1),
    "sync, 16 threads": ("def handler(event, ctx):\n    return {'hello': event.query.get('name', 'world')}\n", 16),
    "async": ("async def handler(event, ctx):\n    return {'hello': event.query.get('name', 'world')}\n", 16),
    "sync, JSON in, response out": (
        "def handler(event, ctx):\n    return {'status': 201, 'headers': {'x-n': 'y'}, 'body': event.body}\n", 1),
}
#: Asks for a small value so many times within a call, as a function does that uses shared state.
ASKS = 20_000
ASKING = {
    "def": ("def handler(event, ctx):\n    get = ctx.state.get\n    for _ in range(N): get('greeting')\n", 1, 1),
    "def, 100 keys at a time": ("KEYS = [f'k{n}' for n in range(100)]\ndef handler(event, ctx):\n    for _ in range(N // 100): ctx.state.get_many(KEYS)\n", 1, 100),
    "def in threads": ("def handler(event, ctx):\n    get = ctx.state.get\n    for _ in range(N): get('greeting')\n", 16, 1),
    "async def": ("async def handler(event, ctx):\n    get = ctx.state.get\n    for _ in range(N): await get('greeting')\n", 16, 1),
}
ECHO = "import os\nwhile data := os.read(0, 65536): os.write(1, data)\n"


def frame(kind: int, call: int, header: object, body: bytes = b"") -> bytes:
    head = json.dumps(header).encode()
    return struct.pack("<IBII", 9 + len(head) + len(body), kind, call, len(head)) + head + body


def spawn(command: list[str]) -> tuple[subprocess.Popen[bytes], int, float]:
    near, far = socket.socketpair()
    started = time.perf_counter()
    process = subprocess.Popen(command, stdin=far, stdout=far)
    far.close()
    return process, near.detach(), started


def specialise(channel: int, root: str, source: str, concurrency: int) -> float:
    Path(root, "main.py").write_text(source, encoding="utf-8")
    request = frame(0x02, 0, {"root": root, "handler": "", "concurrency": concurrency, "requestBody": "buffered"})
    started = time.perf_counter()
    os.write(channel, request)
    answer = os.read(channel, 65536)
    assert b'"ok":true' in answer, answer
    return time.perf_counter() - started


def round_trips(channel: int, request: bytes) -> list[float]:
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        os.write(channel, request)
        os.read(channel, 65536)
        times.append(time.perf_counter() - started)
    return times


def pipelined(channel: int, request: bytes) -> float:
    """Seconds of one call when the worker never waits: its own cost, without the scheduler's wake-ups."""
    batch = request * BATCH
    os.write(channel, request)
    answer_size = len(os.read(channel, 65536))
    started = time.perf_counter()
    for _ in range(CALLS // BATCH):
        os.write(channel, batch)
        missing = answer_size * BATCH
        while missing:
            missing -= len(os.read(channel, 65536))
    return (time.perf_counter() - started) / (CALLS // BATCH * BATCH)


def answer_asks(channel: int, keys: int) -> list[float]:
    """Answers the gets of one call; gives the seconds from one answer to the next request."""
    value = bytes(16) + b"\x07\2world!"
    body = struct.pack("<IB", 0, 0) + b"\0" + bytes((keys,)) + (b"\0\1" + value) * keys
    reply = bytearray(frame_of(0x21, 1, body))
    times = []
    asked = os.read(channel, 65536)
    while asked[4] == 0x20:
        # The request's id.
        reply[13:17] = asked[13:17]
        started = time.perf_counter()
        os.write(channel, reply)
        asked = os.read(channel, 65536)
        times.append((time.perf_counter() - started) / keys)
    return times[:-1]


def frame_of(kind: int, call: int, body: bytes) -> bytes:
    return struct.pack("<IBII", 9 + len(body), kind, call, 0) + body


def show(name: str, seconds: list[float], unit: str = "ms") -> None:
    factor = {"ms": 1e3, "us": 1e6}[unit]
    ordered = sorted(seconds)
    p99 = ordered[int(len(ordered) * 0.99)]
    print(f"{name:<42} p50 {statistics.median(ordered) * factor:8.2f} {unit}   p99 {p99 * factor:8.2f} {unit}")


def resident_kib(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])


def measure_starts(root: str) -> None:
    hellos, specialisings, ready = [], [], []
    memory = 0
    for _ in range(STARTS):
        process, channel, started = spawn(COMMAND)
        os.read(channel, 65536)
        hellos.append(time.perf_counter() - started)
        time.sleep(WARM_UP_S)
        memory = resident_kib(process)
        specialisings.append(specialise(channel, root, HANDLERS["sync"][0], 1))
        os.close(channel)
        process.wait()

        process, channel, started = spawn(COMMAND)
        os.read(channel, 65536)
        specialise(channel, root, HANDLERS["sync"][0], 1)
        ready.append(time.perf_counter() - started)
        os.close(channel)
        process.wait()
    show("spawn to HELLO", hellos)
    show("SPECIALISE of a warm generic instance", specialisings)
    show("spawn to SPECIALISED, without a pool", ready)
    print(f"{'resident memory of a generic instance':<42}     {memory / 1024:8.1f} MiB")


def measure_calls(root: str) -> None:
    header = {
        "id": "01JD3T", "trigger": "http", "method": "GET", "path": "/hello", "query": "name=you",
        "headers": [["host", "localhost"], ["accept", "*/*"], ["content-type", "application/json"]],
        "deadline": 1763712000123, "body": "inline",
    }
    request = frame(0x10, 1, header, b'{"a":1,"b":[1,2,3]}')
    process, channel, _ = spawn([sys.executable, "-I", "-S", "-c", ECHO])
    round_trips(channel, request)
    show("echo of the same frame (raw cost)", round_trips(channel, request), "us")
    os.close(channel)
    process.wait()
    for name, (source, concurrency) in HANDLERS.items():
        process, channel, _ = spawn(COMMAND)
        os.read(channel, 65536)
        specialise(channel, root, source, concurrency)
        round_trips(channel, request)
        show(f"warm call, {name}", round_trips(channel, request), "us")
        if name != "sync, 16 threads":
            print(f"{'  pipelined, each':<42}     {pipelined(channel, request) * 1e6:8.2f} us")
        os.close(channel)
        process.wait()


def measure_asks(root: str) -> None:
    for name, (source, concurrency, keys) in ASKING.items():
        process, channel, _ = spawn(COMMAND)
        os.read(channel, 65536)
        specialise(channel, root, f"N = {ASKS}\n{source}", concurrency)
        for _ in range(2):
            os.write(channel, frame(0x10, 1, {"id": "01JD3T"}))
            times = answer_asks(channel, keys)
        show(f"get of a small value, {name}", times, "us")
        os.close(channel)
        process.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        measure_starts(folder)
        measure_calls(folder)
        measure_asks(folder)
