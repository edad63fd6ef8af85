"""What handlers return, and what becomes of it."""

from __future__ import annotations

import json
import unittest

from .node import BODY, END, ERROR, RESULT, Frame, Node


def answer_of(body: str, **call: object) -> Frame:
    """The answer of a handler with this body."""
    with Node() as node:
        node.start("import math, dataclasses, io, datetime\ndef handler(event, ctx):\n    " + body + "\n")
        return node.call(**call)


class Answers(unittest.TestCase):
    def test_any_other_value_is_a_200_with_its_json(self) -> None:
        for source, expected in [("{'n': 1}", {"n": 1}), ("'text'", "text"), ("None", None), ("[1.5, 'ü']", [1.5, "ü"])]:
            with self.subTest(source):
                answer = answer_of(f"return {source}")
                self.assertEqual((answer.kind, answer.header, json.loads(answer.body)), (RESULT, {}, expected))

    def test_a_dataclass_is_written_as_an_object(self) -> None:
        answer = answer_of("return dataclasses.make_dataclass('P', ['x', 'y'])(1, [2])")
        self.assertEqual(json.loads(answer.body), {"x": 1, "y": [2]})

    def test_a_response_gives_status_headers_and_body(self) -> None:
        answer = answer_of("return {'status': 201, 'headers': {'X-A': 'b', 'Set-Cookie': ['c=1', 'd=2']}, 'body': {'n': 1}}")
        self.assertEqual(answer.header["status"], 201)
        self.assertEqual(answer.header["headers"], [
            ["x-a", "b"], ["set-cookie", "c=1"], ["set-cookie", "d=2"], ["content-type", "application/json"]])
        self.assertEqual(answer.body, b'{"n":1}')

    def test_the_content_type_follows_the_body_unless_it_is_given(self) -> None:
        for body, expected in [("'t'", "text/plain; charset=utf-8"), ("b'b'", "application/octet-stream"), ("7", "application/json")]:
            with self.subTest(body):
                self.assertEqual(answer_of(f"return {{'body': {body}}}").header["headers"], [["content-type", expected]])
        given = answer_of("return {'headers': [('Content-Type', 'text/csv')], 'body': 'a,b'}")
        self.assertEqual(given.header["headers"], [["content-type", "text/csv"]])

    def test_a_response_without_body_has_none(self) -> None:
        self.assertEqual(answer_of("return {'status': 204}").header, {"status": 204, "headers": [], "body": "none"})

    def test_bytes_are_an_octet_stream(self) -> None:
        answer = answer_of("return b'\\x00\\x01'")
        self.assertEqual((answer.header["headers"], answer.body), ([["content-type", "application/octet-stream"]], b"\0\1"))

    def test_a_value_without_json_form_is_unserialisable_and_named(self) -> None:
        for source, part in [
            ("{1, 2}", "type set"), ("{'a': [object()]}", "type object"), ("datetime.datetime.now()", "type datetime"),
            ("math.nan", "JSON"), ("{(1, 2): 3}", "keys must be"), ("'\\ud800'", "surrogate"),
        ]:
            with self.subTest(source):
                answer = answer_of(f"return {source}")
                self.assertEqual((answer.kind, answer.header["type"]), (ERROR, "unserialisable"))
                self.assertIn(part, answer.header["message"])

    def test_a_value_that_contains_itself_is_unserialisable(self) -> None:
        self.assertEqual(answer_of("a = []; a.append(a); return a").header["type"], "unserialisable")

    def test_a_response_that_http_does_not_allow_is_invalid(self) -> None:
        for source in [
            "{'status': 'ok'}", "{'status': 99}", "{'status': 600}", "{'status': True}", "{'status': 101}", "{'status': 199}",
            "{'headers': {'a': 'b\\r\\nc: d'}}", "{'headers': {'a b': 'c'}}", "{'headers': {'a\\n': 'c'}}",
            "{'headers': 7}", "{'headers': {'a': None}}",
        ]:
            with self.subTest(source):
                answer = answer_of(f"return {source}")
                self.assertEqual((answer.kind, answer.header["type"]), (ERROR, "invalid-response"), answer)

    def test_an_answer_that_is_too_large_for_one_frame_is_streamed(self) -> None:
        with Node() as node:
            node.start("def handler(event, ctx): return {'body': b'x' * 3_000_000}")
            head = node.call()
            self.assertEqual((head.header["body"], head.body), ("stream", b""))
            body, end = node.stream()
            self.assertEqual((body, end.header), (b"x" * 3_000_000, {}))


