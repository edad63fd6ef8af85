"""The second step: how well the words fit each label."""

from virga import Context, Event

#: Words that are told as reasons.
REASONS = 3


def handler(event: Event, ctx: Context):
    model = event.body["model"]
    if model is None:
        return {"status": 409, "body": {"title": "There is no model yet; put one under the key models/messages."}}
    # Words that the model has never seen say nothing.
    known = [word for word in event.body["words"] if all(word in label["words"] for label in model["labels"].values())]
    return {name: score(name, model["labels"], known) for name in model["labels"]}


def score(name: str, labels: dict, words: list[str]) -> dict:
    """The logarithm of the likelihood, and the words that speak more for this label than for any other."""
    likelihood = labels[name]["words"]
    others = [label["words"] for other, label in labels.items() if other != name]
    lead = {word: likelihood[word] - max(other[word] for other in others) for word in words}
    return {
        "log": labels[name]["prior"] + sum(likelihood[word] for word in words),
        "words": sorted((word for word in lead if lead[word] > 0), key=lambda word: (-lead[word], word))[:REASONS],
    }
