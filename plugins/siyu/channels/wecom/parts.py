"""What the streams of WeCom share: requests, paging, lists of ids to ask for one by one, columns of persons.

Names, remarks, notices and message texts are in no column: they are `ignored`, and so they never land.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from siyu.channels.api.declare import Account, Column, Presence, Request, Window, WindowRule, column
from siyu.channels.api.judging import ItemRefusedError
from siyu.channels.api.paging import Cursor, Reader
from siyu.channels.api.units import CHINA, EPOCH, ID, TEXT, FaultError, Unit
from siyu.errors import UsageError
from siyu.resources import Personal

CONTACT = "/cgi-bin/externalcontact"
OPTIONAL, UNVERIFIED = Presence.OPTIONAL, Presence.UNVERIFIED
LAST_30_DAYS = WindowRule(most=timedelta(days=30), look_back=29)


def _china_day(value: Any) -> date | None:
    moment: datetime | None = EPOCH.read(value)
    return moment and moment.replace(tzinfo=UTC).astimezone(CHINA).date()


def _only_id(value: Any) -> str | None:
    if not isinstance(value, list) or len(value) != 1:
        raise FaultError("not_one_id")
    found: str | None = ID.read(value[0])
    return found


CHINA_DAY = Unit("day of epoch seconds", "date", _china_day)  # days begin at midnight in China (WD-96358)
ONLY_ID = Unit("list of one id", "id", _only_id)


def staff(path: str, doc: str, name: str = "userid", **more: Any) -> Column:
    """An employee; the corp's own id of a colleague lands as it is."""
    return column(name, ID, path, doc, **more)


def customer(path: str, doc: str = "The customer, as this corp sees them.", **more: Any) -> Column:
    """A customer's external_userid."""
    return column("external_userid", ID, path, doc, personal=Personal.IDENTIFIER, **more)


def unionid(path: str, **more: Any) -> Column:
    """A unionid: on type 1 alone, and after the corp has bound a WeChat developer id (XW)."""
    return column("unionid", ID, path, "The customer across WeChat.", personal=Personal.IDENTIFIER, **more)


def phone(path: str, doc: str, name: str = "phone", **more: Any) -> Column:
    """A phone number."""
    return column(name, TEXT, path, doc, personal=Personal.IDENTIFIER, identifier="phone", **more)


def epoch(moment: datetime) -> int:
    """Seconds; milliseconds are refused with 600018."""
    return int(moment.timestamp())


def getting(path: str, **params: Any) -> Callable[[Account, Window], Request]:
    """A request of a stream that asks for no window, parameters in the query."""
    return lambda _account, _window: Request(method="GET", path=path, params=params)


def posting(path: str, **params: Any) -> Callable[[Account, Window], Request]:
    """A request of a stream that asks for no window, parameters in a JSON body."""
    return lambda _account, _window: Request(method="POST", path=path, params=params, send="json")


def posting_window(
    path: str, start: str = "start_time", end: str = "end_time"
) -> Callable[[Account, Window], Request]:
    """A request for a window, closed at both ends as WeCom has it."""

    def request(_account: Account, window: Window) -> Request:
        params = {start: epoch(window.start), end: epoch(window.last_second)}
        return Request(method="POST", path=path, params=params, send="json")

    return request


def cursor(per_page: int, size: str = "limit") -> Cursor:
    """`cursor` and `next_cursor`; empty or absent is the end, a short or empty page is not (WD-93727)."""
    return Cursor(cursor="cursor", next="next_cursor", size=size, per_page=per_page)


def every(reader: Reader, request: Request, items: str, *needed: str, per_page: int = 1000) -> Iterator[Any]:
    """What another endpoint lists, all pages of it; what cannot be had or used is counted as skipped.

    Args:
        reader: Of the stream that reads on from these.
        request: For the first page.
        items: Path of the list.
        needed: Names without which an object is of no use; none: the list is one of ids.
        per_page: The most that a page may have.
    """

    try:
        for value in reader.listed(request, items, cursor(per_page)):
            names = value if isinstance(value, dict) else {"": value}
            if all(isinstance(names.get(name), str | int) for name in needed or ("",)):
                yield value
            else:
                reader.skipped += 1
    except ItemRefusedError:
        reader.skipped += 1


def guides(reader: Reader) -> list[str]:
    """Userids of the employees who may have customers (QQ WD-92571)."""
    request = Request(method="GET", path=f"{CONTACT}/get_follow_user_list")
    return [item.value for item in reader.ask(request, "follow_user").items if isinstance(item.value, str)]


def rows_of_file(account: Account, setting: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of a CSV that the account names; none where it names none.

    Raises:
        UsageError: The file is not there, or lacks a column.
    """
    if not (named := account.settings.get(setting)):
        return []
    try:
        with Path(named).open(encoding="utf-8-sig", newline="") as file:
            return [{name: row[name] for name in columns} for row in csv.DictReader(file)]
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{setting} of account {account.name} cannot be read ({type(error).__name__})",
            expected=f"a UTF-8 CSV file with the columns {', '.join(columns)}",
            do="mend the file or the setting",
        ) from None
