"""Words in two languages, values as people read them, and tables of such cells.

Here: how a value becomes text, and the number behind it that a chart reads. Not here: which tables there are
(sections).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from markupsafe import Markup

SHADES = 7  # of the sequential palette in page.css
_WORDS = Path(__file__).parent / "words.yml"


@cache
def _words() -> dict[str, tuple[str, str]]:
    content = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return {key: (english, chinese) for key, (english, chinese) in content.items()}


def both(english: object, chinese: object) -> Markup:
    """One text in two languages; the style sheet shows the reader's."""
    return Markup('<span lang="en">{}</span><span lang="zh-Hans">{}</span>').format(english, chinese)


def words(key: str, **values: object) -> Markup:
    """The page's own words for a key, with values put in; both are escaped."""
    english, chinese = _words()[key]
    return both(english.format(**values), chinese.format(**values)) if values else both(english, chinese)


@dataclass(frozen=True)
class Show:
    """How a value becomes text: `times` first (100 for per cent), then `form`."""

    form: Callable[[Any], object]
    times: int = 1
    is_number: bool = True  # a chart may read it
    css: str = "num"

    def raw(self, value: Any) -> str | None:
        """What a chart reads: the number that is shown, not rounded."""
        if value is None or not self.is_number:
            return None
        return format(value * self.times, "f" if isinstance(value, Decimal) else "")

    def text(self, value: Any) -> object:
        """What a person reads; a dash where there is no value."""
        if value is None:
            return "–"
        return self.form(value * self.times if self.is_number else value)


def _as_it_is(value: object) -> object:
    return value


TEXT = Show(_as_it_is, is_number=False, css="")  # words in two languages stay what they are
DAY = Show(_as_it_is, is_number=False, css="day")
CODE = Show(_as_it_is, is_number=False, css="code")
LIST = Show(", ".join, is_number=False, css="")
YES_NO = Show(lambda value: words("word_yes" if value else "word_no"), is_number=False, css="")
MARK = Show(lambda value: words("word_yes" if value else "word_no"), css="")  # a chart reads 1 or 0
COUNT = Show(lambda value: f"{value:,}")
COUNT_CHANGE = Show(lambda value: f"{value:+,}" if value else "0")
AMOUNT = Show(lambda value: f"{value:,.2f}")
CHANGE = Show(lambda value: f"{value:+,.2f}" if value else "0.00")
PERCENT = Show(lambda value: f"{value:,.1f}", times=100)
POINTS = Show(lambda value: f"{value:+,.1f}", times=100)
RATIO = Show(lambda value: f"{value:,.2f}")
P_VALUE = Show(lambda value: f"{value:.3f}" if value >= Decimal("0.0005") else "< 0.001")
SECONDS = Show(lambda value: f"{value:,.2f}")
MEGABYTES = Show(lambda value: f"{value / 2**20:,.1f}")


def word_of(prefix: str) -> Show:
    """Codes of a mart as the page's words, which `words.yml` has under prefix + code; one without a word stays."""
    return Show(
        lambda code: words(prefix + code) if prefix + code in _words() else code, is_number=False, css=""
    )


def moment_in(timezone: str) -> Show:
    """Aware moments in a time zone."""
    return Show(lambda at: moment(at, timezone), is_number=False, css="day")


def moment(at: datetime, timezone: str) -> str:
    """An aware moment in a time zone, to the minute."""
    return f"{at.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"


def percent_change(now: Decimal | float, before: Decimal | float) -> str:
    """`+4.2 %`; a dash where there was nothing before."""
    return f"{(float(now) / float(before) - 1) * 100 * (1 if before > 0 else -1):+,.1f} %" if before else "–"


@dataclass(frozen=True)
class Column:
    """A column of a table; `role` is what a chart takes it for, `unit` stands behind its name."""

    key: str
    head: Markup
    show: Show = TEXT
    role: str = ""
    unit: object = ""


@dataclass(frozen=True)
class Cell:
    """A cell: its text, the number behind it, and the shade of its part in a whole."""

    text: object
    raw: str | None
    css: str


@dataclass(frozen=True)
class Table:
    """A table as the template shows it."""

    columns: tuple[Column, ...]
    rows: list[list[Cell]]

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def can_be_drawn(self) -> bool:
        """Whether a column that a chart draws has a value at all."""
        drawn = [at for at, one in enumerate(self.columns) if one.role in {"y", "middle", "cell"}]
        return any(row[at].raw is not None for row in self.rows for at in drawn)


def column(key: str, word: str, show: Show = TEXT, role: str = "", unit: object = "") -> Column:
    """A column named by a word of the page."""
    return Column(key, words(word), show, role, unit)


def table(columns: Iterable[Column], rows: Iterable[Any]) -> Table:
    """Rows, mappings or objects, as cells."""
    columns = tuple(columns)
    return Table(columns, [[cell(_value(row, c.key), c.show) for c in columns] for row in rows])


def _value(row: Any, key: str) -> Any:
    return row[key] if isinstance(row, Mapping) else getattr(row, key)


def cell(value: Any, show: Show) -> Cell:
    """A value as a cell."""
    return Cell(show.text(value), show.raw(value), show.css)


def shade(value: Decimal | float | None, lowest: Decimal | float, highest: Decimal | float) -> str:
    """The class of the palette for a value between two others; none for what is not known."""
    if value is None:
        return ""
    part = (float(value) - float(lowest)) / (float(highest) - float(lowest) or 1)
    return f"q{min(SHADES - 1, int(part * SHADES))}"
