"""What all methods of the Taobao gateway share: how parameters are judged, how refusals read, how answers are wrapped.

Here: business parameters, `fields`, error bodies, envelopes, JSON and XML. Not here: who may call, what a method finds.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from siyu.sandbox.server.clock import CHINA
from siyu.sandbox.server.faults import Fault

Row = dict[str, Any]
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


class TopError(Exception):
    """A refusal as the platform words it (contract page taobao, "Errors", ERR)."""

    def __init__(self, code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> None:
        super().__init__(msg)
        self.body: Row = {"code": code, "msg": msg}
        if sub_code:
            self.body |= {"sub_code": sub_code, "sub_msg": sub_msg}


def missing(name: str) -> TopError:
    """A business parameter that the method cannot do without."""
    return TopError(
        40, "Missing Required Arguments", f"isv.missing-parameter:{name}", f"missing parameter {name}"
    )


def invalid(name: str, why: str) -> TopError:
    """A business parameter of the wrong form or out of its range."""
    return TopError(41, "Invalid Arguments", f"isv.invalid-parameter:{name}", why)


def refused_window(why: str) -> TopError:
    """A window that the method does not serve: a business error (code 15 with an `isv.` sub code)."""
    return TopError(15, "Remote Service Error", "isv.invalid-parameter", why)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a verified call asks for.

    Args:
        parameters: All of them, as sent.
        app_key: Who asks.
        is_main_app: Whether this app sees buyers under the ids of the world's table.
        now: Aware; the world's time.
        fault: What is to be acted out, if anything.
    """

    parameters: Mapping[str, str]
    app_key: str
    is_main_app: bool
    now: datetime
    fault: Fault | None

    def text(self, name: str) -> str:
        """A parameter's text, empty when it is absent."""
        return self.parameters.get(name, "")

    def required(self, name: str) -> str:
        """A parameter's text; absent or empty is an error."""
        return self.text(name) or _raise(missing(name))

    def number(self, name: str, default: int | None, *, least: int, most: int) -> int:
        """A whole number within its range; without a default it is required."""
        text = self.text(name) if default is not None else self.required(name)
        if not text and default is not None:
            return default
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise invalid(name, f"{name} must be a number from {least} to {most}")
        return int(text)

    def moment(self, name: str) -> datetime | None:
        """A China time of the form `yyyy-MM-dd HH:mm:ss`, or None when it is absent."""
        text = self.text(name)
        if not text:
            return None
        try:
            return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=CHINA).astimezone(UTC)
        except (ValueError, OverflowError):
            raise invalid(name, f"{name} must have the form yyyy-MM-dd HH:mm:ss") from None

    def flag(self, name: str) -> bool:
        """Whether a Boolean parameter says true."""
        return self.text(name) == "true"

    def buyer(self, open_uid: str | None) -> str | None:
        """A buyer's id as this app sees it: stable per app, another for every app.

        The main app sees the id of the world's table, so that what it read can be held against the world.
        """
        if open_uid is None or self.is_main_app:
            return open_uid
        return "AA" + hashlib.sha256(f"{self.app_key}|{open_uid}".encode()).hexdigest()[:22]

    def fields(self) -> "Fields":
        """The fields that the answer may hold; `fields` is required wherever it exists."""
        return Fields.of(self.required("fields"))


def _raise(error: TopError) -> Any:
    raise error


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What `fields` names: `orders` means every field of the lines, `orders.oid` this one only.

    Args:
        whole: Names at the top.
        parts: Names inside a nested list.
    """

    whole: frozenset[str]
    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "Fields":
        """Read the comma list."""
        names = [name.strip() for name in text.split(",") if name.strip()]
        parts: dict[str, set[str]] = {}
        for name in names:
            head, dot, tail = name.partition(".")
            if dot:
                parts.setdefault(head, set()).add(tail)
        return cls(
            whole=frozenset(name for name in names if "." not in name),
            parts={head: frozenset(tails) for head, tails in parts.items()},
        )

    def of_row(self, row: Row) -> Row:
        """The row with what was asked for; a field that has no value yet is absent, not null."""
        kept: Row = {}
        for name, value in row.items():
            if value is None:
                continue
            if name in self.whole:
                kept[name] = [_present(item) for item in value] if isinstance(value, list) else value
            elif name in self.parts and isinstance(value, list):
                kept[name] = [Fields(whole=self.parts[name]).of_row(item) for item in value]
        return kept


def _present(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


# What each list of rows is wrapped in once more: `trades.trade`, `orders.order` (contract page taobao, "Envelope").
ITEM_NAMES = {
    "trades": "trade",
    "orders": "order",
    "refunds": "refund",
    "trade_rates": "trade_rate",
    "members": "basic_member",
    "promotion_details": "promotion_detail",
    "service_orders": "service_order",
}


def enveloped(method: str, found: Row, parameters: Mapping[str, str]) -> tuple[bytes, str]:
    """The body of an answer and its media type.

    XML unless the caller asks for JSON, as the platform has it; `simplify=true` leaves lists bare.
    """
    root = method.removeprefix("taobao.").replace(".", "_") + "_response"
    simple = parameters.get("simplify") == "true" and parameters.get("format") == "json"
    body = {**found, "request_id": uuid.uuid4().hex[:12]}
    return written({root: body if simple else _wrapped(body)}, parameters)


def refused(error: TopError, parameters: Mapping[str, str]) -> tuple[bytes, str]:
    """The body of a refusal and its media type; the status stays 200."""
    return written({"error_response": {**error.body, "request_id": uuid.uuid4().hex[:12]}}, parameters)


def _wrapped(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: {ITEM_NAMES.get(name, name.removesuffix("s")): [_wrapped(row) for row in part]}
            if isinstance(part, list)
            else _wrapped(part)
            for name, part in value.items()
        }
    return value


def written(body: Row, parameters: Mapping[str, str]) -> tuple[bytes, str]:
    """A body of one root as JSON or XML, and its media type."""
    if parameters.get("format") == "json":
        return json.dumps(body, ensure_ascii=False).encode(), "application/json;charset=utf-8"
    ((name, value),) = body.items()
    element = Element(name)
    _fill(element, value)
    return tostring(element, encoding="utf-8", xml_declaration=True), "text/xml;charset=utf-8"


def _fill(element: Element, value: Any) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            for item in part if isinstance(part, list) else [part]:
                _fill(SubElement(element, name), item)
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)
