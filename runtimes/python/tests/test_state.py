"""Shared state: what handlers ask for, and what they are given."""

from __future__ import annotations

import json
import unittest
from typing import Any

from .node import CANCEL, ERROR, RESULT, Node
from .platform import NO_KEY, OK, UNCHANGED, answer, ask, found, refuse, refused, respond, text, value, varint, version

#: Two little-endian numbers, as their digits.
VERSION_9 = "0000000000000009" + "0" * 16
MODES = (("def", 1), ("def", 4), ("async def", 4))


def source(mode: str, body: str) -> str:
    """A handler of the lines of `body`, in which `@` stands for `await` where there is something to await."""
    lines = "".join(f"    {line}\n" for line in body.replace("@", "await " if mode == "async def" else "").splitlines())
    return f"import virga\n{mode} handler(event, ctx):\n{lines}"


class Commands(unittest.TestCase):
    nodes: dict[tuple[str, int], Node] = {}

    @classmethod
    def setUpClass(cls) -> None:
        for mode, concurrency in MODES:
            node = cls.nodes[mode, concurrency] = Node()
            cls.addClassCleanup(node.__exit__)
            node.start(source(mode, "return @eval(event.body)"), concurrency=concurrency)

    def each(self, body: str, expected: bytes, result: bytes, gives: Any) -> None:
        """In every way of running handlers, one command looks like this, and its result gives that."""
        for (mode, concurrency), node in self.nodes.items():
            with self.subTest(mode, concurrency=concurrency, body=body):
                node.open(1, body.encode())
                self.assertEqual(respond(node, result).body, b"\1\1" + expected)
                answer_frame = node.expect(RESULT, ERROR)
                self.assertEqual((answer_frame.kind, json.loads(answer_frame.body)), (RESULT, gives), answer_frame)

    def test_get_gives_json_text_and_bytes_as_they_are(self) -> None:
        self.each("ctx.state.get('k')", b"\1" + text("k") + b"\1", found({"a": [1, None]}), {"a": [1, None]})
        self.each("ctx.state.get('ü')", b"\1" + text("ü") + b"\1", found("tëxt"), "tëxt")
        with Node() as node:
            node.start("def handler(e, c): return c.state.get('k')").open()
            respond(node, found(b"\0\xff"))
            self.assertEqual(node.expect(RESULT).body, b"\0\xff")

    def test_a_key_that_does_not_exist_gives_the_default(self) -> None:
        self.each("ctx.state.get('k')", b"\1" + text("k") + b"\1", OK + NO_KEY, None)
        self.each("ctx.state.get('k', 7)", b"\1" + text("k") + b"\1", OK + NO_KEY, 7)

    def test_of_siblings_get_gives_the_first_and_get_versioned_all(self) -> None:
        siblings = OK + b"\3" + version(9) + varint(2) + value("a") + value("b")
        self.each("ctx.state.get('k')", b"\1" + text("k") + b"\1", siblings, "a")
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "v = @ctx.state.get_versioned('k')\nreturn [v.value, v.version, v.siblings]"), concurrency=concurrency).open()
                respond(node, siblings)
                self.assertEqual(json.loads(node.expect(RESULT).body), ["a", VERSION_9, ["a", "b"]])

    def test_put_says_how_long_and_on_what_condition(self) -> None:
        for arguments, flags, rest in (
            ("'v'", 0, b""), ("'v', ttl=1.5", 1, varint(1500)), ("'v', if_absent=True", 2, bytes(16)),
            ("'v', ttl=2, if_version='07060504030201000f0e0d0c0b0a0908'", 3, varint(2000) + bytes(range(16))),
        ):
            for mode, concurrency in MODES:
                with self.subTest(mode, concurrency=concurrency, arguments=arguments), Node() as node:
                    node.start(source(mode, f"return @ctx.state.put('k', {arguments})"), concurrency=concurrency).open()
                    request = respond(node, OK + version(9))
                    self.assertEqual(request.body, b"\1\1\2" + text("k") + bytes((flags,)) + value("v") + rest)
                    self.assertEqual(json.loads(node.expect(RESULT).body), VERSION_9)

    def test_the_other_commands(self) -> None:
        self.each("ctx.state.delete('k')", b"\3" + text("k"), OK + b"\1", True)
        self.each("ctx.state.delete('k')", b"\3" + text("k"), OK + b"\0", False)
        self.each("ctx.state.merge('k', {'max': 5})", b"\6" + text("k") + text('{"max":5}'), OK + value(7), 7)
        self.each("ctx.state.query('k', {'set': 'size'})", b"\7" + text("k") + text('{"set":"size"}'), OK + value(3), 3)

    def test_views(self) -> None:
        for view, gives in (
            ("counter('k').increment()", b"\x08" + text("k") + varint(2)), ("counter('k').decrement(3)", b"\x08" + text("k") + varint(5)),
            ("counter('k').increment(1 << 40)", b"\x08" + text("k") + varint(1 << 41)),
        ):
            self.each("ctx.state." + view, gives, OK + varint(300), 150)
        self.each("ctx.state.counter('k').increment(-2)", b"\x08" + text("k") + varint(3), OK + varint(3), -2)
        for view, document in (
            ("set('k').add('a', 1)", {"set": {"add": ["a", 1]}}), ("set('k').remove('a')", {"set": {"remove": ["a"]}}),
            ("grow_set('k').add('a')", {"growSet": {"add": ["a"]}}), ("max('k').put(5)", {"max": 5}), ("min('k').put(5)", {"min": 5}),
            ("ordered_set('k').add('a', 1.5)", {"orderedSet": {"add": [{"member": "a", "score": 1.5}]}}),
            ("ordered_set('k').add_all({'a': 1})", {"orderedSet": {"add": [{"member": "a", "score": 1}]}}),
            ("ordered_set('k').remove('a')", {"orderedSet": {"remove": ["a"]}}), ("flag('k').set()", {"flag": True}),
            ("map('k').put('f', 1)", {"map": {"put": {"f": 1}}}), ("map('k').put_all({'f': 1})", {"map": {"put": {"f": 1}}}),
            ("map('k').remove('f')", {"map": {"remove": ["f"]}}),
            ("map('k').update('f', {'max': 1})", {"map": {"update": {"f": {"max": 1}}}}),
            ("log('k', keep=9).append('x')", {"log": {"append": ["x"], "keep": 9}}), ("log('k').append('x')", {"log": {"append": ["x"]}}),
            ("hyper_log_log('k', precision=12).add('a', 1)", {"hyperLogLog": {"add": ["a", 1], "precision": 12}}),
            ("theta('k').merge('AA==', None)", {"theta": {"merge": ["AA==", None]}}),
            ("count_min('k', error=0.01).increment('a', 3)", {"countMin": {"weighted": [{"value": "a", "weight": 3}], "error": 0.01}}),
            ("top_k('k', size=5).add('a')", {"topK": {"add": ["a"], "size": 5}}), ("quantiles('k').add(1, 2.5)", {"quantiles": {"add": [1, 2.5]}}),
            ("bloom('k', false_positives=0.1).add('a')", {"bloom": {"add": ["a"], "falsePositives": 0.1}}),
            ("reservoir('k').add_weighted('a', 0.5)", {"reservoir": {"weighted": [{"value": "a", "weight": 0.5}]}}),
        ):
            self.each("ctx.state." + view, b"\6" + text("k") + text(json.dumps(document, separators=(",", ":"))), OK + value({"size": 1}), {"size": 1})
        for view, document, result in (
            ("set('k').has('a')", {"set": {"has": "a"}}, True), ("grow_set('k').size()", {"growSet": "size"}, 4),
            ("ordered_set('k').score('a')", {"orderedSet": {"score": "a"}}, None), ("map('k').get('f')", {"map": {"get": "f"}}, 1), ("log('k').last(2)", {"log": {"last": 2}}, [1, 2]),
            ("hyper_log_log('k').estimate()", {"hyperLogLog": "estimate"}, {"estimate": 1}), ("bloom('k').has('a')", {"bloom": {"has": "a"}}, True),
            ("theta('k').intersection('AA==')", {"theta": {"intersection": ["AA=="]}}, {"estimate": 1}), ("theta('k').sketch()", {"theta": "sketch"}, "AA=="),
            ("count_min('k').count('a')", {"countMin": {"count": "a"}}, 3), ("top_k('k').top(1)", {"topK": {"top": 1}}, []),
            ("quantiles('k').quantiles(0.5, 1)", {"quantiles": {"at": [0.5, 1]}}, [1, 2]), ("reservoir('k').sample()", {"reservoir": {"sample": 10}}, ["a"]),
        ):
            self.each("ctx.state." + view, b"\7" + text("k") + text(json.dumps(document, separators=(",", ":"))), OK + value(result), result)
        for view, gives in (("counter('k').get()", 0), ("set('k').values()", []), ("map('k').entries()", {}), ("max('k').get()", None), ("hyper_log_log('k').count()", 0), ("quantiles('k').summary()", None), ("flag('k').get()", False)):
            self.each(f"ctx.state.{view}", b"\1" + text("k") + b"\1", OK + NO_KEY, gives)
        self.each("ctx.state.quantiles('k').quantile(0.5)", b"\7" + text("k") + text('{"quantiles":{"at":[0.5]}}'), OK + value([7]), 7)
        self.each(
            "ctx.state.ordered_set('k').range(0, 1, reverse=True)", b"\7" + text("k") + text('{"orderedSet":{"range":[0,1],"reverse":true}}'),
            OK + value([{"member": "a", "score": 2}]), [["a", 2]])

    def test_a_refusal_is_an_error_with_what_to_do(self) -> None:
        body = """
            try:
                @ctx.state.get('k')
            except virga.PlatformError as error:
                return [error.type, error.status, error.detail, error.fix, str(error)]
        """.replace("            ", "")
        for mode, concurrency in MODES:
            for whole in (True, False):
                with self.subTest(mode, concurrency=concurrency, whole=whole), Node() as node:
                    node.start(source(mode, body), concurrency=concurrency).open()
                    if whole:
                        refuse(node, ask(node), "state-unavailable", 503, detail="No store.", fix="Wait.")
                        expected = ["state-unavailable", 503, "No store.", "Wait.", "No store. Wait"]
                    else:
                        respond(node, refused("invalid-key", 400))
                        expected = ["invalid-key", 400, "", "", "invalid-key"]
                    self.assertEqual(json.loads(node.expect(RESULT).body), expected)

    def test_what_has_no_json_or_is_too_large_is_never_sent(self) -> None:
        for mode, concurrency in MODES:
            for argument, error in (("object()", "unserialisable"), ("'x' * (16 << 20 | 1)", "PlatformError")):
                with self.subTest(mode, concurrency=concurrency, argument=argument), Node() as node:
                    node.start(source(mode, f"return @ctx.state.put('k', {argument})"), concurrency=concurrency)
                    self.assertEqual(node.call().header["type"], error)


