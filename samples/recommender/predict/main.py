"""f(g(x)): what a user may want to watch next, by what others watched after the same titles."""

from collections import Counter

from virga import Context, Event

#: How many of the newest titles have a say.
LOOK_BACK = 3
OFFERED = 3


def handler(event: Event, ctx: Context):
    watched = ctx.call("history", {"user": event.params["user"]})
    newest = watched[::-1][:LOOK_BACK]
    followers = ctx.state.get_many(f"after/{title}" for title in newest)

    votes: Counter[str] = Counter()
    for age, title in enumerate(newest):
        for candidate, times in followers.get(f"after/{title}", {}).items():
            if candidate not in watched:
                votes[candidate] += times / (1 + age)
    return {"watched": newest, "next": [title for title, _ in votes.most_common(OFFERED)]}
