"""Its initialisation computes for three seconds, as parsing a model or compiling rules would."""

import asyncio
import time

INITIALISATION_SECONDS = 3

table = bytearray(1 << 22)
end = time.monotonic() + INITIALISATION_SECONDS
turn = 1
while time.monotonic() < end:
    for index in range(4096):
        place = (turn * 4096 + index) % len(table)
        table[place] = (table[place] + index + turn) & 0xFF
    turn += 1


async def handler(event, ctx):
    if "ms" in event.query:
        await asyncio.sleep(float(event.query["ms"]) / 1000)
    return {"checksum": table[4097]}
