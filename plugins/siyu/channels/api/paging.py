"""The ways platforms turn pages.

Here: generators that read page after page, and say after each where to go on. Not here: what is on a page.

Platforms miscount, repeat cursors and promise pages for ever. So every way is bounded: by the announced total and a
tenth more, by no cursor coming twice, by a largest number of pages. A way that is cut short leaves a note; whether as
many items came as were announced is judged where the window ends (extract).
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import ceil
from typing import Any, Protocol, TypeVar

from siyu.channels.api.declare import Account, Request, Window
from siyu.channels.api.judging import ItemRefusedError
from siyu.channels.api.pages import Page

END = "<end>"  # the position after the last page
CUT_SHORT = "cut short: "
_MOST_PAGES = 10_000
_SLACK = 1.1
_AHEAD = 32  # pages read before they are wanted: the rate is used while a chunk is written
_One = TypeVar("_One")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A page that was read, and the position (JSON) at which to go on after it."""

    page: Page
    after: Any


@dataclass(kw_only=True)
class Reader:
    """Reads pages of one piece of a window; what paging finds odd gathers in `notes`."""

    read: Callable[[Mapping[str, Any]], Page]  # given the parameters of paging
    ask: Callable[[Request, str], Page]  # another endpoint, and the path of the items in its reply
    account: Account
    window: Window  # the piece
    in_flight: int = 1
    notes: list[str] = field(default_factory=list)
    skipped: int = 0

    def ahead(self, asked: Iterable[Mapping[str, Any]]) -> Iterator[Page]:
        """The pages for these parameters, in order, a few of them on their way at once."""
        yield from _ahead(self.read, asked, self.in_flight)

    def listed(self, request: Request, items: str, paging: "Paging") -> Iterator[Any]:
        """The values of all items that another endpoint lists; what is odd there is noted here."""

        def read(asked: Mapping[str, Any]) -> Page:
            return self.ask(replace(request, params={**request.params, **asked}), items)

        for step in paging.pages(replace(self, read=read), None):  # notes are the same list
            yield from (item.value for item in step.page.items)

    def note(self, text: str) -> None:
        """Remember something odd, once."""
        if text not in self.notes:
            self.notes.append(text)


class Paging(Protocol):
    """A way to turn pages."""

    def pages(self, reader: Reader, at: Any) -> Iterator[Step]:
        """The pages from a position on; None is the beginning."""

    def announced(self, page: Page) -> int | None:
        """How many items a page says there are in all; None where it does not say."""


@dataclass(frozen=True, kw_only=True)
class Single:
    """Everything in one reply."""

    def pages(self, reader: Reader, at: Any) -> Iterator[Step]:
        """See `Paging`."""
        if at != END:
            yield Step(page=reader.read({}), after=END)

    def announced(self, page: Page) -> int | None:  # noqa: ARG002
        """Nothing: a list is as long as it is."""
        return None


@dataclass(frozen=True, kw_only=True)
class ByNumber:
    """Pages by number from 1, forward.

    Names of the parameters; paths of the total and of the flag that says whether more follows. With a total, pages
    after the first are read several at once.
    """

    page: str
    size: str
    per_page: int
    total: str | None = None
    more: str | None = None
    most_pages: int = _MOST_PAGES

    def announced(self, page: Page) -> int | None:
        """See `Paging`."""
        return _count_at(page, self.total)

    def pages(self, reader: Reader, at: Any) -> Iterator[Step]:
        """See `Paging`."""
        if at == END:
            return
        first = reader.read(self._asked(number := at or 1))
        if self.announced(first) is None:
            yield from self._while_more(reader, first, number)
        else:
            yield from self._to_the_last(reader, first, number)

    def _to_the_last(self, reader: Reader, page: Page, number: int) -> Iterator[Step]:
        last = max(number, min(self._last(page), self.most_pages))
        bound = min(max(ceil(last * _SLACK), last + 1), self.most_pages)
        coming = self._from_to(reader, number, last)
        while True:
            if number == last and (now := self._last(page)) > last:  # rows came in while we read
                if now > bound:
                    reader.note(f"{CUT_SHORT}{now} pages are announced after {last}")
                last = max(last, min(now, bound))
                coming = self._from_to(reader, number, last)
            yield Step(page=page, after=number + 1 if number < last else END)
            if number == last:
                return
            page = next(coming)
            number += 1

    def _from_to(self, reader: Reader, number: int, last: int) -> Iterator[Page]:
        return reader.ahead(self._asked(one) for one in range(number + 1, last + 1))

    def _while_more(self, reader: Reader, page: Page, number: int) -> Iterator[Step]:
        before = None
        while True:
            digest = _digest(page)
            more = bool(page.at(self.more)) if self.more else len(page.items) >= self.per_page
            if more and digest == before:
                reader.note(f"{CUT_SHORT}the same page came twice, with more promised")
                more = False
            if more and number >= self.most_pages:
                reader.note(f"{CUT_SHORT}more is promised after {number} pages")
                more = False
            before = digest
            number += 1
            yield Step(page=page, after=number if more else END)
            if not more:
                return
            page = reader.read(self._asked(number))

    def _asked(self, number: int) -> dict[str, Any]:
        return {self.page: number, self.size: self.per_page}

    def _last(self, page: Page) -> int:
        return max(1, ceil((self.announced(page) or 0) / self.per_page))


