"""Loading, failing, logging and ending."""

from __future__ import annotations

import json
import os
import signal
import unittest

from .node import END, ERROR, HELLO, MESSAGE, RESULT, SHUTDOWN, Frame, Node

MODES = (("def", 1), ("def", 4), ("async def", 4))


class Loading(unittest.TestCase):
    def failure(self, source: str | dict[str, str], handler: str = "") -> dict[str, str]:
        with Node() as node:
            header = node.load(source, handler).header
            self.assertFalse(header["ok"])
            return header["error"]

    def test_the_worker_greets_first(self) -> None:
        for transport in ("socket", "pipe"):
            with self.subTest(transport), Node(transport) as node:
                hello = node.expect(HELLO).header
                self.assertEqual((hello["protocol"], hello["runtime"], hello["version"][:5]), (1, "python", "3.11."))

    def test_module_and_function_have_defaults(self) -> None:
        one = "def handler(event, ctx): return 1\ndef other(event, ctx): return 2\n"
        for files, handler, expected in [
            ({"main.py": one}, "", b"1"), ({"main.py": one}, ":other", b"2"), ({"handler.py": one}, "", b"1"),
            ({"__init__.py": "from .part import handler", "part.py": one}, "", b"1"), ({"index.py": one}, "", b"1"),
            ({"only.py": one}, "", b"1"), ({"a.py": "", "b.py": one}, "b:other", b"2"), ({"pkg/mod.py": one}, "pkg.mod:", b"1"),
            ({"main.py": "import dep\nhandler = dep.handler", "vendor/dep/__init__.py": one}, "", b"1"), ({"json.py": one}, "json", b"1"),
        ]:
            with self.subTest(files=list(files), handler=handler), Node() as node:
                self.assertEqual(node.start(files, handler).call().body, expected)

    def test_a_syntax_error_names_its_place(self) -> None:
        error = self.failure("x = 1\ndef handler(:\n")
        self.assertEqual((error["type"], error["location"]), ("SyntaxError", "main.py:2:13"))

    def test_what_is_missing_is_named_with_what_is_there(self) -> None:
        error = self.failure("def hello(event, ctx): pass\n")
        self.assertEqual(error["type"], "handler-not-found")
        self.assertIn("hello", error["message"])
        for source, handler in (({"a.py": "", "b.py": ""}, ""), ("", "nope:handler"), ("import not_there", "")):
            with self.subTest(handler=handler):
                self.assertEqual(self.failure(source, handler)["type"], "module-not-found")

    def test_a_module_that_fails_shows_the_users_frames_only(self) -> None:
        error = self.failure("def f(): return 1 / 0\nf()\n")
        self.assertEqual((error["type"], error["location"]), ("ZeroDivisionError", "main.py:1"))
        self.assertNotIn("loader.py", error["stack"])
        self.assertNotIn("importlib", error["stack"])

    def test_the_environment_and_working_directory_are_set_before_loading(self) -> None:
        with Node() as node:
            node.start("import os\nvalue = [os.environ['G'], os.path.exists('main.py')]\ndef handler(e, c): return value", environment={"G": "hi"})
            self.assertEqual(json.loads(node.call().body), ["hi", True])


