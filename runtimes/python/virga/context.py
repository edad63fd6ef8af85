"""What a handler knows about its call besides the request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .codec import Reference
from .logs import send_log

if TYPE_CHECKING:
    from datetime import datetime

    from .call import Call


class Log:
    """Structured log lines of one call: `ctx.log.info("stored", rows=3)`."""

    __slots__ = ("_call",)

    def __init__(self, call: Call) -> None:
        self._call = call

    def debug(self, message: object, /, **fields: Any) -> None:
        """For whoever looks for a fault."""
        send_log(self._call, "debug", str(message), fields)

    def info(self, message: object, /, **fields: Any) -> None:
        """What happened."""
        send_log(self._call, "info", str(message), fields)

    def warning(self, message: object, /, **fields: Any) -> None:
        """What should be looked at some day."""
        send_log(self._call, "warn", str(message), fields)

    warn = warning

    def error(self, message: object, /, **fields: Any) -> None:
        """What should be looked at now."""
        send_log(self._call, "error", str(message), fields)


class Context:
    """The call and the function that it runs.

    `state`, `call`, `send`, `receive` and `publish` wait in an ordinary handler; in an async one they are awaited.
    """

    __slots__ = ("_call", "_fields", "_function", "_log", "_state")

    def __init__(self, fields: dict[str, Any], function: dict[str, Any], call: Call) -> None:
        self._fields = fields
        self._function = function
        self._call = call

    @property
    def invocation_id(self) -> str:
        """The id by which this call is found in logs; the caller has it from `Virga-Invocation-Id`."""
        return self._fields.get("id", "")

    @property
    def function(self) -> str:
        """The function's name."""
        return self._function.get("function", "")

    @property
    def namespace(self) -> str:
        """The namespace that the function is in."""
        return self._function.get("namespace", "")

    @property
    def tenant(self) -> str:
        """The tenant whose function this is."""
        return self._function.get("tenant", "")

    @property
    def version(self) -> int:
        """The version of the function that runs."""
        return self._function.get("version", 0)

    @property
    def deadline(self) -> datetime:
        """When the caller is told that the call took too long, in UTC."""
        from datetime import datetime, timezone

        return datetime.fromtimestamp(self._deadline_ms() / 1000, timezone.utc)

    def remaining_ms(self) -> int:
        """Milliseconds until the deadline; 0 once it has passed."""
        return max(0, int(self._deadline_ms() - time.time() * 1000))

    @property
    def cancelled(self) -> bool:
        """Nobody waits for this call any more."""
        call = self._call
        if call.cancel_reason is None:
            call.poll()
        return call.cancel_reason is not None

    def raise_if_cancelled(self) -> None:
        """Raises Cancelled when nobody waits for this call any more."""
        self._call.poll()
        self._call.check_cancelled()

    @property
    def traceparent(self) -> str | None:
        """The W3C trace parent to hand on to whatever the handler calls."""
        return self._fields.get("traceparent")

    @property
    def attempt(self) -> int:
        """1 for the first delivery of this call, more when it is repeated."""
        return self._fields.get("attempt", 1)

    @property
    def id(self) -> str:
        """The id by which other running calls send messages to this one: `ctx.send(id, message)`."""
        node = self._function.get("node", "")
        return f"{node}.{self.invocation_id}" if node else self.invocation_id

    @property
    def state(self) -> Any:
        """Shared state: a virga.State, in an async handler a virga.AsyncState."""
        try:
            return self._state
        except AttributeError:
            self._state = self._call.open_state(self._function)
            return self._state

    def call(self, function: str, argument: Any = None) -> Any:
        """Calls another function (`NAME` or `NAME:VERSION-OR-ALIAS`) and gives what it answers: JSON parsed, text as str, else bytes.

        The argument is the body of its event: str as text, bytes as bytes, anything else as JSON, in which `ctx.ref(key)` stands
        for the value under a key. Raises virga.FunctionFailed when the function answers with a status of 400 or more.
        """
        return self._call.call_function(function, argument)

    def call_async(self, function: str, argument: Any = None) -> Any:
        """Starts the same and goes on; gives a future with `.result(timeout)`, in an async handler a task to await.

        The called function goes on when this call has ended.
        """
        return self._call.start_function(function, argument)

    def ref(self, key: str) -> Reference:
        """Stands for the value under a key, anywhere in the argument of a call: the called function finds the value in its place,
        from the cache of the node that it runs on."""
        return Reference(key)

    def send(self, id: str, message: Any) -> Any:
        """Sends a message to a running call of the same namespace, by its `ctx.id`; gives `delivered`, or `inbox` when it waits there
        for a call that could not be reached."""
        return self._call.send_to(id, message)

    def receive(self, timeout: float | None = None, max: int = 1000) -> Any:
        """Waits for messages to this call, at most so many; gives a list of virga.Message, which is empty after `timeout` seconds without any.

        Without a timeout it waits as long as the call may run.
        """
        return self._call.receive_messages(timeout, max)

    def publish(
        self, topic: str, message: Any, *, key: str | None = None, properties: Mapping[str, object] | None = None, event_time: datetime | float | None = None,
        deliver_after: float | None = None, sequence_id: int | None = None, producer: str | None = None,
    ) -> Any:
        """Publishes a message to a topic of the namespace; gives its id when it is as durable as the topic promises.

        str is published as text, bytes as bytes, anything else as JSON. Messages with equal keys stay in order. `event_time` is a datetime or seconds
        since 1970, `deliver_after` seconds; a topic with deduplication keeps each `sequence_id` of a `producer` (the function itself unless said) once.
        """
        from .publishing import message_to_bytes

        return self._call.publish_one(message_to_bytes(
            topic, message, key=key, properties=properties, event_time=event_time, deliver_after=deliver_after, sequence_id=sequence_id, producer=producer,
        ))

    def publish_many(self, topic: str, messages: Iterable[Mapping[str, Any]]) -> Any:
        """Publishes several messages together, each a dict with `message` and, if need be, what `publish` takes; gives their ids."""
        from .publishing import many_to_bytes

        return self._call.publish(many_to_bytes(topic, messages))

    @property
    def log(self) -> Log:
        """Writes structured log lines of this call."""
        try:
            return self._log
        except AttributeError:
            self._log = Log(self._call)
            return self._log

    def __repr__(self) -> str:
        return f"<Context {self.invocation_id} of {self.namespace}/{self.function}:{self.version}>"

    def _deadline_ms(self) -> int:
        # A call without a deadline has one that nobody reaches: the last second that datetime knows.
        return self._fields.get("deadline", 253402300799000)
