"""Continuing as a clone of a snapshot."""

from __future__ import annotations

import base64
import json
import unittest
from typing import Any

from .node import RESTORE, RESTORED, Node

SEED = bytes(range(32))
MODES = (("def", 1), ("def", 4), ("async def", 4))


def restored(node: Node, entropy: bytes = SEED) -> dict[str, Any]:
    node.send(RESTORE, 0, {"entropy": base64.b64encode(entropy).decode(), "time": 1, "instance": "i7"})
    return node.expect(RESTORED).header


class Restoring(unittest.TestCase):
    def draw(self, entropy: bytes) -> list[Any]:
        with Node() as node:
            node.start("import random, ssl\ndef handler(e, c): return [random.random(), random.getrandbits(64)]\n", snapshot=True)
            self.assertEqual(restored(node, entropy), {"ok": True})
            return json.loads(node.call().body)

    def test_random_numbers_are_those_of_the_seed(self) -> None:
        first, same, other = self.draw(SEED), self.draw(SEED), self.draw(SEED[::-1])
        self.assertEqual(first, same)
        self.assertNotEqual(first, other)

    def test_hooks_run_in_order_before_the_answer(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(f"""
                    import asyncio
                    from virga import on_restore
                    seen = []
                    @on_restore
                    async def first():
                        await asyncio.sleep(0)
                        seen.append("first")
                    on_restore(lambda: seen.append("second"))
                    {mode} handler(event, ctx): return seen
                    """, snapshot=True, concurrency=concurrency)
                self.assertEqual(restored(node), {"ok": True})
                self.assertEqual(json.loads(node.call().body), ["first", "second"])
                self.assertEqual(json.loads(node.call(2).body), ["first", "second"])

    def test_without_a_restore_calls_are_served_and_no_hook_runs(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(
                    f"import virga\nseen = []\nvirga.on_restore(lambda: seen.append(1))\n{mode} handler(e, c): return [seen, e.body]\n",
                    snapshot=True, concurrency=concurrency,
                )
                large = json.dumps("x" * 60_000).encode()
                for call in (1, 2):
                    answer = node.call(call, large, headers=[["content-type", "application/json"]])
                    self.assertEqual(json.loads(answer.body), [[], "x" * 60_000])

    def test_a_hook_that_raises_is_told_with_its_place(self) -> None:
        with Node() as node:
            node.start("from virga import on_restore\n@on_restore\ndef connect():\n    raise OSError('no connection')\ndef handler(e, c): pass\n", snapshot=True)
            answer = restored(node)
            self.assertFalse(answer["ok"])
            self.assertEqual((answer["error"]["type"], answer["error"]["location"]), ("OSError", "main.py:4"))

    def test_a_worker_that_may_not_be_cloned_takes_it_for_an_error(self) -> None:
        with Node() as node:
            node.start("def handler(e, c): pass\n")
            node.send(RESTORE, 0, {"entropy": "", "time": 1, "instance": "i7"})
            self.assertRaises(EOFError, node.receive)
            self.assertEqual(node.wait(), 76)
