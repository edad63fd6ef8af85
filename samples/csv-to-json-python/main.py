"""Turns a CSV document, whose first row names the columns, into a JSON array of objects."""

import csv
import io
from typing import Any

from virga import Context, Event


def handler(event: Event, ctx: Context) -> Any:
    delimiter = event.query.get("delimiter", ",")
    if len(delimiter) != 1:
        return problem("the delimiter is one character")
    reader = csv.DictReader(io.StringIO(event.text(), newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        return problem(f"line {reader.line_num}: {error}")
    for number, row in enumerate(rows, start=1):
        # csv gives None as the name of surplus values, and as the value of missing ones.
        if None in row or None in row.values():
            return problem(f"row {number} has not as many values as there are columns")
    ctx.log.info("converted", rows=len(rows))
    return rows


def problem(detail: str) -> dict[str, Any]:
    return {"status": 422, "body": {"error": detail}}
