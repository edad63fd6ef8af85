"""The average of numbers that nobody has all of: each member of a team talks to one other at a time (push-sum: Kempe, Dobra, Gehrke, FOCS 2003)."""

import asyncio
import random

from virga import Context, Event

#: Each round about halves the error, so that this many leave a few millionths of it.
ROUNDS = 40
#: How long a member waits for others to join, and for messages within a round, in seconds.
JOIN_PATIENCE = 20
ROUND_PATIENCE = 0.02


async def start(event: Event, ctx: Context):
    """Starts a member for each number, and compares what they have agreed on with the truth."""
    numbers = [float(number) for number in event.query.get("numbers", "1,2,3,4,5,6").split(",")]
    team = f"gossip/{ctx.invocation_id}"
    members = [ctx.call_async("gossip-member", {"team": team, "size": len(numbers), "number": number}) for number in numbers]
    estimates = await asyncio.gather(*members)
    await ctx.state.delete(team)
    return {"average": sum(numbers) / len(numbers), "estimates": estimates}


async def member(event: Event, ctx: Context):
    """Knows one number, and the ids of the others."""
    others = await join(ctx, event.body["team"], event.body["size"])
    total, weight = event.body["number"], 1.0
    for _ in range(ROUNDS):
        # Half stays here, half goes to somebody: what all have together never changes, so their ratio can only become the average.
        total, weight = total / 2, weight / 2
        if others:
            await ctx.send(random.choice(others), [total, weight])
        for message in await ctx.receive(timeout=ROUND_PATIENCE):
            total, weight = total + message.message[0], weight + message.message[1]
    return total / weight


async def join(ctx: Context, team: str, size: int) -> list[str]:
    """Enters this call into the team and waits until it is complete."""
    members = ctx.state.set(team)
    changes = ctx.state.watch(team, timeout=JOIN_PATIENCE)
    await members.add(ctx.id)
    while len(present := await members.values()) < size:
        if await anext(changes, None) is None:
            raise TimeoutError(f"only {len(present)} of {size} members have come")
    return [id for id in present if id != ctx.id]