class Large(unittest.TestCase):
    def test_requests_and_answers_come_in_pieces(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "b = @ctx.state.get('k')\n@ctx.state.put('l', b)\nreturn len(b)"), concurrency=concurrency).open()
                large = bytes(range(256)) * 4000
                respond(node, found(large))
                request = respond(node, OK + version(2))
                self.assertEqual(request.body, b"\1\1\2" + text("l") + b"\0" + value(large))
                self.assertEqual(json.loads(node.expect(RESULT).body), len(large))

    def test_a_large_value_crosses_the_channel_again_only_when_it_has_changed(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "v = @ctx.state.get('k')\nv[0] += 1\nreturn v[:2]"), concurrency=concurrency)
                node.open(1)
                self.assertEqual(respond(node, found([0] * 5000, 7)).body, b"\1\1\1" + text("k") + b"\1")
                self.assertEqual(node.expect(RESULT).body, b"[1,0]")
                node.open(2)
                self.assertEqual(respond(node, OK + UNCHANGED).body, b"\1\1\1" + text("k") + b"\3" + version(7))
                # What the first handler did with its value is not seen.
                self.assertEqual(node.expect(RESULT).body, b"[1,0]")
                node.open(3)
                respond(node, found([5] * 5000, 8))
                self.assertEqual(node.expect(RESULT).body, b"[6,5]")
                node.open(4)
                self.assertEqual(respond(node, OK + NO_KEY).body, b"\1\1\1" + text("k") + b"\3" + version(8))
                self.assertEqual(node.expect(ERROR).header["type"], "TypeError")
                node.open(5)
                self.assertEqual(respond(node, found([1], 9)).body, b"\1\1\1" + text("k") + b"\1")
                self.assertEqual(node.expect(RESULT).body, b"[2]")

    def test_values_beyond_a_part_of_the_memory_are_forgotten_the_longest_unused_first(self) -> None:
        with Node() as node:
            node.start("def handler(event, ctx): return len(ctx.state.get(event.query['k']))\n", memory=4 * 100_000)

            def known(key: str) -> bool:
                node.open(query=f"k={key}")
                request = ask(node)
                answer(node, request, b"\1" + (OK + UNCHANGED if request.body[5] == 3 else found("x" * 30_000)))
                self.assertEqual(node.expect(RESULT).body, b"30000")
                return request.body[5] == 3

            self.assertEqual([known(key) for key in "abcabdabcd"], [False] * 3 + [True] * 2 + [False] + [True] * 2 + [False] * 2)


