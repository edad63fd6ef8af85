"""Messages that handlers publish."""

from __future__ import annotations

import json
import unittest

from .node import RESULT, Node
from .platform import OK, answer, ask, refuse, refused, text, value, varint
from .test_state import MODES, source


def ids(*results: str) -> bytes:
    return varint(len(results)) + b"".join(OK + text(id) for id in results)


class Publishing(unittest.TestCase):
    def test_a_message_is_written_with_all_that_is_said_of_it(self) -> None:
        code = (
            "from datetime import datetime, timezone\n"
            "at = datetime.fromtimestamp(1763712000.123, timezone.utc)\n"
            "return @ctx.publish('orders', {'n': 1}, key='ann', properties={'Source': 'web', 'n': 2}, event_time=at, deliver_after=5, sequence_id=42, producer='import')"
        )
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, code), concurrency=concurrency).open()
                request = ask(node)
                self.assertEqual(request.body, b"".join((
                    b"\5\1", text("orders"), bytes((63,)), varint(8), b'\1{"n":1}', text("ann"),
                    varint(2), text("Source"), text("web"), text("n"), text("2"), varint(1763712000123), varint(5000), varint(42), text("import"),
                )))
                answer(node, request, ids("3:14:2"))
                self.assertEqual(json.loads(node.expect(RESULT).body), "3:14:2")

    def test_several_messages_go_in_one_request(self) -> None:
        code = "return @ctx.publish_many('t', [{'message': 'a'}, {'message': b'b', 'key': 'k'}])"
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, code), concurrency=concurrency).open()
                request = ask(node)
                self.assertEqual(request.body, b"\5\2" + text("t") + b"\0" + value("a") + text("t") + b"\1" + value(b"b") + text("k"))
                answer(node, request, ids("1:0", "1:1"))
                self.assertEqual(json.loads(node.expect(RESULT).body), ["1:0", "1:1"])

    def test_messages_that_are_published_before_a_wait_go_together(self) -> None:
        with Node() as node:
            node.start("""
                import asyncio
                async def handler(event, ctx):
                    return await asyncio.gather(ctx.publish("a", 1), ctx.publish("b", 2), return_exceptions=False)
            """, concurrency=4).open()
            request = ask(node)
            self.assertEqual(request.body, b"\5\2" + text("a") + b"\0" + value(1) + text("b") + b"\0" + value(2))
            answer(node, request, ids("1:0", "2:0"))
            self.assertEqual(json.loads(node.expect(RESULT).body), ["1:0", "2:0"])

    def test_what_is_not_awaited_is_sent_before_the_answer(self) -> None:
        with Node() as node:
            node.start("async def handler(event, ctx): ctx.publish('a', 1)", concurrency=4).open()
            self.assertEqual(ask(node).body, b"\5\1" + text("a") + b"\0" + value(1))
            self.assertEqual(node.expect(RESULT).body, b"null")

    def test_a_refused_message_raises_what_became_of_it(self) -> None:
        code = "try:\n    @ctx.publish_many('t', [{'message': 1}, {'message': 2}])\nexcept virga.PlatformError as e:\n    return e.type"
        for whole in (True, False):
            for mode, concurrency in MODES:
                with self.subTest(mode, concurrency=concurrency, whole=whole), Node() as node:
                    node.start(source(mode, code), concurrency=concurrency).open()
                    request = ask(node)
                    if whole:
                        refuse(node, request, "storage-full")
                    else:
                        answer(node, request, varint(2) + OK + text("1:0") + refused("storage-full"))
                    self.assertEqual(json.loads(node.expect(RESULT).body), "storage-full")

    def test_a_message_that_cannot_be_sent_raises_at_once(self) -> None:
        for arguments, expected in (("deliver_after=-1", "-1000 is not from 0"), ("sequence_id=-1", "-1 is not from 0")):
            code = f"try:\n    @ctx.publish('t', 1, {arguments})\nexcept ValueError as e:\n    return str(e)"
            for mode, concurrency in MODES:
                with self.subTest(mode, concurrency=concurrency, arguments=arguments), Node() as node:
                    node.start(source(mode, code), concurrency=concurrency).open()
                    self.assertIn(expected, json.loads(node.expect(RESULT).body))

    def test_a_delay_that_is_no_number_is_refused_by_its_name(self) -> None:
        code = "try:\n    @ctx.publish('t', 1, deliver_after='soon')\nexcept TypeError as e:\n    return str(e)"
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, code), concurrency=concurrency).open()
                self.assertEqual(json.loads(node.expect(RESULT).body), "deliver_after is 'soon'; it must be a number of seconds")

    def test_many_messages_are_split_over_requests(self) -> None:
        code = "return len(@ctx.publish_many('t', [{'message': i} for i in range(1500)]))"
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, code), concurrency=concurrency).open()
                for count in (1000, 500):
                    request = ask(node)
                    self.assertEqual(request.body[:3], b"\5" + varint(count))
                    answer(node, request, ids(*["1:0"] * count))
                self.assertEqual(json.loads(node.expect(RESULT).body), 1500)