class Failing(unittest.TestCase):
    def test_an_exception_is_an_error_and_the_next_call_is_served(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                node.start(f"{mode} handler(event, ctx):\n    return 1 // int(event.query['n'])\n", concurrency=concurrency)
                error = node.call(query="n=0")
                self.assertEqual((error.kind, error.header["type"]), (ERROR, "ZeroDivisionError"))
                self.assertIn("main.py", error.header["stack"])
                self.assertNotIn("virga/", error.header["stack"])
                self.assertEqual(node.call(2, query="n=1").body, b"1")

    def test_endless_recursion_is_an_error(self) -> None:
        with Node() as node:
            node.start("def handler(event, ctx): return handler(event, ctx)")
            self.assertEqual(node.call().header["type"], "RecursionError")

    def test_sys_exit_ends_the_process_with_its_code(self) -> None:
        for mode, concurrency in MODES:
            for statement in ("sys.exit(7)", "exit(7)", "os._exit(7)"):
                with self.subTest(mode, concurrency=concurrency, statement=statement), Node() as node:
                    node.start(f"import os, sys\n{mode} handler(event, ctx):\n    {statement}\n", concurrency=concurrency)
                    node.open()
                    self.assertEqual(node.wait(), 7)

    def test_bytes_that_are_no_frame_end_the_worker(self) -> None:
        for garbage in (b"\xff" * 64, b"\x09\0\0\0\x7f" + b"\0" * 8):
            for mode, concurrency in MODES:
                with self.subTest(mode, concurrency=concurrency, garbage=garbage[:5]), Node() as node:
                    node.start(f"{mode} handler(event, ctx): pass", concurrency=concurrency).write(garbage)
                    self.assertEqual(node.wait(), 76)


class Ending(unittest.TestCase):
    def test_shutdown_lets_open_calls_finish(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency), Node() as node:
                wait = "await asyncio.sleep(0.05)" if mode != "def" else "time.sleep(0.05)"
                node.start(f"import asyncio, time\n{mode} handler(event, ctx):\n    {wait}\n    return 1\n", concurrency=concurrency)
                node.open()
                node.send(SHUTDOWN)
                self.assertEqual(node.expect(RESULT).body, b"1")
                self.assertEqual(node.wait(), 0)

    def test_an_idle_or_generic_worker_ends_with_the_channel_or_at_shutdown(self) -> None:
        for mode, concurrency in (*MODES, ("generic", 0)):
            for end in (Node.hang_up, lambda node: node.send(SHUTDOWN)):
                with self.subTest(mode, concurrency=concurrency), Node() as node:
                    if mode == "generic":
                        node.expect(HELLO)
                    else:
                        node.start(f"{mode} handler(event, ctx): pass", concurrency=concurrency)
                    end(node)
                    self.assertEqual(node.wait(), 0)

    def test_signals_keep_their_default_effect(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number), Node() as node:
                os.kill(node.start("def handler(event, ctx): pass").process.pid, number)
                self.assertEqual(node.wait(), -number)


class Logging(unittest.TestCase):
    def logs_of(self, body: str, mode: str = "def", concurrency: int = 1) -> list[Frame]:
        with Node() as node:
            node.start(f"import sys, os, logging, asyncio, subprocess\n{mode} handler(event, ctx):\n    {body}\n", concurrency=concurrency)
            self.assertEqual(node.call(9).kind, RESULT)
            return node.logs

    def test_prints_are_lines_of_their_call(self) -> None:
        for mode, concurrency in MODES:
            with self.subTest(mode, concurrency=concurrency):
                logs = self.logs_of("print('a', 1); print('b', end=''); print('c', file=sys.stderr)", mode, concurrency)
                self.assertEqual(
                    [(log.call, log.header.get("level", "info"), log.body) for log in logs],
                    [(9, "info", b"a 1"), (9, "error", b"c"), (9, "info", b"b")])

    def test_concurrent_calls_do_not_mix_their_lines(self) -> None:
        with Node() as node:
            node.start("""
                import asyncio
                async def handler(event, ctx):
                    for part in 'abc':
                        print(event.query['n'] + part, end='')
                        await asyncio.sleep(0)
                    print()
            """, concurrency=8)
            for call in range(1, 9):
                node.open(call, query=f"n={call}")
            for _ in range(8):
                node.expect(RESULT)
            self.assertEqual({log.call: log.body.decode() for log in node.logs}, {n: f"{n}a{n}b{n}c" for n in range(1, 9)})

    def test_the_logging_module_and_the_structured_logger_keep_levels_and_fields(self) -> None:
        logs = self.logs_of(
            "logging.warning('w %d', 1); logging.getLogger('db').error('e', extra={'rows': 3}); ctx.log.debug('d', n=1, o=object)")
        self.assertEqual([(log.header["level"], log.header.get("fields"), log.body) for log in logs], [
            ("warn", None, b"w 1"), ("error", {"rows": 3, "logger": "db"}, b"e"), ("debug", {"n": 1, "o": "<class 'object'>"}, b"d")])

    def test_long_output_is_cut_into_frames(self) -> None:
        self.assertEqual([len(log.body) for log in self.logs_of("print('x' * 150_000)")], [65536, 65536, 150_000 - 131072])

    def test_child_processes_never_reach_the_channel(self) -> None:
        with Node() as node:
            node.start("import os, subprocess\ndef handler(event, ctx):\n    os.system('echo child')\n    pid = os.fork()\n"
                       "    if not pid:\n        print('forked')\n        os._exit(0)\n    os.waitpid(pid, 0)\n")
            self.assertEqual(node.call().kind, RESULT)
            self.assertEqual((node.standard_error().split(), node.logs), (["child", "forked"], []))


class WebSockets(unittest.TestCase):
    def test_messages_go_both_ways_until_the_client_closes(self) -> None:
        sync = "def handler(event, ctx):\n    s = event.accept()\n    for m in s:\n        s.send(m * 2)\n    print(s.close_code)\n"
        for source, concurrency in ((sync, 1), (sync, 4), ("async " + sync.replace("for", "async for").replace("s.send", "await s.send"), 4)):
            with self.subTest(source[:9], concurrency=concurrency), Node() as node:
                node.start(source, concurrency=concurrency)
                self.assertEqual(node.call(trigger="websocket").header, {"status": 101})
                node.send(MESSAGE, 1, {"text": True}, "ü".encode())
                reply = node.expect(MESSAGE)
                self.assertEqual((reply.header, reply.body.decode()), ({"text": True}, "üü"))
                node.send(MESSAGE, 1, None, b"\0")
                self.assertEqual(node.expect(MESSAGE)[2:], ({}, b"\0\0"))
                node.send(END, 1, {"code": 1001})
                self.assertEqual(node.expect(END).header["code"], 1000)
                self.assertEqual(node.logs[-1].body, b"1001")

    def test_a_handler_that_does_not_accept_refuses(self) -> None:
        with Node() as node:
            node.start("def handler(event, ctx): return {'status': 403}")
            self.assertEqual(node.call(trigger="websocket").header["status"], 403)

    def test_a_failing_handler_closes_the_socket(self) -> None:
        with Node() as node:
            node.start("def handler(event, ctx):\n    event.accept()\n    raise ValueError('no')\n")
            node.call(trigger="websocket")
            end = node.expect(END).header
            self.assertEqual((end["code"], end["error"]["type"]), (1011, "ValueError"))


class Concurrency(unittest.TestCase):
    def test_calls_run_at_the_same_time_up_to_the_concurrency(self) -> None:
        sources = ("import threading\nb = threading.Barrier(3)\ndef handler(event, ctx):\n    b.wait(10)\n    return 1\n",
                   "import asyncio\nn = []\nasync def handler(event, ctx):\n    n.append(1)\n    while len(n) < 3: await asyncio.sleep(0)\n    return 1\n")
        for source in sources:
            with self.subTest(source[:15]), Node() as node:
                node.start(source, concurrency=3)
                for call in (1, 2, 3):
                    node.open(call)
                self.assertEqual({node.expect(RESULT).call for _ in range(3)}, {1, 2, 3})