class Batches(unittest.TestCase):
    def test_get_many_is_one_request(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "return @ctx.state.get_many(['a', 'b', 'c'])"), concurrency=concurrency).open()
                request = respond(node, found(1), OK + NO_KEY, found("x"))
                self.assertEqual(request.body, b"\1\3" + b"".join(b"\1" + text(key) + b"\1" for key in "abc"))
                self.assertEqual(json.loads(node.expect(RESULT).body), {"a": 1, "c": "x"})

    def test_get_many_gives_every_kind_of_value_in_the_order_of_the_keys(self) -> None:
        long = "k" * 200
        results = {"a": found({"a": "ü,"}), "text": found("x"), long: found(2), "large": found(["y" * 200] * 300), "b": found([None]), "bytes": found(b"12345")}
        body = f"""
            found = @ctx.state.get_many(['a', 'text', '{long}', 'large', 'b', 'bytes', 'a'])
            return [[key, len(value) if key in ('large', 'bytes') else value] for key, value in found.items()]
        """
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, body), concurrency=concurrency).open()
                left = dict(results)
                while left:
                    request = ask(node)
                    asked = [key for key in left if b"\1" + text(key) + b"\1" in request.body]
                    self.assertTrue(asked)
                    answer(node, request, varint(len(asked)) + b"".join(left.pop(key) for key in asked))
                self.assertEqual(json.loads(node.expect(RESULT).body), [["a", {"a": "ü,"}], ["text", "x"], [long, 2], ["large", 300], ["b", [None]], ["bytes", 5]])

    def test_what_had_no_room_in_the_answer_is_asked_for_again(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "return @ctx.state.get_many(['a', 'b', 'c'])"), concurrency=concurrency).open()
                respond(node, found(1), refused("answer-full", 413), refused("answer-full", 413))
                self.assertEqual(respond(node, found(2), found(3)).body, b"\1\2" + b"".join(b"\1" + text(key) + b"\1" for key in "bc"))
                self.assertEqual(json.loads(node.expect(RESULT).body), {"a": 1, "b": 2, "c": 3})

    def test_a_pipeline_is_sent_at_its_end(self) -> None:
        with Node() as node:
            node.start("""
                def handler(event, ctx):
                    with ctx.state.pipeline() as p:
                        hits = p.counter("hits").increment()
                        p.put("last", "now")
                        try:
                            hits.result
                        except RuntimeError as error:
                            print("early")
                    return hits.result
            """).open()
            request = respond(node, OK + varint(16), OK + version(1))
            self.assertEqual(request.body, b"\1\2\x08" + text("hits") + varint(2) + b"\2" + text("last") + b"\0" + value("now"))
            self.assertEqual((node.expect(RESULT).body, [log.body for log in node.logs]), (b"8", [b"early"]))

    def test_a_command_that_fails_in_a_pipeline_does_not_hide_the_others(self) -> None:
        with Node() as node:
            node.start("""
                from virga import PlatformError
                def handler(event, ctx):
                    try:
                        with ctx.state.pipeline() as p:
                            a, b = p.get("a"), p.get("b")
                    except PlatformError as error:
                        return [error.type, a.error.type, b.result]
            """).open()
            respond(node, refused("invalid-key"), found(2))
            self.assertEqual(json.loads(node.expect(RESULT).body), ["invalid-key", "invalid-key", 2])

    def test_what_an_async_handler_asks_before_it_waits_goes_together(self) -> None:
        with Node() as node:
            node.start("""
                import asyncio
                async def handler(event, ctx):
                    async def one(key):
                        return await ctx.state.get(key)
                    first = ctx.state.put("x", "y")
                    values = await asyncio.gather(one("a"), one("b"))
                    await first
                    return values
            """).open()
            # Tasks begin in the next turn of the loop.
            requests = [ask(node)]
            if requests[0].body[1] == 1:
                requests.append(ask(node))
            self.assertEqual(b"".join(request.body[2:] for request in requests), b"\2" + text("x") + b"\0" + value("y") + b"\1" + text("a") + b"\1\1" + text("b") + b"\1")
            for request in reversed(requests):
                results = [OK + version(1), found(1), found(2)]
                count = request.body[1]
                answer(node, request, varint(count) + b"".join(results[:1] if count == 1 else results[-count:]))
            self.assertEqual(node.expect(RESULT).body, b"[1,2]")

    def test_what_nobody_awaits_is_sent_before_the_answer(self) -> None:
        with Node() as node:
            node.start("async def handler(event, ctx):\n    ctx.state.put('a', 'b')\n").open()
            self.assertEqual(ask(node).body, b"\1\1\2" + text("a") + b"\0" + value("b"))
            self.assertEqual(node.expect(RESULT).body, b"null")