class StreamedAnswers(unittest.TestCase):
    def test_every_kind_of_iterator_is_streamed_in_every_mode(self) -> None:
        sources = {
            "generator": "def handler(event, ctx):\n    yield 'a'\n    yield b'b'\n",
            "iterator": "def handler(event, ctx):\n    return iter(['a', 'b'])\n",
            "async generator": "async def handler(event, ctx):\n    yield 'a'\n    yield 'b'\n",
            "async generator of an ordinary handler":
                "async def g():\n    yield 'a'\n    yield 'b'\ndef handler(event, ctx):\n    return {'body': g()}\n",
            "generator of an async handler": "async def handler(event, ctx):\n    return (x for x in 'ab')\n",
            "file": "import io\ndef handler(event, ctx):\n    return io.StringIO('ab')\n",
        }
        for name, source in sources.items():
            for concurrency in (1, 4):
                with self.subTest(name, concurrency=concurrency), Node() as node:
                    node.start(source, concurrency=concurrency)
                    self.assertEqual(node.call().header["body"], "stream")
                    body, end = node.stream()
                    self.assertEqual((body, end.header), (b"ab", {}))

    def test_a_bare_stream_of_text_is_plain_text(self) -> None:
        head = answer_of("yield 'a'")
        self.assertEqual(head.header["headers"], [["content-type", "text/plain; charset=utf-8"]])

    def test_a_stream_that_fails_before_its_first_piece_is_an_error(self) -> None:
        self.assertEqual(answer_of("raise ValueError('no')\n    yield 'a'").header["type"], "ValueError")

    def test_a_stream_that_fails_later_is_broken_off(self) -> None:
        for source in ("def handler(event, ctx):", "async def handler(event, ctx):"):
            with self.subTest(source), Node() as node:
                node.start(source + "\n    yield 'a'\n    raise ValueError('no')\n")
                self.assertEqual(node.call().kind, RESULT)
                body, end = node.stream()
                self.assertEqual((body, end.header["error"]["type"]), (b"a", "ValueError"))

    def test_a_stream_stops_when_its_credit_is_used_up_and_goes_on_when_there_is_more(self) -> None:
        for mode, concurrency in (("def", 1), ("def", 4), ("async def", 4)):
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(
                    f"{mode} handler(event, ctx):\n    for _ in range(3):\n        yield b'x' * 1_000_000\n", concurrency=concurrency)
                node.call()
                received = 0
                while received < 1 << 20:
                    received += len(node.expect(BODY).body)
                self.assertEqual(received, 1 << 20)
                node.send(0x16, 1, None, (1_000).to_bytes(4, "little"))
                self.assertEqual(len(node.expect(BODY).body), 1_000)
                node.send(0x16, 1, None, (5_000_000).to_bytes(4, "little"))
                while (frame := node.expect(BODY, END)).kind == BODY:
                    received += len(frame.body)
                self.assertEqual(received, 3_000_000 - 1_000)

    def test_a_cancelled_stream_ends_and_closes_its_generator(self) -> None:
        for mode, concurrency in (("def", 1), ("def", 4), ("async def", 4)):
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(f"""
                    {mode} handler(event, ctx):
                        try:
                            while True: yield 'x' * 1000
                        finally:
                            print('closed')
                """, concurrency=concurrency)
                node.call()
                node.send(0x13, 1, {"reason": "client-gone"})
                while (frame := node.expect(BODY, END)).kind == BODY:
                    node.send(0x16, 1, None, len(frame.body).to_bytes(4, "little"))
                self.assertEqual(frame.header["error"]["type"], "cancelled")
                self.assertIn(b"closed", [log.body for log in node.logs])
