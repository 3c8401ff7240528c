"""Text of others on a terminal: shown as it is written, never obeyed.

Here: making control characters visible, and how every command prints its result. Not here: what is printed.
"""

import dataclasses
import json
import re
from typing import Any

import typer

# C0 but tab and newline, DEL, C1: escape sequences start with one of these. Then what reorders text, and the
# surrogates by which Python holds a file name that is no UTF-8: they could not be printed at all.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""The text with each character that a terminal would obey written as `\u001b`, which JSON reads back."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_paragraph(text: str) -> str:
    """The text without empty lines; a list of faults stays one a line."""
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def print_result(value: Any, words: str, *, as_json: bool) -> None:
    """What a command has to say, in `words` for a person or `value` as one JSON document."""
    if as_json:
        print_json(value)
    else:
        typer.echo(visible(words))


def print_json(value: Any) -> None:
    """One JSON document of a dataclass, a list of them, or plain values; dates and paths become text."""
    typer.echo(visible(json.dumps(value, ensure_ascii=False, indent=2, default=as_plain)))


def as_plain(value: Any) -> Any:
    """What json.dumps shall write of a dataclass, a date, a path."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
