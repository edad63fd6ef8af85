"""The first step: a text becomes words, and goes through the others."""

from words import words_of

from virga import Context, Event

MODEL = "models/messages"


def handler(event: Event, ctx: Context):
    text = event.text()
    if not text.strip():
        return {"status": 400, "body": {"error": "send a text as the body"}}

    # The model goes along as a reference: where `predict` runs it is in the cache, and in its instance as an object that was parsed once.
    scores = ctx.call("predict-message", {"words": words_of(text), "model": ctx.ref(MODEL)})
    return ctx.call("combine-message", scores)
