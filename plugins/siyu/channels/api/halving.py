"""Spans of time asked for in halves, where a platform lists no more than so many items of one span.

Here: the one way of paging that looks at time. Not here: how pages within a span are turned (paging).

Platforms cap what can be paged through (10,000 orders, 3,000 refunds, 1,500 reviews) and say how many there are. A span
with too many is asked for in two halves, each of them again where it must be, so that a quiet day costs one call and a
festival as many as it needs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from siyu.channels.api.pages import Page
from siyu.channels.api.paging import CUT_SHORT, END, Paging, Reader, Step
from siyu.channels.api.units import CHINA, china_text

_TOTAL = (
    "<total>"  # beside what a page was asked with: the items of the whole span, which its halves do not say
)


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How a platform writes a moment in a parameter: to whole epoch seconds and back."""

    read: Callable[[Any], int]
    write: Callable[[int], Any]


def _from_china_time(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).timestamp())


def _to_china_time(seconds: int) -> str:
    return china_text(datetime.fromtimestamp(seconds, CHINA))


SECONDS = Spelling(read=int, write=int)
CHINA_TIME = Spelling(read=_from_china_time, write=_to_china_time)


@dataclass(frozen=True, kw_only=True)
class Halved:
    """Pages of a span, or of its halves where the span has more than `most` items.

    start, end: Parameters that bound the span, both included, written as `spelling` says.
    inner: Turns the pages of one span; it announces totals.
    """

    inner: Paging
    start: str
    end: str
    spelling: Spelling
    most: int

    def announced(self, page: Page) -> int | None:
        """See `Paging`. Of the span that was asked for at first, as counted then."""
        return page.asked.get(_TOTAL) or self.inner.announced(page)

    def pages(self, reader: Reader, at: Any) -> Iterator[Step]:
        """See `Paging`. The position is the spans left, the place in the first of them, and the total of all."""
        if at == END:
            return
        spans: list[dict[str, Any]]
        spans, place, whole = at or ([dict[str, Any]()], None, None)
        while spans:
            span, later = spans[0], spans[1:]
            alone = _within(reader, span)
            for step in self.inner.pages(alone, place):
                total = self.inner.announced(step.page) or 0
                if place is None and total > self.most:
                    if halves := self._halves(step.page.asked):
                        whole = whole or total
                        spans, place = [*halves, *later], None
                        break
                    alone.note(f"{CUT_SHORT}{total} items in one second, and {self.most} are listed")
                place = step.after
                left = [later, None, whole] if place == END else [spans, place, whole]
                page = replace(step.page, asked={**step.page.asked, _TOTAL: whole}) if whole else step.page
                yield Step(page=page, after=left if left[0] else END)
            else:
                spans, place = later, None
                for text in alone.notes:
                    reader.note(text)

    def _halves(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Two spans that are the one asked for; nothing where it is one second."""
        first, last = (self.spelling.read(asked[name]) for name in (self.start, self.end))
        if last <= first:
            return []
        middle = (first + last) // 2
        return [
            {self.start: self.spelling.write(start), self.end: self.spelling.write(end)}
            for start, end in ((first, middle), (middle + 1, last))
        ]


def _within(reader: Reader, span: Mapping[str, Any]) -> Reader:
    """Reads pages of one span; its notes count only where the span is read to its end."""
    return replace(reader, read=lambda asked: reader.read({**asked, **span}), notes=[])
