"""Other functions, messages between running calls, and references."""

from __future__ import annotations

import json
import unittest

from .node import ERROR, RESULT, WITHDRAW, Node
from .platform import NO_KEY, OK, UNCHANGED, answer, ask, found, refuse, respond, text, value, varint, version
from .test_state import MODES, source

JSON_HEADERS = [["content-type", "application/json"]]


def called(status: int, content_type: str, body: bytes) -> bytes:
    return varint(status) + text(content_type) + varint(len(body)) + body


class Calling(unittest.TestCase):
    def test_a_call_gives_what_the_function_answers(self) -> None:
        for content_type, body, expected in (
            ("application/json", b'{"a":1}', {"a": 1}), ("text/plain; charset=utf-8", "ü".encode(), "ü"), ("", b"", None), ("application/json", b"oops", "oops"),
        ):
            for mode, concurrency in MODES:
                with self.subTest(mode, concurrency=concurrency, content_type=content_type), Node() as node:
                    code = "r = @ctx.call('g:live', {'n': [1]})\nreturn r.decode() if isinstance(r, bytes) else r"
                    node.start(source(mode, code), concurrency=concurrency).open()
                    request = ask(node)
                    self.assertEqual(request.body, b"\2" + text("g:live") + b"\0" + varint(10) + b'\1{"n":[1]}' + b"\0")
                    answer(node, request, called(200, content_type, body))
                    self.assertEqual(json.loads(node.expect(RESULT).body), expected)

    def test_arguments_are_text_bytes_json_or_nothing(self) -> None:
        for argument, expected in (("'x'", value("x")), ("b'x'", value(b"x")), ("3", value(3)), ("None", b"\0")):
            with self.subTest(argument), Node() as node:
                node.start(f"def handler(e, c): c.call('g', {argument})").open()
                self.assertEqual(ask(node).body, b"\2" + text("g") + b"\0" + expected + b"\0")

    def test_references_in_an_argument_are_named(self) -> None:
        with Node() as node:
            node.start("def handler(e, c): c.call('g', {'m': c.ref('models/7'), 'l': [c.ref('x')]})").open()
            document = b'{"m":{"$ref":"models/7"},"l":[{"$ref":"x"}]}'
            self.assertEqual(ask(node).body, b"\2" + text("g") + b"\0" + varint(len(document) + 1) + b"\1" + document + b"\2" + text("models/7") + text("x"))

    def test_a_function_that_fails_raises(self) -> None:
        code = "try:\n    @ctx.call('g')\nexcept virga.FunctionFailed as e:\n    return [e.status, e.type, e.body, e.detail]"
        document = {"type": "urn:virga:problem:timeout", "status": 504, "title": "t", "detail": "Too late."}
        for body, expected in (
            (b'"no"', [404, "call-failed", "no", "'g' answered 404: no"]),
            (json.dumps(document).encode(), [404, "call-failed", document, "'g' answered 404: Too late."]),
        ):
            for mode, concurrency in MODES:
                with self.subTest(mode, concurrency=concurrency, body=body), Node() as node:
                    node.start(source(mode, code), concurrency=concurrency).open()
                    answer(node, ask(node), called(404, "application/problem+json", body))
                    self.assertEqual(json.loads(node.expect(RESULT).body), expected)

    def test_futures_run_at_the_same_time(self) -> None:
        code = "a, b = ctx.call_async('a'), ctx.call_async('b')\n"
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                ending = "return [await a, await b]" if mode == "async def" else "return [a.result(), b.result(10)]"
                node.start(source(mode, code + ending), concurrency=concurrency).open()
                first, second = ask(node), ask(node)
                self.assertEqual((first.body, second.body), (b"\2" + text("a") + b"\1\0\0", b"\2" + text("b") + b"\1\0\0"))
                answer(node, second, called(200, "application/json", b"2"))
                answer(node, first, called(200, "application/json", b"1"))
                self.assertEqual(node.expect(RESULT).body, b"[1,2]")

    def test_a_future_that_is_not_ready_times_out_and_can_be_withdrawn(self) -> None:
        for concurrency in (1, 4):
            with self.subTest(concurrency=concurrency), Node() as node:
                node.start("""
                    def handler(event, ctx):
                        future = ctx.call_async("g")
                        try:
                            future.result(timeout=0.01)
                        except TimeoutError:
                            assert not future.done()
                            future.cancel()
                        try:
                            future.result()
                        except RuntimeError as error:
                            return str(error)
                """, concurrency=concurrency).open()
                request = ask(node)
                self.assertEqual(node.expect(WITHDRAW).body, request.id.to_bytes(4, "little"))
                self.assertEqual(node.expect(RESULT).body, b'"the request was withdrawn"')

    def test_an_async_wait_that_is_cancelled_is_withdrawn(self) -> None:
        with Node() as node:
            node.start("""
                import asyncio
                async def handler(event, ctx):
                    try:
                        await asyncio.wait_for(ctx.receive(), 0.01)
                    except asyncio.TimeoutError:
                        return "late"
            """, concurrency=2).open()
            request = ask(node)
            self.assertEqual(node.expect(WITHDRAW).body, request.id.to_bytes(4, "little"))
            self.assertEqual(node.expect(RESULT).body, b'"late"')

    def test_no_more_requests_are_open_than_the_node_allows(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                ending = "return sum([await f for f in fs])" if mode == "async def" else "return sum(f.result() for f in fs)"
                node.start(source(mode, f"fs = [ctx.call_async('g') for _ in range(600)]\n{ending}"), concurrency=concurrency).open()
                requests = [ask(node) for _ in range(512)]
                for request in requests[:88]:
                    answer(node, request, called(200, "application/json", b"1"))
                requests += [ask(node) for _ in range(88)]
                for request in requests[88:]:
                    answer(node, request, called(200, "application/json", b"1"))
                self.assertEqual(node.expect(RESULT).body, b"600")


class Messages(unittest.TestCase):
    def test_a_call_has_an_id_that_others_send_to(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "return [ctx.id, @ctx.send('n2.x', {'a': 1}), @ctx.send('n2.x', b'y')]"), concurrency=concurrency, node="n1").open()
                first = ask(node)
                self.assertEqual(first.body, b"\3" + text("n2.x") + varint(8) + b'\1{"a":1}')
                answer(node, first, b"\1")
                answer(node, ask(node), b"\2")
                self.assertEqual(node.expect(RESULT).body, b'["n1.inv-1","delivered","inbox"]')

    def test_messages_are_received_with_their_senders(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "return [list(m) for m in @ctx.receive(timeout=2.5, max=10)]"), concurrency=concurrency).open()
                request = ask(node)
                self.assertEqual(request.body[:1] + request.body[-1:], b"\4\x0a")
                answer(node, request, varint(2) + text("n.a") + value("hi") + text("n.b") + value([1]))
                self.assertEqual(json.loads(node.expect(RESULT).body), [["n.a", "hi"], ["n.b", [1]]])

    def test_receive_waits_as_long_as_it_takes_or_gives_nothing(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "return [len(@ctx.receive()), len(@ctx.receive(timeout=0))]"), concurrency=concurrency).open()
                for _ in range(2):
                    request = ask(node)
                    self.assertEqual(request.body, b"\4" + varint(60_000) + varint(1000))
                    answer(node, request, varint(0))
                answer(node, ask(node), varint(1) + text("n.a") + value(1))
                last = ask(node)
                self.assertEqual(last.body, b"\4\0" + varint(1000))
                answer(node, last, varint(0))
                self.assertEqual(node.expect(RESULT).body, b"[1,0]")