@dataclass(frozen=True, kw_only=True)
class Backwards:
    """Pages by number, the last one first: rows that move to the end while we read are not lost (TOP increments).

    The first page is asked for the total; where it is the only one, it is not asked for again.
    """

    page: str
    size: str
    per_page: int
    total: str
    most_pages: int = _MOST_PAGES

    def announced(self, page: Page) -> int | None:
        """See `Paging`."""
        return _count_at(page, self.total)

    def pages(self, reader: Reader, at: Any) -> Iterator[Step]:
        """See `Paging`."""
        if at == END:
            return
        if at is None:
            first = reader.read({self.page: 1, self.size: self.per_page})
            at = max(1, ceil((self.announced(first) or 0) / self.per_page))
            if at == 1:
                yield Step(page=first, after=END)
                return
            if at > self.most_pages:
                reader.note(f"{CUT_SHORT}{at} pages are announced")
                at = self.most_pages
        for number in range(at, 0, -1):
            page = reader.read({self.page: number, self.size: self.per_page})
            yield Step(page=page, after=number - 1 or END)


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Each page names the next; an empty or missing name ends it. Offsets that a page names are cursors too.

    Names of the parameters; paths of the next cursor and of the total. `ends_at_total`: the end is a next cursor equal
    to the total, not an empty one.
    """

    cursor: str
    next: str
    size: str
    per_page: int
    first: str | int | None = ""
    total: str | None = None
    ends_at_total: bool = False
    most_pages: int = _MOST_PAGES

    def announced(self, page: Page) -> int | None:
        """See `Paging`."""
        return _count_at(page, self.total)

    def pages(self, reader: Reader, at: Any) -> Iterator[Step]:
        """See `Paging`."""
        seen: set[Any] = set()
        cursor = self.first if at is None else at
        for _ in range(self.most_pages):
            if cursor == END:
                return
            seen.add(cursor)
            asked = {self.size: self.per_page} | ({} if cursor is None else {self.cursor: cursor})
            page = reader.read(asked)
            after = page.at(self.next) or END
            if self.ends_at_total and after == self.announced(page):
                after = END
            if after in seen:
                reader.note(f"{CUT_SHORT}a cursor came twice")
                after = END
            yield Step(page=page, after=after)
            cursor = after
        if cursor != END:
            reader.note(f"{CUT_SHORT}more is promised after {self.most_pages} pages")


@dataclass(frozen=True, kw_only=True)
class PerItem:
    """One reading per item of another resource, e.g. per guide; several items at once, each wholly.

    each: Asks another endpoint for the items; gives the parameters that name each.
    inner: How the pages of one item are turned.
    """

    each: Callable[[Reader], Iterable[Mapping[str, Any]]]
    inner: Paging = Single()

    def announced(self, page: Page) -> int | None:  # noqa: ARG002
        """Nothing: what one item has says nothing of all."""
        return None

    def pages(self, reader: Reader, at: Any) -> Iterator[Step]:
        """See `Paging`. The position is the item done last, in the order of their names."""
        if at == END:
            return
        named = {json.dumps(one, sort_keys=True): one for one in self.each(reader)}
        waiting = sorted(name for name in named if at is None or name > at)
        readings = _ahead(lambda name: self._of(reader, named[name]), waiting, reader.in_flight)
        for name, (pages, alone) in zip(waiting, readings, strict=True):
            reader.skipped += alone.skipped
            for text in alone.notes:
                reader.note(text)
            for page in pages[:-1]:
                yield Step(page=page, after=at)
            at = name
            for page in pages[-1:]:
                yield Step(page=page, after=at)

    def _of(self, reader: Reader, one: Mapping[str, Any]) -> tuple[list[Page], Reader]:
        """All pages of one item, and what was odd about them; called by several threads."""
        alone = replace(
            reader, read=lambda asked: reader.read({**one, **asked}), in_flight=1, notes=[], skipped=0
        )
        try:
            return [step.page for step in self.inner.pages(alone, None)], alone
        except ItemRefusedError:
            alone.skipped = 1
            return [], alone


def _ahead(work: Callable[[_One], _Answer], todo: Iterable[_One], in_flight: int) -> Iterator[_Answer]:
    """What `work` makes of each, in order, several at once."""
    with ThreadPoolExecutor(in_flight) as pool:
        under_way: deque[Future[_Answer]] = deque()
        try:
            for one in todo:
                under_way.append(pool.submit(work, one))
                if len(under_way) > in_flight:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def read_on(steps: Iterator[_One]) -> Iterator[_One]:
    """The same steps, read in a thread of its own: a few before they are wanted, so that nobody waits for the other."""
    with ThreadPoolExecutor(1) as pool:
        coming: deque[Future[_One | None]] = deque(pool.submit(next, steps, None) for _ in range(_AHEAD))
        try:
            while (step := coming.popleft().result()) is not None:
                yield step
                coming.append(pool.submit(next, steps, None))
        finally:
            for future in coming:
                future.cancel()


def _count_at(page: Page, path: str | None) -> int | None:
    found = page.at(path) if path else None
    return int(found) if isinstance(found, int | str) and str(found).isdigit() else None


def _digest(page: Page) -> str:
    return sha256(json.dumps([item.value for item in page.items], default=str).encode()).hexdigest()
