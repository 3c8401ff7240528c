"""Faults that the admin endpoint switches on, drawn from a seed: the same calls in the same order meet the same faults.

Here: which call meets which fault, and the changes of rows that every channel shares. Not here: how bytes are spoilt on
the way (wire), how a platform words a refusal or cuts a page (the channel).
"""

import random
import threading
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from siyu.sandbox.server.clock import Clock


class FaultKind(StrEnum):
    """What can go wrong."""

    # tokens: the channel refuses in its own words and forgets the token
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - names of faults, no secrets
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    REFUSED = "refused"  # option code: the platform's own, such as 60020 for an address that is not allowed
    # rates: the channel's code under HTTP 200, or the bare status
    RATE_LIMITED = "rate_limited"
    HTTP_429 = "http_429"  # option retry_after: seconds; without it the header is missing
    QUOTA_GONE = "quota_gone"  # until the next day in China
    # transport: the channel never sees these
    HTTP_500 = "http_500"
    RESET = "reset"
    HALF_BODY = "half_body"
    BROKEN_GZIP = "broken_gzip"
    HTML = "html"
    STALL = "stall"  # option seconds (30): answers after them
    WRONG_LENGTH = "wrong_length"  # Content-Length says less than what follows
    DOWN = "down"  # the channel resets every connection
    # paging: the channel acts them out where it cuts a page
    TOTAL_CHANGES = "total_changes"  # the announced total is off by option by (1)
    EMPTY_PAGE = "empty_page"  # a page without rows that is not the last; no row is lost by reading on
    CURSOR_REPEATS = "cursor_repeats"  # the next cursor is the one that was asked with
    ENDLESS = "endless"  # there is always a next page
    LAST_PAGE_TWICE = "last_page_twice"
    # schema: `drifted` acts them out; option field names the field, option where a path to it inside a row
    FIELD_ADDED = "field_added"
    FIELD_REMOVED = "field_removed"
    FIELD_RENAMED = "field_renamed"  # option to
    TYPE_CHANGED = "type_changed"  # a number becomes text, text a list
    NULL_VALUE = "null_value"
    FEN_FOR_YUAN = "fen_for_yuan"  # "12.50" becomes "1250", 12.5 becomes 1250
    NEW_VALUE = "new_value"  # option to, e.g. an enumeration's new member


TRANSPORT = frozenset(
    {
        FaultKind.HTTP_429,
        FaultKind.HTTP_500,
        FaultKind.RESET,
        FaultKind.HALF_BODY,
        FaultKind.BROKEN_GZIP,
        FaultKind.HTML,
        FaultKind.STALL,
        FaultKind.WRONG_LENGTH,
        FaultKind.DOWN,
    }
)


class Fault(BaseModel):
    """One switch.

    Args:
        kind: What goes wrong.
        channel: Name of a channel; `*` for all.
        endpoint: Pattern over endpoints as the counters show them, such as `*/batch/get_by_user`.
        share: Of the calls that match, 0 to 1.
        after: So many matching calls are left in peace first.
        times: At most so many calls meet it; none for no bound.
        seed: Another seed draws other calls.
        options: See the kinds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    channel: str = "*"
    endpoint: str = "*"
    share: float = Field(default=1, gt=0, le=1)
    after: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    seed: int = 1
    options: dict[str, Any] = {}


@dataclass
class _Switch:
    fault: Fault
    day: str  # in China, when it was switched on
    random: random.Random
    matched: int = 0
    met: int = 0

    def fires(self) -> bool:
        self.matched += 1
        drawn = self.random.random() < self.fault.share
        spent = self.fault.times is not None and self.met >= self.fault.times
        if spent or not drawn or self.matched <= self.fault.after:
            return False
        self.met += 1
        return True


@dataclass
class Faults:
    """The switches that are on."""

    clock: Clock
    _switches: list[_Switch] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def inject(self, fault: Fault) -> None:
        """Switch a fault on, beside those that are."""
        with self._lock:
            seeded = random.Random(f"{fault.seed}|{fault.kind}|{fault.channel}|{fault.endpoint}")  # noqa: S311 - no secret
            self._switches.append(_Switch(fault=fault, day=self._day(), random=seeded))

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._switches.clear()

    def draw(self, channel: str, endpoint: str) -> Fault | None:
        """The fault that this call meets: of several switches the one that was set first."""
        with self._lock:
            for switch in self._switches:
                fault = switch.fault
                if fault.channel not in {"*", channel} or not fnmatchcase(endpoint, fault.endpoint):
                    continue
                if fault.kind == FaultKind.QUOTA_GONE and switch.day != self._day():
                    continue
                if switch.fires():
                    return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        """The switches as they were set, with how many calls matched and met each."""
        with self._lock:
            return [
                {**switch.fault.model_dump(mode="json"), "matched": switch.matched, "met": switch.met}
                for switch in self._switches
            ]

    def _day(self) -> str:
        return self.clock.china_day().isoformat()


def drifted(rows: list[dict[str, Any]], fault: Fault | None) -> list[dict[str, Any]]:
    """The rows as a platform that changed its schema would send them; unchanged for any other fault.

    Option `field` names the field; option `where`, a dotted path such as `follow_info`, leads to it inside each row.
    """
    if fault is None:
        return rows
    *path, name = [
        *filter(None, str(fault.options.get("where", "")).split(".")),
        str(fault.options.get("field", "drift")),
    ]
    return [_changed(row, path, name, fault) for row in rows]


def _changed(row: Any, path: list[str], name: str, fault: Fault) -> Any:
    if isinstance(row, list):
        return [_changed(item, path, name, fault) for item in row]
    if not isinstance(row, dict):
        return row
    if path:
        return {
            key: _changed(value, path[1:], name, fault) if key == path[0] else value
            for key, value in row.items()
        }
    changed = dict(row)
    match fault.kind:
        case FaultKind.FIELD_ADDED:
            changed[name] = fault.options.get("to", "new")
        case _ if name not in row:
            pass
        case FaultKind.FIELD_REMOVED:
            del changed[name]
        case FaultKind.FIELD_RENAMED:
            changed[str(fault.options.get("to", f"{name}_v2"))] = changed.pop(name)
        case FaultKind.TYPE_CHANGED:
            changed[name] = [row[name]] if isinstance(row[name], str) else str(row[name])
        case FaultKind.NULL_VALUE:
            changed[name] = None
        case FaultKind.FEN_FOR_YUAN:
            fen = int(Decimal(str(row[name])) * 100)
            changed[name] = str(fen) if isinstance(row[name], str) else fen
        case FaultKind.NEW_VALUE:
            changed[name] = fault.options.get("to", "NEW_VALUE")
        case _:
            pass
    return changed
