"""What a connector says of its platform.

Here: values without behaviour, save what follows from them. Not here: carrying any of it out.

A path is written with dots: `metrics.stat_cost` is a field of the item, `^.tid` one of the item that a nested row
belongs to, `?.userid` a parameter that was asked with.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from siyu.channels.api.judging import Judge
from siyu.channels.api.units import ID, TEXT, Unit
from siyu.errors import UsageError
from siyu.resources import Field, Kind, Personal, Resource
from siyu.state.tokens import Token

if TYPE_CHECKING:
    from siyu.channels.api.paging import Paging

ITEM, ASKED = "^", "?"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Something an account must bring: a secret never appears in a log, an error or a repr."""

    name: str
    doc: str
    is_secret: bool = False
    is_required: bool = True


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account of a platform as a person configured it.

    brand_code, channel_code: of seeds `brands` and `channels`: what its rows count for.
    base_url: where the platform answers; None: where it always does.
    connection: where its secrets are from: accounts of one connection were let in by one consent and share its token.
    """

    name: str  # the platform's own id of the account, or of the shop
    brand_code: str
    channel_code: str
    base_url: str | None = None
    connection: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> str:
        """A setting; an error that names it where it is missing."""
        if not (value := self.settings.get(name, "")):
            raise UsageError(
                f"account {self.name} has no {name}", expected="it among the account's settings", do="add it"
            )
        return value


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request before it is signed. `params` go to the query, a form or a JSON body; `query` is added to the URL.

    path: After the base URL; or a whole URL, where one endpoint of a platform has a host of its own.
    """

    method: Literal["GET", "POST"]
    path: str
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    send: Literal["query", "form", "json"] = "query"
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A decoded JSON reply, for the functions of a connector that ask for tokens."""

    document: Any = field(repr=False)


Ask = Callable[[Request], Reply]  # sends a request as it is and judges the answer


@dataclass(frozen=True, kw_only=True)
class Api:
    """How a platform is called.

    authorise: Signs a request, given account, access token (None where the platform has none) and the moment (aware).
    judge: What a decoded reply means; None: fine.
    fetch_token: Gets a first or the next token, given account, the stored one, a way to ask, and the moment.
    app: The setting that names the app whose calls the platform counts.
    """

    base_url: str
    authorise: Callable[[Request, Account, str | None, datetime], Request]
    judge: Judge
    fetch_token: Callable[[Account, Token | None, Ask, datetime], Token] | None = None
    app: str | None = None
    per_second: float = 10


class Presence(Enum):
    """Whether a source sends a field, and what its absence means."""

    REQUIRED = auto()  # a row without it goes to quarantine
    EXPECTED = auto()  # null or missing is news, and reported
    OPTIONAL = auto()  # absent where there is nothing to say
    UNVERIFIED = auto()  # nobody has seen it yet: reported when it first appears


@dataclass(frozen=True, kw_only=True)
class Column:
    """Where a field of a resource comes from."""

    field: Field
    path: tuple[str, ...]
    unit: Unit
    presence: Presence
    values: frozenset[str] | None = None  # known words; another one lands, and is reported


def column(
    name: str,
    unit: Unit,
    path: str,
    doc: str,
    *,
    presence: Presence = Presence.EXPECTED,
    required: bool = False,
    personal: Personal = Personal.NONE,
    identifier: str | None = None,
    values: Iterable[str] | None = None,
) -> Column:
    """Declare a field and where it comes from. An identifier is text, whatever the source writes."""
    return Column(
        field=Field(
            name=name, type=unit.type, required=required, personal=personal, identifier=identifier, doc=doc
        ),
        path=tuple(path.split(".")),
        unit=unit,
        presence=Presence.REQUIRED if required else presence,
        values=frozenset(values) if values is not None else None,
    )


@dataclass(frozen=True, kw_only=True)
class Table:
    """One resource that the items of a stream become rows of.

    rows: Path within an item to the list that holds the rows; empty: the item is the row.
    ignored: Paths that are known and meant to be dropped; a path covers all below it.
    harmless: Paths whose undeclared fields may be kept with their values, since no person can be in them.
    """

    name: str
    kind: Kind
    key: str
    within: tuple[str, ...] = ()
    version: str | None = None
    happened: str | None = None
    not_negative: tuple[str, ...] = ()
    rows: str = ""
    columns: tuple[Column, ...]
    ignored: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()

    @cached_property
    def resource(self) -> Resource:
        """What landing is told of it: the owners of a row, then its own fields."""
        return Resource(
            name=self.name,
            kind=self.kind,
            key=self.key,
            within=self.within,
            grouped=bool(self.rows),
            version=self.version,
            happened=self.happened,
            not_negative=self.not_negative,
            is_observed=True,
            fields=(*(one.field for one in OWNERS), *(one.field for one in self.columns)),
        )


# of every row: not read from it, but known of the account
OWNERS = (
    column("brand_code", TEXT, "", "Brand, from seed `brands`.", required=True),
    column("channel_code", TEXT, "", "Channel surface, from seed `channels`.", required=True),
    column("account_id", ID, "", "Account on the platform that the row was read from.", required=True),
)


@dataclass(frozen=True, kw_only=True)
class Window:
    """A stretch of time, half-open; moments aware."""

    start: datetime
    end: datetime

    @property
    def last_second(self) -> datetime:
        """The end where a platform includes both bounds; its times have whole seconds."""
        return self.end - timedelta(seconds=1)

    def __str__(self) -> str:
        return f"{_short(self.start)}..{_short(self.end)}"


@dataclass(frozen=True, kw_only=True)
class WindowRule:
    """Which window a stream is read for, and in which pieces.

    most: The longest that one request may ask for; None: the window is not asked for at all (a snapshot).
    look_back: Days before the business day that change afterwards and are read again.
    reach: Days before today, in local time, that the platform still answers for; None: all there ever were.
    """

    most: timedelta | None = None
    look_back: int = 0
    reach: int | None = None

    def of_day(self, business_date: date, timezone: str) -> Window:
        """The window of a business day with what is read again before it."""
        zone = ZoneInfo(timezone)
        first = business_date - timedelta(days=self.look_back)
        return Window(
            start=datetime.combine(first, time.min, tzinfo=zone).astimezone(UTC),
            end=datetime.combine(business_date + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC),
        )

    def pieces(self, window: Window) -> list[Window]:
        """The window in pieces that may be asked for, in order."""
        if self.most is None:
            return [window]
        starts = [window.start]
        while starts[-1] + self.most < window.end:
            starts.append(starts[-1] + self.most)
        return [
            Window(start=start, end=end) for start, end in zip(starts, [*starts[1:], window.end], strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One endpoint, read page by page, whose items become rows of one or several resources.

    request: What is asked for a piece of a window, without the parameters of paging.
    items: Path in the reply to the list of items; empty: the reply itself is the one item.
    tables: The first has one row per item; its distinct keys are what an announced total counts.
    ready_at, lag_days: When the platform has finished a business day: so many days later, at this local time.
    in_flight: Requests that may be on their way at once, where the paging allows it.
    """

    name: str
    request: Callable[[Account, Window], Request]
    paging: "Paging"
    items: str
    tables: tuple[Table, ...]
    window: WindowRule = WindowRule()
    ready_at: time = time.min
    lag_days: int = 1
    per_second: float | None = None  # where this endpoint has a limit of its own
    in_flight: int = 4

    @cached_property
    def revision(self) -> str:
        """Digest of what is declared: rows read by another revision are other rows."""
        declared = [
            (
                table.name,
                table.rows,
                repr(table.resource),
                [(one.path, one.unit.name) for one in table.columns],
            )
            for table in self.tables
        ]
        return sha256(json.dumps([self.name, self.items, declared]).encode()).hexdigest()

    def is_ready(self, business_date: date, timezone: str, now: datetime) -> bool:
        """Whether the platform has finished a business day at an aware moment; a zero before that is no zero."""
        ready = datetime.combine(
            business_date + timedelta(days=self.lag_days), self.ready_at, tzinfo=ZoneInfo(timezone)
        )
        return now >= ready


@dataclass(frozen=True, kw_only=True)
class Connector:
    """A platform: what an account must bring, how it is called, what can be read."""

    channel: str
    settings: tuple[Setting, ...]
    api: Api
    streams: tuple[Stream, ...]

    def stream(self, name: str) -> Stream:
        """The stream called so.

        Raises:
            UsageError: There is none.
        """
        for stream in self.streams:
            if stream.name == name:
                return stream
        names = ", ".join(stream.name for stream in self.streams)
        raise UsageError(f"{self.channel} has no stream {name!r}", expected=names, do="name one of them")

    @property
    def resources(self) -> dict[str, Resource]:
        """All that it can land, by name."""
        return {table.name: table.resource for stream in self.streams for table in stream.tables}

    def check(self, account: Account) -> None:
        """Refuse an account that lacks a setting.

        Raises:
            UsageError: It names the setting.
        """
        for setting in self.settings:
            if setting.is_required:
                _ = account[setting.name]


def _short(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
