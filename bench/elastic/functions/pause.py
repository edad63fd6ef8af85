"""Waits as long as it is asked to, like a call of something elsewhere."""

import asyncio


async def handler(event, ctx):
    await asyncio.sleep(float(event.query.get("ms", "20")) / 1000)
    return {"hello": "world"}
