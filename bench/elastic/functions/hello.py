def handler(event, ctx):
    return {"hello": "world"}
