"""Parameters of one call to Ocean Engine: everything stands in the query string, arrays and objects as JSON text."""

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from siyu.sandbox.server.faults import Fault
from siyu.sandbox.server.ocean_engine.errors import refuse
from siyu.sandbox.server.world import Row


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an admitted call asks for.

    Args:
        query: As sent.
        advertisers: Accounts that the app may read.
        now: Aware; the world's time.
        fault: What is to be acted out, if anything.
    """

    query: Mapping[str, str]
    advertisers: list[int]
    now: datetime
    fault: Fault | None

    def advertiser(self) -> int:
        """The one account that a call is about."""
        text = self.query.get("advertiser_id", "")
        if not text.isdecimal():
            refuse(40000, "advertiser_id: a number is required")
        if int(text) not in self.advertisers:
            refuse(40002, "no permission to operate this advertiser")
        return int(text)

    def array(self, name: str) -> list[Any]:
        """An array, empty when it is absent (OE-1741387668314126: JSON text inside the query string)."""
        try:
            value = json.loads(self.query.get(name) or "[]")
        except ValueError:
            value = None
        if not isinstance(value, list):
            refuse(40000, f"{name}: JSON text of an array is expected")
        return value

    def names(self, name: str, known: Container[str]) -> list[str]:
        """A required array of known names."""
        found = self.array(name)
        if not found or any(not isinstance(item, str) or item not in known for item in found):
            refuse(40000, f"{name}: required, and only what report/custom/config lists")
        return [str(item) for item in found]

    def objects(self, name: str) -> list[Row]:
        """An array of objects that each name a field."""
        found = self.array(name)
        if not all(isinstance(item, dict) and isinstance(item.get("field"), str) for item in found):
            refuse(40000, f"{name}: objects with a field are expected")
        return found

    def day(self, name: str) -> date:
        """`yyyy-MM-dd HH:mm:ss` as the page says, or `yyyy-MM-dd` as older clients send."""
        text = self.query.get(name, "")
        for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
            try:
                return datetime.strptime(text, form).replace(tzinfo=UTC).date()
            except ValueError:
                continue
        return refuse(40000, f"{name}: a date is required")

    def page(self, *, most: int) -> tuple[int, int]:
        """`page`, counted from 1, and `page_size`, ten unless it is given."""
        number, size = self.query.get("page", "1"), self.query.get("page_size", "10")
        if not (number.isdecimal() and size.isdecimal() and int(number) >= 1 and 1 <= int(size) <= most):
            refuse(40000, f"page from 1, page_size from 1 to {most}")
        return int(number), int(size)
