"""Texts of a sample as numbers and times, and what each column holds, seen by itself.

Here: the table `cells` and the facts of one column. Not here: files (samples.py), several columns (evidence.py).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import product

import duckdb
from duckdb import CaseExpression, ColumnExpression, ConstantExpression, Expression

from siyu.channels.files.drafting.words import roles_of
from siyu.engine import call

MOSTLY = 0.95  # share of values that must fit before a column is of a type

_DATES = (
    *("%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y"),
)
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_DIGITS = {  # a time only where they look like one
    "%Y%m%d": r"(19|20)\d{6}",
    "%Y%m%d%H%M%S": r"(19|20)\d{12}",
    "epoch_milliseconds": r"1\d{12}(\.0)?",
    "epoch_seconds": r"1\d{9}(\.0)?",
}
_EPOCHS = {"epoch_seconds": 1_000_000, "epoch_milliseconds": 1_000}  # a unit in microseconds
_CURRENCIES = {"¥": "CNY", "￥": "CNY", "元": "CNY", "£": "GBP", "€": "EUR", "$": "USD"}

# Places of a column's values from small to large: two of its cells have one rank where they have one text.
_CELLS = """
create table cells as
select row, place, text, number, moment,
    case when text is not null
    then dense_rank() over (partition by place order by moment, number, length(text), text) end as rank
from (select row, place, text, cast(as_decimal({number}(text)) as double) as number, {moment} as moment from texts)
"""
_FACTS = r"""
select
    place,
    count(text) as filled,
    count(text) / count(*) as filled_share,
    count(distinct text) as kinds,
    mode(text) as usual,
    avg(length(text)) as length,
    share(contains(text, ' ')) > 0.5 as has_blanks,
    share(regexp_full_match(text, '\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?')) = 1 as is_clock,
    (count(distinct length(text)) = 1 and min(length(text)) >= 5) or (kinds = filled and filled > 20) as is_code,

    count(number) >= $mostly * filled and not bool_or(regexp_matches(text, '^0\d')) as is_number,
    is_number and bool_and(number = trunc(number)) as is_integer,
    median(abs(number)) as middle,
    max(abs(number)) as largest,
    bool_or(number < 0) as is_ever_negative,
    share(number = 0) as zero_share,
    bool_and(number is not distinct from row) filter (row < 50)
    or bool_and(number is not distinct from row + 1) filter (row < 50) as counts_rows,

    case when is_number then mode(regexp_extract(text, $sign)) filter (regexp_matches(text, $sign)) end as sign,
    is_number and (
        sign is not null
        or share(regexp_matches(text, '[.,]\d\d(\s*[元€])?$')) > 0.5
        or not is_integer and share(regexp_matches(text, '[.,]\d{1,2}(\s*[元€])?$')) > 0.5
    ) as has_cents,

    case
        when share(regexp_full_match(text, $phone)) > 0.8 then 'phone'
        when share(regexp_full_match(text, $email)) > 0.8 then 'email'
        when share(regexp_full_match(text, $name)) > 0.8 and kinds > 40 then 'full_name'
    end as looks_like
