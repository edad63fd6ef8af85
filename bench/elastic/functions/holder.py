"""Holds 64 MB, as a function with a cache or a model would."""

PIECE = b"".join((place * 2654435761 >> 12 & 0xFFFFFFFF).to_bytes(4, "little") for place in range(1 << 18))

held = bytearray(64 << 20)
for begin in range(0, len(held), len(PIECE)):
    held[begin : begin + len(PIECE)] = PIECE


def handler(event, ctx):
    return {"held": len(held)}
