"""The third step: scores become an answer."""

import math

from virga import Context, Event


def handler(event: Event, ctx: Context):
    scores = event.body
    best = max(scores, key=lambda label: (scores[label]["log"], label))

    # Relative to the best, so that no exponential vanishes however long the text is.
    total = sum(math.exp(other["log"] - scores[best]["log"]) for other in scores.values())
    ctx.state.counter(f"labels/{best}").increment()
    return {"label": best, "confidence": round(1 / total, 3), "because": scores[best]["words"]}