class References(unittest.TestCase):
    def test_values_stand_where_references_stood(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "return event.body"), concurrency=concurrency)
                body = json.dumps({"a": {"$ref": "k"}, "b": [{"$ref": "gone"}, {"$ref": "unnamed"}, 1]}).encode()
                node.open(1, body, headers=JSON_HEADERS, references=["k", "gone"])
                self.assertEqual(respond(node, found("v" * 5000, 3), OK + NO_KEY).body, b"\1\2\1" + text("k") + b"\1\1" + text("gone") + b"\1")
                self.assertEqual(json.loads(node.expect(RESULT).body), {"a": "v" * 5000, "b": [None, {"$ref": "unnamed"}, 1]})
                node.open(2, b'{"$ref":"k"}', headers=JSON_HEADERS, references=["k"])
                self.assertEqual(respond(node, OK + UNCHANGED).body, b"\1\1\1" + text("k") + b"\3" + version(3))
                self.assertEqual(json.loads(node.expect(RESULT).body), "v" * 5000)

    def test_parsed_values_are_shared_between_calls(self) -> None:
        with Node() as node:
            node.start("seen = []\ndef handler(event, ctx):\n    seen.append(event.body)\n    return seen[0] is event.body\n")
            for call, result in ((1, found([0] * 5000, 3)), (2, OK + UNCHANGED)):
                node.open(call, b'{"$ref":"k"}', headers=JSON_HEADERS, references=["k"])
                respond(node, result)
                self.assertEqual(node.expect(RESULT).body, b"true")

    def test_a_reference_that_cannot_be_read_fails_the_call(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "return 1"), concurrency=concurrency)
                node.open(1, b'{"$ref":"k"}', headers=JSON_HEADERS, references=["k"])
                refuse(node, ask(node), "state-unavailable", 503)
                self.assertEqual(node.expect(ERROR).header["type"], "PlatformError")
