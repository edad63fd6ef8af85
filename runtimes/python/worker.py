"""Entry point of the Python worker: `python3 -I -S -B -X utf8 worker.py`, with the channel on descriptors 0 and 1.

It greets the node before it imports anything that takes time: the node may count the instance as ready while the
worker warms itself up, and a SPECIALISE that comes early simply waits in the channel.
"""

import os
import sys
from struct import pack


def claim_channel() -> tuple[int, int]:
    """Moves the channel to private descriptors, so that neither prints nor child processes can reach it."""
    # dup() makes descriptors that are closed on exec.
    channel_input, channel_output = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return channel_input, channel_output


def greet(channel_output: int) -> None:
    """Sends HELLO (kind 0x01). Spelled out here because the channel's own module would first have to be imported."""
    hello = b'{"protocol":1,"runtime":"python","version":"%d.%d.%d"}' % sys.version_info[:3]
    os.write(channel_output, pack("<IBII", 9 + len(hello), 0x01, 0, len(hello)) + hello)


if __name__ == "__main__":
    descriptors = claim_channel()
    greet(descriptors[1])

    # Last on the path: user code must be able to have a module of any name that the runtime's folder has.
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    from virga.instance import Instance

    Instance(*descriptors).run()