class Iterating(unittest.TestCase):
    def test_list_goes_through_the_pages(self) -> None:
        page = b"\4" + text("p/")
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, f"return [list(e) {'async ' * (mode != 'def')}for e in ctx.state.list('p/')]"), concurrency=concurrency).open()
                self.assertEqual(respond(node, OK + varint(2) + b"".join(map(text, ("p/a", "counter", "p/b", "lww"))) + b"\1").body, b"\1\1" + page + b"\0" + varint(1000))
                self.assertEqual(respond(node, OK + varint(1) + text("p/c") + text("set") + b"\0").body, b"\1\1" + page + text("p/b") + varint(1000))
                self.assertEqual(json.loads(node.expect(RESULT).body), [["p/a", "counter"], ["p/b", "lww"], ["p/c", "set"]])

    def test_watch_follows_the_cursor(self) -> None:
        body = """
            changes = []
            %sfor change in ctx.state.watch('p/'):
                changes.append(list(change))
                if len(changes) == 3:
                    return changes
        """.replace("            ", "")
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, body % ("async " if mode != "def" else "")), concurrency=concurrency).open()
                self.assertEqual(respond(node, OK + varint(41) + b"\0").body, b"\1\1\5" + text("p/") + b"\0\0" + varint(1000))
                self.assertEqual(respond(node, OK + varint(41) + b"\0").body, b"\1\1\5" + text("p/") + varint(41) + varint(30_000) + varint(1000))
                respond(node, OK + varint(43) + varint(2) + text("p/a") + b"\1" + value(1) + text("p/b") + b"\0")
                self.assertEqual(respond(node, OK + varint(44) + varint(1) + text("p/c") + b"\1" + value("x")).body[6], 43)
                self.assertEqual(json.loads(node.expect(RESULT).body), [["p/a", 1, False], ["p/b", None, True], ["p/c", "x", False]])

    def test_watch_ends_when_nothing_happens_in_time(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, f"return [e {'async ' * (mode != 'def')}for e in ctx.state.watch('', timeout=0.05)]"), concurrency=concurrency).open()
                respond(node, OK + varint(1) + b"\0")
                while (frame := node.receive()).kind != RESULT:
                    id = frame.body[:4]
                    node.send(0x21, 1, None, id + b"\0" + OK + b"\1" + OK + varint(1) + b"\0")
                self.assertEqual(frame.body, b"[]")


