"""A reply taken apart: the document without its list, and the items of the list one by one.

Here: decoding, and finding the one item that cannot be decoded. Not here: what items mean (rows).

A reply is decoded in one piece where that works. Where it does not (too deep, no UTF-8, not quite JSON) or would take
too much memory, its brackets are followed byte by byte and each item is decoded alone, so that one poisoned item costs
one item. A reply whose brackets do not close was cut off on the way.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ITEM_LIMIT = 4 << 20  # bytes; what is larger is no record of business
_SEALED_BYTES = 1 << 20  # of an item that cannot be decoded
# possessive: a string of 50 MB is one step, and an open one is not tried again from every place in it
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}:,]', re.DOTALL)
_CLOSES = {b"]": b"[", b"}": b"{"}


class HalfReplyError(Exception):
    """The body is no whole JSON document."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One element of a page's list: its JSON value, or why it has none and what it began with."""

    value: Any = field(default=None, repr=False)
    fault: str | None = None
    text: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A reply: the document (without its items where they were taken out one by one), the items, what was asked."""

    document: Any = field(repr=False)
    items: list[Item] = field(repr=False)
    bytes: int
    asked: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def at(self, path: str) -> Any:
        """What is at a path of the document; None where there is nothing."""
        return look_up(self.document, path.split("."))


def look_up(value: Any, path: list[str] | tuple[str, ...]) -> Any:
    """What is at a path of nested objects; None where there is nothing."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def take_apart(body: bytes, items: str | None) -> Page:
    """Decode a reply.

    Args:
        body: As it came.
        items: Path of the list of items; empty: the reply itself is the one item; None for a reply without (a token).

    Raises:
        HalfReplyError: It is not JSON as a whole: HTML, cut off, empty.
    """
    path = items.split(".") if items else []
    document = None
    if len(body) <= ITEM_LIMIT or not items:
        try:
            document = _decoded(body)
        except (ValueError, RecursionError):
            if not items:
                raise HalfReplyError from None
    if document is not None:
        found = look_up(document, path) if items else [] if items is None else [document]
        listed = found if isinstance(found, list) else []
        return Page(document=document, items=[Item(value=value) for value in listed], bytes=len(body))
    first, last, spans = _spans(body, [name.encode() for name in path])
    try:
        document = _decoded(body[:first] + body[last:])
    except (ValueError, RecursionError):
        raise HalfReplyError from None
    return Page(document=document, items=[_item(body[start:end]) for start, end in spans], bytes=len(body))


def _decoded(body: bytes) -> Any:
    return json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse)


def _refuse(word: str) -> Any:
    raise ValueError(word)  # NaN and Infinity are no JSON


def _item(body: bytes) -> Item:
    if len(body) > ITEM_LIMIT:
        fault = "too_large"
    else:
        try:
            return Item(value=_decoded(body))
        except UnicodeDecodeError:
            fault = "not_utf8"
        except RecursionError:
            fault = "too_deep"
        except ValueError:
            fault = "not_json"
    return Item(fault=fault, text=body[:_SEALED_BYTES].decode("utf-8", "replace"))


def _spans(body: bytes, path: list[bytes]) -> tuple[int, int, list[tuple[int, int]]]:
    """Where the list at a path begins and ends, brackets excluded, and where its elements do."""
    opened: list[bytes] = []
    keys: list[bytes] = []  # of each open object, the key that was read last
    spans: list[tuple[int, int]] = []
    first = last = -1
    begun = 0  # of the element at hand
    for kind, word, start, end in _tokens(body):
        inside = first >= 0 and last < 0 and len(opened) == len(path) + 1
        if kind in b"[{":
            is_list = first < 0 and kind == b"[" and keys == path and len(opened) == len(path)
            opened.append(kind)
            keys.append(b"")
            if is_list:
                first = begun = end
        elif kind in b"]}":
            if not opened or opened.pop() != _CLOSES[kind]:
                raise HalfReplyError
            keys.pop()
            if inside and kind == b"]":
                last = start
                if body[begun:start].strip():
                    spans.append((begun, start))
        elif kind == b"," and inside:
            spans.append((begun, start))
            begun = end
        elif kind == b":" and keys:
            keys[-1] = word
    if opened or first < 0:
        raise HalfReplyError
    return first, last, spans


def _tokens(body: bytes) -> Iterator[tuple[bytes, bytes, int, int]]:
    """Brackets, commas and colons outside of strings; a colon comes with the string before it."""
    string = b""
    for found in _TOKEN.finditer(body):
        token = body[found.start() : found.start() + 1]
        if token != b'"':
            yield token, string, found.start(), found.end()
        elif found.end() - found.start() == 1:
            raise HalfReplyError  # a string that never ends
        elif found.end() - found.start() < 100:
            string = found.group()[1:-1]
