"""What handlers are given."""

from __future__ import annotations

import json
import struct
import unittest

from .node import BODY, CANCEL, END, ERROR, RESULT, WINDOW, Node

MODES = (("def", 1), ("def", 4), ("async def", 4))


class Events(unittest.TestCase):
    def ask(self, expression: str, body: bytes | None = None, **fields: object) -> object:
        with Node() as node:
            node.start(f"def handler(event, ctx): return [{expression}]")
            answer = node.call(body=body, **fields)
            self.assertEqual(answer.kind, RESULT, answer)
            return json.loads(answer.body)[0]

    def test_the_query_is_decoded_and_the_last_of_a_name_wins(self) -> None:
        query = "n=1&n=2&s=a%20b+c&empty=&bare&%C3%BC=%C3%A4"
        self.assertEqual(self.ask("event.query", query=query), {"n": "2", "s": "a b c", "empty": "", "bare": "", "ü": "ä"})
        self.assertEqual(self.ask("event.query_all('n')", query=query), ["1", "2"])
        self.assertEqual(self.ask("event.query"), {})

    def test_the_event_reads_like_a_mapping_too(self) -> None:
        fields = {"query": "n=4", "params": {"id": "7"}, "method": "POST", "path": "/users/7"}
        both = "[event['query']['n'], event.query['n'], event['params']['id'], event.get('body'), event.get('x', 1)]"
        self.assertEqual(self.ask(both, **fields), ["4", "4", "7", None, 1])
        self.assertEqual(self.ask("'query' in event and 'x' not in event and dict(event)['method'] == 'POST'", **fields), True)

    def test_headers_are_joined_and_each_can_be_had(self) -> None:
        headers = [["accept", "a"], ["accept", "b"], ["cookie", "c=1"], ["cookie", "d=2"]]
        self.assertEqual(self.ask("event.headers", headers=headers), {"accept": "a, b", "cookie": "c=1; d=2"})
        self.assertEqual(self.ask("event.headers_all('Accept')", headers=headers), ["a", "b"])

    def test_the_body_is_parsed_by_its_content_type(self) -> None:
        for content_type, body, expected in [
            ("application/json", b'{"a":[1]}', {"a": [1]}), ("application/problem+json; charset=utf-8", b"1", 1),
            ("text/csv", b"a,b", "a,b"), ("text/plain; charset=latin-1", b"\xfc", "ü"), (None, "ü".encode(), "ü"),
            ("application/x-www-form-urlencoded", b"a=1", "a=1"), ("application/xml", b"<a/>", "<a/>"), ("application/json", b"", None),
        ]:
            with self.subTest(content_type):
                headers = [["content-type", content_type]] if content_type else []
                self.assertEqual(self.ask("event.body", body, headers=headers), expected)
        self.assertEqual(self.ask("list(event.body)", b"\1\2", headers=[["content-type", "image/png"]]), [1, 2])
        self.assertEqual(self.ask("[event.bytes().hex(), event.json(), event.text()]", b"1"), ["31", 1, "1"])

    def test_a_body_that_is_not_what_it_says_is_the_clients_fault(self) -> None:
        for content_type, body in [("application/json", b"{"), ("application/json", b"NaN"), ("application/json", b"\xff"),
                                   ("text/plain", b"\xff"), ("text/plain; charset=nope", b"a"), ("application/json", b"[" * 60_000)]:
            with self.subTest(content_type, body=body[:10]), Node() as node:
                node.start("def handler(event, ctx): return event.body")
                answer = node.call(body=body, headers=[["content-type", content_type]])
                self.assertEqual((answer.kind, answer.header["type"]), (ERROR, "invalid-body"))

    def test_a_long_body_is_whole_when_a_buffered_handler_is_called(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(f"{mode} handler(event, ctx): return len(event.bytes())", concurrency=concurrency)
                node.send(0x10, 1, {"id": "a", "body": "stream"})
                granted = 0
                for _ in range(24):
                    node.send(BODY, 1, None, b"x" * 100_000)
                    granted += 100_000
                    while granted > (1 << 20) - 100_000:
                        granted -= struct.unpack("<I", node.expect(WINDOW).body)[0]
                node.send(END, 1)
                while (answer := node.expect(WINDOW, RESULT)).kind == WINDOW:
                    continue
                self.assertEqual(answer.body, b"2400000")

    def test_a_streaming_handler_reads_the_body_while_it_arrives(self) -> None:
        sync = "def handler(event, ctx):\n    for piece in event.stream: yield piece.upper()\n"
        for source, concurrency in ((sync, 1), (sync, 4), ("async " + sync.replace("for", "async for"), 4)):
            with self.subTest(source[:9], concurrency=concurrency), Node() as node:
                node.start(source, concurrency=concurrency, requestBody="stream")
                node.send(0x10, 1, {"id": "a", "body": "stream"})
                for piece in (b"a", b"b"):
                    node.send(BODY, 1, None, piece)
                    if piece == b"a":
                        self.assertEqual(node.expect(RESULT).header["body"], "stream")
                    self.assertEqual(node.expect(BODY).body, piece.upper())
                node.send(END, 1)
                self.assertEqual(node.expect(END).header, {})

    def test_an_early_answer_discards_the_rest_of_the_body(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(f"{mode} handler(event, ctx): return 'early'", concurrency=concurrency, requestBody="stream")
                node.send(0x10, 1, {"id": "a", "body": "stream"})
                self.assertEqual(node.expect(RESULT).body, b'"early"')
                node.send(BODY, 1, None, b"x" * 1000)
                self.assertEqual(struct.unpack("<I", node.expect(WINDOW).body)[0], 1000)
                node.send(END, 1)
                node.send(0x10, 2, {"id": "b"})
                self.assertEqual(node.expect(RESULT).call, 2)


class Contexts(unittest.TestCase):
    def test_the_context_describes_call_and_function(self) -> None:
        with Node() as node:
            node.start("""
                from virga import Context, Event
                def handler(event: Event, ctx: Context):
                    return [ctx.invocation_id, ctx.function, ctx.namespace, ctx.tenant, ctx.version, ctx.attempt, ctx.traceparent,
                            0 < ctx.remaining_ms() <= 30_000, ctx.deadline.tzinfo is not None, ctx.cancelled]
            """)
            answer = node.call(attempt=2, traceparent="00-a")
            self.assertEqual(json.loads(answer.body), ["inv-1", "f", "default", "default", 3, 2, "00-a", True, True, False])

    def test_a_handler_that_asks_learns_that_it_was_cancelled(self) -> None:
        for concurrency in (1, 4):
            with self.subTest(concurrency=concurrency), Node() as node:
                node.start("""
                    def handler(event, ctx):
                        print('started')
                        while not ctx.cancelled: pass
                        ctx.raise_if_cancelled()
                """, concurrency=concurrency)
                node.open()
                self.assertEqual(node.receive().body, b"started")
                node.send(CANCEL, 1, {"reason": "deadline"})
                self.assertEqual(node.expect(ERROR).header["type"], "cancelled")

    def test_an_async_handler_is_cancelled_where_it_waits(self) -> None:
        with Node() as node:
            node.start("""
                import asyncio
                async def handler(event, ctx):
                    print('started')
                    await asyncio.sleep(1000)
            """)
            node.open()
            self.assertEqual(node.receive().body, b"started")
            node.send(CANCEL, 1, {"reason": "client-gone"})
            self.assertEqual(node.expect(ERROR).header["type"], "cancelled")

    def test_an_async_call_that_is_cancelled_at_once_is_answered_all_the_same(self) -> None:
        with Node() as node:
            node.start("async def handler(event, ctx): return 1")
            call = struct.pack("<IBII", 9 + 2, 0x10, 1, 2) + b"{}"
            node.write(call + struct.pack("<IBII", 9, 0x13, 1, 0))
            self.assertEqual(node.expect(ERROR).header["type"], "cancelled")