class Ending(unittest.TestCase):
    def test_whoever_waits_learns_that_the_call_was_cancelled(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "return @ctx.state.get('k')"), concurrency=concurrency).open()
                request = ask(node)
                node.send(CANCEL, 1, {"reason": "client-gone"})
                while (frame := node.receive()).kind != ERROR:
                    self.assertEqual(frame.kind, 0x22)
                self.assertEqual(frame.header["type"], "cancelled")
                # An answer that is late is nobody's.
                answer(node, request, b"\1" + found(1))
                node.open(2)
                respond(node, found(2))
                self.assertEqual(node.expect(RESULT).body, b"2")

    def test_after_its_answer_a_call_asks_for_nothing(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(source(mode, "global kept\nif event.query.get('n'):\n    kept = ctx\n    return 1\nreturn @kept.state.get('k')"), concurrency=concurrency)
                node.call(1, query="n=1")
                error = node.call(2)
                self.assertEqual((error.kind, error.header["type"]), (ERROR, "RuntimeError"))

    def test_a_thread_of_an_inline_handler_is_told_what_to_do(self) -> None:
        with Node() as node:
            node.start("""
                from concurrent.futures import ThreadPoolExecutor
                def handler(event, ctx):
                    with ThreadPoolExecutor() as pool:
                        return pool.submit(ctx.state.get, "k").result()
            """)
            self.assertIn("concurrency above 1", node.call().header["message"])

    def test_threads_of_a_concurrent_handler_ask_at_the_same_time(self) -> None:
        with Node() as node:
            node.start("""
                from concurrent.futures import ThreadPoolExecutor
                def handler(event, ctx):
                    with ThreadPoolExecutor(2) as pool:
                        return list(pool.map(ctx.state.get, "ab"))
            """, concurrency=2).open()
            for request in reversed([ask(node), ask(node)]):
                answer(node, request, b"\1" + found(request.body[4:5].decode()))
            self.assertEqual(node.expect(RESULT).body, b'["a","b"]')

    def test_calls_at_the_same_time_get_their_own_answers(self) -> None:
        for mode in ("def", "async def"):
            with self.subTest(mode), Node() as node:
                node.start(source(mode, "return @ctx.state.get(event.query['k'])"), concurrency=3)
                for call, key in enumerate("abc", 1):
                    node.open(call, query=f"k={key}")
                for request in reversed([ask(node), ask(node), ask(node)]):
                    answer(node, request, b"\1" + found(request.body[4:5].decode()))
                self.assertEqual({frame.call: frame.body for frame in (node.expect(RESULT), node.expect(RESULT), node.expect(RESULT))}, {1: b'"a"', 2: b'"b"', 3: b'"c"'})