from cells
group by place
order by place
"""
_SHAPES = {
    "sign": f"[{''.join(_CURRENCIES)}]",
    "phone": r"(\+?86[- ]?)?1[3-9]\d[\d*]{4}\d{4}|\+\d{1,3}[ \d()/-]{7,16}",
    "email": r"[^@\s]+@[^@\s]+\.\w+",
    "name": "[\u4e00-\u9fff]{2,4}",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Column:
    """What one column shows by itself. Facts leave the empty cells out; of a column without values they are None."""

    place: int
    header: str
    formats: tuple[str, ...]  # in which nearly all values are times, likeliest first; empty: they are none
    filled: int
    filled_share: float
    kinds: int  # different texts
    usual: str  # the text that stands there most often
    length: float
    has_blanks: bool
    is_clock: bool  # times of a day, without a date
    is_code: bool  # all of one length, or no two alike: they name something
    is_number: bool  # and none a code with leading zeros
    is_integer: bool
    middle: float  # median, without signs
    largest: float
    is_ever_negative: bool
    zero_share: float
    counts_rows: bool  # 1, 2, 3 … or from 0
    sign: str | None  # of a currency, beside its numbers
    has_cents: bool  # written like money: a sign, or places after the point
    looks_like: str | None  # phone, email, full_name

    @cached_property
    def said(self) -> dict[str, float]:
        """How well its header says each role, without the roles that it does not say."""
        return roles_of(self.header)

    @property
    def currency(self) -> str:
        """Of its sign; empty without one."""
        return _CURRENCIES.get(self.sign or "", "")

    @property
    def distinct_share(self) -> float:
        """Different values per value; 1: no value repeats."""
        return self.kinds / max(self.filled, 1)

    @property
    def is_time(self) -> bool:
        """Whether its values are dates or times."""
        return bool(self.formats)

    @property
    def may_name(self) -> bool:
        """Whether its values can name something: no times, no money, no fractions."""
        is_whole = self.is_integer or not self.is_number
        return is_whole and not (self.is_time or self.is_clock or self.has_cents)

    @property
    def is_small(self) -> bool:
        """Whole numbers as few as pieces in a basket."""
        return self.is_integer and not self.is_time and self.middle <= 50


def read_values(
    connection: duckdb.DuckDBPyConnection, headers: dict[int, str], *, may_have_comma: bool
) -> tuple[list[Column], bool]:
    """Make `cells` (row, place, text, number, moment, rank) of `texts` (row, place, text).

    Args:
        connection: Knows casting.sql and holds `texts`; rows count from 0, an empty cell is null.
        headers: By place.
        may_have_comma: Whether numbers are texts, so that their decimal sign may be a comma.

    Returns:
        The columns, and whether their numbers do have a decimal comma.
    """
    connection.execute("create macro share(fact) as avg(cast(fact as integer))")
    formats = _time_formats(connection)
    is_comma = may_have_comma and _has_decimal_comma(connection, list(formats))
    moment = ConstantExpression(None).cast("timestamp")
    for place, (first, *_) in formats.items():
        is_here = ColumnExpression("place") == ConstantExpression(place)
        moment = CaseExpression(is_here, _moment(first)).otherwise(moment)
    number = "number_text_comma" if is_comma else "number_text"
    connection.execute(_CELLS.format(number=number, moment=moment))
    facts = connection.execute(_FACTS, {"mostly": MOSTLY, **_SHAPES})
    names = [name for name, *_ in facts.description]
    rows = (dict(zip(names, row, strict=True)) for row in facts.fetchall())
    return [
        Column(header=headers[row["place"]], formats=formats.get(row["place"], ()), **row) for row in rows
    ], is_comma


def _outline(text: str) -> str:
    return re.sub("[A-Za-z]+", "A", re.sub("[0-9]+", "9", text))


_OUTLINES: dict[str, list[str]] = {"9": list(_DIGITS), "9.9": list(_EPOCHS)}
for _format in map("".join, product(_DATES, _CLOCKS)):
    _OUTLINES.setdefault(_outline(datetime(2026, 11, 22, tzinfo=UTC).strftime(_format)), []).append(_format)


def _time_formats(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[str, ...]]:
    """Formats by place, for columns of times: all that fit the most values (03/04/2026 fits two).

    The one that puts the times closest together comes first.
    """
    texts = connection.table("texts")
    outline = "regexp_replace(regexp_replace(text, '[0-9]+', '9', 'g'), '[A-Za-z]+', 'A', 'g')"
    found = {}
    for place, usual in texts.filter("text is not null").aggregate(f"place, mode({outline})").fetchall():
        own = texts.filter(ColumnExpression("place") == ConstantExpression(place))
        fits = []
        for name in [*_OUTLINES.get(usual, ()), *(["iso"] if usual.startswith("9-9-9") else [])]:
            moments = own.select("text", _moment(name).alias("moment"))
            facts = "count(moment) as fitting, count(text), min(moment), max(moment)"
            ((fitting, filled, first, last),) = moments.aggregate(facts).fetchall()
            if fitting < MOSTLY * filled:
                continue
            # a running number of ten digits would be an epoch too: believed within some years only
            if name in _EPOCHS and not (first.year >= 2005 and last.year < 2040 and (last - first).days > 0):
                continue
            fits.append((-fitting, last - first, name))
        if fits:
            found[place] = tuple(name for fitting, _, name in sorted(fits) if fitting == min(fits)[0])
    return found


def _moment(format_: str) -> Expression:
    text: Expression = ColumnExpression("text")
    if format_ == "iso":
        return call("iso_utc", text, "UTC")
    if format_ in _DIGITS:
        text = CaseExpression(call("regexp_full_match", text, _DIGITS[format_]), text)
    if format_ in _EPOCHS:
        return call("epoch_utc", text, _EPOCHS[format_])
    return call("plausible", call("try_strptime", text, format_))


def _has_decimal_comma(connection: duckdb.DuckDBPyConnection, times: list[int]) -> bool:
    """Whether more columns are numbers with a comma for the decimal sign only than with a point only."""
    query = """
        select count(*) filter (by_comma and not by_point) > count(*) filter (by_point and not by_comma)
        from (
            select
                count(as_decimal(number_text_comma(text))) >= $mostly * count(text) as by_comma,
                count(as_decimal(number_text(text))) >= $mostly * count(text) as by_point
            from texts where not list_contains($times, place) group by place having count(text) > 0
        )
    """
    ((is_comma,),) = connection.execute(query, {"mostly": MOSTLY, "times": times}).fetchall()
    return bool(is_comma)
