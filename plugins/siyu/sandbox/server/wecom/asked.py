"""One call of a known app: its parameters, judged as they are read, and the world as this app may see it."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from siyu.sandbox.server.apps import App
from siyu.sandbox.server.channel import Call
from siyu.sandbox.server.clock import CHINA, Clock
from siyu.sandbox.server.faults import FaultKind, drifted
from siyu.sandbox.server.wecom.errors import Refusal, bad_parameter
from siyu.sandbox.server.wecom.ids import Ids
from siyu.sandbox.server.wecom.memory import Memory
from siyu.sandbox.server.wecom.present import Present
from siyu.sandbox.server.world import Row, World

DAY = 86_400
# seconds of 2000 and 2100: anything else is no moment in seconds
EARLIEST, LATEST = 946_684_800, 4_102_444_800


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a handler gets.

    Args:
        app: Who calls.
        given: The query of a GET, the JSON object of a POST.
        call: The call in hand, with its fault.
        ids: Customer and staff ids as this app sees them.
        departments: Departments in the app's visible range; None for all.
    """

    app: App
    given: Mapping[str, Any]
    call: Call
    world: World
    clock: Clock
    ids: Ids
    memory: Memory
    present: Present
    departments: list[int] | None

    # -- the world at this moment ----------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The world's time in unix seconds."""
        return self.clock.seconds()

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """What a query finds. `$t` (now, UTC), `$day` (in China) and `$range` (visible departments) are known to it."""
        known = {"t": self.clock.utc(), "day": self.clock.china_day(), "range": self.departments}
        self.present.bring_up()
        meant = {name: value for name, value in known.items() if re.search(rf"\${name}\b", sql)}
        return self.world.rows(sql, **meant, **parameters)

    def staff(self, name: str) -> Row:
        """The employee whom a required parameter names."""
        return self.employees([self.text(name)])[0]

    def employees(self, userids: list[str]) -> list[Row]:
        """The employees of these userids (as the app sees them), in the order of staff_id.

        Raises:
            Refusal: 60111 when somebody of them does not work here now, 60011 outside the visible range.
        """
        own = {self.ids.own_userid(userid) for userid in userids}
        found = self.rows(
            "select * from wecom_staff where list_contains($own::varchar[], userid) order by staff_id",
            own=sorted(own),
        )
        if len(found) < len(own):
            raise Refusal(60111)
        if self.departments is not None and not {row["department_id"] for row in found} <= set(
            self.departments
        ):
            raise Refusal(60011)
        return found

    # -- parameters ------------------------------------------------------------------------------------------------

    def text(self, name: str, default: str | None = None, *, most_bytes: int = 4096) -> str:
        """A text; required unless there is a default."""
        value = self.given.get(name)
        if value is None or value == "":
            if default is None:
                raise bad_parameter(f"{name} is missing")
            return default
        if not isinstance(value, str) or len(value.encode()) > most_bytes:
            raise bad_parameter(f"{name} is no text or too long")
        return value

    def integer(self, name: str, default: int | None = None, *, low: int = 0, high: int = 2**53) -> int:
        """A whole number within bounds, also as digits in a query; required unless there is a default."""
        value = self.given.get(name)
        if value is None or value == "":
            if default is None:
                raise bad_parameter(f"{name} is missing")
            return default
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise bad_parameter(f"{name} is no number from {low} to {high}")
        return value

    def texts(self, name: str, *, most: int, most_bytes: int = 64) -> list[str]:
        """A list of texts; empty when left out. An element of more than 64 bytes is 40058 (CM)."""
        return listed_texts(self.given.get(name), name, most=most, most_bytes=most_bytes)

    def owners(self) -> list[str] | None:
        """The userids of `owner_filter`, as the world knows them; None without one.

        Raises:
            Refusal: 81017 without one when more than 1000 employees are visible (XW, ZW).
        """
        owner_filter = self.given.get("owner_filter") or {}
        if not isinstance(owner_filter, dict):
            raise bad_parameter("owner_filter is no object")
        userids = listed_texts(owner_filter.get("userid_list"), "userid_list", most=100)
        if userids:
            return [self.ids.own_userid(userid) for userid in userids]
        [counted] = self.rows("select count(*) as staff from wecom_visible_staff($range)")
        if counted["staff"] > 1000:
            raise Refusal(81017)
        return None

    def window(self, start: str, end: str, *, most_days: int) -> tuple[datetime, datetime]:
        """Two required moments in seconds, as UTC without a zone, both inclusive.

        Raises:
            Refusal: 600018 for milliseconds, an end before the start, or a longer span.
        """
        begins, ends = self.integer(start), self.integer(end)
        if not (EARLIEST <= begins <= ends <= LATEST) or ends - begins > most_days * DAY:
            raise Refusal(600018)
        return utc_of(begins), utc_of(ends)

    def days(self, start: str, end: str, *, most_days: int, end_required: bool) -> list[date]:
        """The days in China from one moment to another, floored to midnight; no more than 180 days back (WD-96358).

        Raises:
            Refusal: 600018 as for `window`, and for days that lie further back or in the future.
        """
        begins = self.integer(start)
        ends = self.integer(end, None if end_required else begins)
        if not (EARLIEST <= begins <= ends <= LATEST):
            raise Refusal(600018)
        first, last = china_day(begins), china_day(ends)
        today = self.clock.china_day()
        if (last - first).days >= most_days or first < today - timedelta(days=180) or last > today:
            raise Refusal(600018)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    # -- pages -----------------------------------------------------------------------------------------------------

    def page(
        self,
        fetch: Callable[[int, int], list[Row]],
        *,
        key: str,
        limit: int,
        show: Callable[[list[Row]], list[Any]],
    ) -> tuple[list[Any], str]:
        """One page behind the cursor of this call, and the next cursor ("" at the end).

        Args:
            fetch: Rows whose key is greater than the first argument, in the order of the key, as many as the second
                says. A cursor holds the last key, so that rows that appear meanwhile move nothing.
            key: Name of the key: a whole number, unique within the list.
            limit: Rows per page.
            show: What the platform shows of the rows; rows that this app may not see leave a shorter page.
        """
        after, turn = self._position()
        rows = fetch(after, limit + 1)
        more, rows = len(rows) > limit, rows[:limit]
        last = rows[-1][key] if rows else after
        shown = show(rows)
        fault = None if turn == "twice" else self.call.fault
        next_cursor = self._cursor(last, "") if more else ""
        match fault.kind if fault else None:
            case FaultKind.EMPTY_PAGE:
                return [], self._cursor(after, f"{turn}x")
            case FaultKind.CURSOR_REPEATS:
                next_cursor = self.text("cursor", "") or self._cursor(after, "")
            case FaultKind.ENDLESS if not more:
                next_cursor = self._cursor(last, f"{turn}x")
            case FaultKind.LAST_PAGE_TWICE if not more:
                next_cursor = self._cursor(after, "twice")
        return drifted(shown, fault), next_cursor

    def _position(self) -> tuple[int, str]:
        cursor = self.text("cursor", "")
        if not cursor:
            return -1, ""
        after, _, rest = cursor.partition(".")
        turn, _, _ = rest.partition(".")
        if not after.lstrip("-").isdigit() or cursor != self._cursor(int(after), turn):
            raise bad_parameter("cursor")  # the platform's own code is UNVERIFIED
        return int(after), turn

    def _cursor(self, after: int, turn: str) -> str:
        """A cursor is good for the list it was made for: other parameters, another app or endpoint make it invalid."""
        others = sorted(
            (name, repr(value)) for name, value in self.given.items() if name not in {"cursor", "limit"}
        )
        text = f"{self.app.label}|{self.call.endpoint}|{others}|{after}|{turn}"
        return f"{after}.{turn}.{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def listed_texts(value: Any, name: str, *, most: int, most_bytes: int = 64) -> list[str]:
    """A list of texts within bounds; empty when left out."""
    values = [] if value is None else value
    if not isinstance(values, list) or len(values) > most:
        raise bad_parameter(f"{name} is no list or has more than {most} elements")
    if not all(isinstance(item, str) and len(item.encode()) <= most_bytes for item in values):
        raise bad_parameter(f"{name} has an element that is no text or too long")
    return values


def utc_of(seconds: int) -> datetime:
    """Unix seconds as the world's tables write a moment: UTC without a zone."""
    return datetime.fromtimestamp(seconds, tz=UTC).replace(tzinfo=None)


def china_day(seconds: int) -> date:
    """The calendar day in China of unix seconds."""
    return datetime.fromtimestamp(seconds, tz=CHINA).date()


def midnight(day: date) -> int:
    """00:00 in China in unix seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp())


def seconds_of(moment: datetime) -> int:
    """Unix seconds of a moment as the world's tables write it."""
    return int(moment.replace(tzinfo=UTC).timestamp())
