"""Greets whoever the query names."""

from virga import Context, Event


def handler(event: Event, ctx: Context) -> dict[str, str]:
    name = event.query.get("name", "world")
    ctx.log.info("greeting", name=name)
    return {"message": f"Hello, {name}!", "invocation": ctx.invocation_id}
