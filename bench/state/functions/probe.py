"""Measures, inside one call, what reading shared state costs a function, and what the same costs with Redis over a socket."""

import json
import math
import os
import socket
import time

VALUE = {"id": 7, "name": "a value of some hundred bytes", "tags": ["shared", "state"], "text": "x" * 40}


class Redis:
    """As little of a client as can ask for values: one socket, RESP written and read by hand."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", int(os.environ["REDIS_PORT"])))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def ask(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        self.socket.sendall(b"".join(parts))
        return self.answer()

    def answer(self):
        line = self.reader.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            value = self.reader.read(int(rest) + 2)
            return value[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        return rest


redis = None


def operations(ctx):
    global redis
    if redis is None and "REDIS_PORT" in os.environ:
        redis = Redis()
    return {
        "virga get": lambda key, keys: ctx.state.get(key),
        "redis get": lambda key, keys: json.loads(redis.ask(b"GET", key.encode())),
        "virga batch": lambda key, keys: ctx.state.get_many(keys),
        "redis batch": lambda key, keys: [json.loads(value) for value in redis.ask(b"MGET", *[key.encode() for key in keys])],
        "virga put": lambda key, keys: ctx.state.put(key, VALUE),
        "redis put": lambda key, keys: redis.ask(b"SET", key.encode(), json.dumps(VALUE).encode()),
    }


def handler(event, ctx):
    query = event.query
    keys = [f"k{index}" for index in range(int(query.get("keys", "100")))]
    every = operations(ctx)
    operation = every[query["op"]]
    if "fill" in query:
        put = every["redis put" if query["op"].startswith("redis") else "virga put"]
        for key in keys:
            put(key, keys)

    latencies = []
    for index in range(int(query.get("warm", "200")) + int(query.get("count", "1000"))):
        key = keys[index * 7 % len(keys)]
        started = time.perf_counter_ns()
        operation(key, keys)
        latencies.append((time.perf_counter_ns() - started) / 1000)
    latencies = sorted(latencies[int(query.get("warm", "200")):])
    at = lambda share: latencies[math.ceil(share * len(latencies)) - 1]
    return {"p50": at(0.5), "p99": at(0.99), "perSecond": 1e6 * len(latencies) / sum(latencies)}
