"""Text of others on a terminal: shown as it is written, never obeyed.

Here: making control characters visible. Not here: what is printed.
"""

import re

# C0 but tab and newline, DEL, C1: escape sequences start with one of these. Then what reorders text, and the
# surrogates by which Python holds a file name that is no UTF-8: they could not be printed at all.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""The text with each character that a terminal would obey written as `\u001b`, which JSON reads back."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
