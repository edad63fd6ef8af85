"""Trains the model of this sample, a naive Bayes classifier, and prints it as JSON.

/usr/bin/python3 samples/model-serving/train.py > model.json
"""

import csv
import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Iterable

sys.path.insert(0, str(Path(__file__).parent / "prepare"))

from words import words_of

EXAMPLES = Path(__file__).parent / "examples.csv"


def train(examples: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The logarithms of how likely each label is, and each word under each label, with one more of every word than was seen (Laplace)."""
    counts: dict[str, Counter[str]] = {}
    texts: Counter[str] = Counter()
    for label, text in examples:
        texts[label] += 1
        counts.setdefault(label, Counter()).update(words_of(text))
    vocabulary = sorted(set().union(*counts.values()))
    labels = {}
    for label, words in sorted(counts.items()):
        total = sum(words.values()) + len(vocabulary)
        labels[label] = {
            "prior": math.log(texts[label] / sum(texts.values())),
            "words": {word: math.log((words[word] + 1) / total) for word in vocabulary},
        }
    return {"labels": labels, "trainedOn": sum(texts.values())}


def read(path: Path) -> list[tuple[str, str]]:
    """Labels and texts."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["label"], row["text"]) for row in csv.DictReader(file)]


if __name__ == "__main__":
    json.dump(train(read(EXAMPLES)), sys.stdout)
