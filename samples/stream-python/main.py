"""Counts down in server-sent events."""

import asyncio
import json
from typing import Any, AsyncIterator

from virga import Context, Event

MOST_EVENTS = 1000


async def handler(event: Event, ctx: Context) -> dict[str, Any]:
    try:
        count = int(event.query.get("from", "10"))
        interval = float(event.query.get("interval", "0.2"))
    except ValueError:
        return {"status": 400, "body": {"error": "`from` and `interval` are numbers"}}
    return {
        "headers": {"content-type": "text/event-stream", "cache-control": "no-cache"},
        "body": count_down(min(count, MOST_EVENTS), interval),
    }


async def count_down(count: int, interval: float) -> AsyncIterator[str]:
    for left in range(count, 0, -1):
        yield f"id: {count - left}\ndata: {json.dumps({'left': left})}\n\n"
        await asyncio.sleep(interval)
    yield "event: done\ndata: {}\n\n"
