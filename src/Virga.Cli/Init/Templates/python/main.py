def handler(event, ctx):
    name = event.query.get("name", "world")
    print(f"greeting {name}")
    return {"message": f"Hello, {name}!", "invocation": ctx.invocation_id}
