"""Holds 64 MB, as a function with a cache or a model would."""

held = bytearray(b"".join((place * 2654435761 >> 12 & 0xFFFFFFFF).to_bytes(4, "little") for place in range(1 << 18)) * 64)


def handler(event, ctx):
    return {"held": len(held)}
