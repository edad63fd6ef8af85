"""What the model takes for a word: the same when it is trained and when it is asked."""

import re

_WORD = re.compile(r"[a-z']{2,}|[0-9]+|[$£€!]")


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; numbers are all alike."""
    return ["0" if word.isdigit() else word for word in _WORD.findall(text.lower())]
