"""What columns say together: what is constant within what, what multiplies and adds up to what.

Here: measurements over the `cells` of a sample. Not here: what they mean (roles.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from siyu.channels.files.drafting.values import Column

_MACROS = """
create macro side(which) as table select row, rank, number, moment from cells where place = which;
create macro among(places) as table
    select row, place, number from cells where row < 2000 and number is not null and list_contains(places, place);
"""
_CENT = 0.011  # a value may be off by its rounding


@dataclass(frozen=True, kw_only=True)
class Product:
    """quantity × price = amount, in `share` of the rows where that can be seen (a quantity above one)."""

    quantity: Column
    price: Column
    amount: Column
    share: float


@dataclass(frozen=True, kw_only=True)
class Sum:
    """part + rest = whole, as paid + refund = total, in every row where there is a rest."""

    part: Column
    rest: Column
    whole: Column
    takes_all: bool  # the rest often is the whole, like a refund in full


class Evidence:
    """Measurements over the `cells` of one sample."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, columns: Iterable[Column]) -> None:
        self._connection = connection
        self._columns = {column.place: column for column in columns}
        self._within = cache(self._measure_within)
        connection.execute(_MACROS)

    def constant_within(self, key: Column, other: Column) -> float | None:
        """Of the values of `key` that repeat, the share within which `other` does not change; None: none repeats."""
        return self._within(key)[other.place][0] if self._within(key) else None

    def counts_within(self, column: Column, key: Column) -> bool:
        """Whether a column numbers the rows of each key: 1, 2, 3 … or 10, 20, 30 …"""
        return bool(self._within(key) and self._within(key)[column.place][1])

    def _measure_within(self, key: Column) -> dict[int, tuple[float, bool]]:
        query = """
            select place, share(kinds = 1), share(is_counting) > 0.9
            from (
                select other.place, count(distinct coalesce(other.rank, 0)) as kinds,
                    count(distinct other.number) = count(*) and max(other.number) = min(other.number) * count(*)
                    as is_counting
                from side(?) as key join cells as other using (row)
                where key.rank is not null
                group by other.place, key.rank
                having count(*) > 1
            )
            group by place
        """
        return {place: (same, counting) for place, same, counting in self._rows(query, key.place)}

    def follows(self, column: Column, other: Column) -> float:
        """Share of steps at which a column does not fall while the other rises; 0.5 is chance."""
        query = """
            select count(*), share(rank >= before)
            from (
                select step, rank, lag(step) over by_step as step_before, lag(rank) over by_step as before
                from (
                    select distinct other.rank as step, own.rank from side(?) as own join side(?) as other using (row)
                    where own.rank is not null and other.rank is not null
                )
                window by_step as (order by step, rank)
            )
            where step_before < step
        """
        ((count, share),) = self._rows(query, column.place, other.place)
        return share if count >= 5 else 0.5

    def is_earlier(self, one: Column, other: Column) -> float:
        """Share of rows, where both are known, in which `one` is not after `other`; 0.5 where no row has both."""
        query = (
            "select share(one.moment <= other.moment) from side(?) as one join side(?) as other using (row)"
        )
        ((share,),) = self._rows(query, one.place, other.place)
        return 0.5 if share is None else share

    def is_more_with(self, money: Column, quantity: Column) -> bool:
        """Whether rows with more than the usual quantity usually hold a third more money."""
        query = """
            select median(money) filter (is_many) > 1.3 * median(money) filter (not is_many)
                and count(*) filter (is_many) >= 3 and count(*) filter (not is_many) >= 3
            from (
                select money.number as money, quantity.number > median(quantity.number) over () as is_many
                from side(?) as money join side(?) as quantity using (row) where money.number <> 0
            )
        """
        ((is_more,),) = self._rows(query, money.place, quantity.place)
        return bool(is_more)

    def grows_with(self, money: Column, quantity: Column, product: Column | None) -> bool | None:
        """Whether money is of all the pieces (grows with the quantity) or of one. None: the sample does not say.

        Within one product where there is a column of products, else over the whole sample.
        """
        query = """
            with sold as (
                select coalesce(product.rank, 0) as product, quantity.number as pieces, money.number as money
                from side(?) as money join side(?) as quantity using (row) left join side(?) as product using (row)
                where money.number <> 0 and quantity.number > 0
            ),
            single as (select product, median(money) as price from sold where pieces = 1 group by product)
            select count(*), median((money / price - 1) / (pieces - 1))
            from sold join single using (product) where pieces > 1
        """
        places = money.place, quantity.place, product.place if product else None
        ((count, growth),) = self._rows(query, *places)  # 1: proportional, 0: the same
        return growth > 0.5 if count >= 3 and abs(growth - 0.5) > 0.2 else None

    def products(self, whole: list[Column], numbers: list[Column]) -> list[Product]:
        """Every quantity × price = amount that holds in most rows, surest first; the quantity is one of the whole."""
        query = """
            select q.place, p.place, a.place, share(abs(q.number * p.number - a.number) <= ? * abs(q.number)) as fitting
            from among(?) as q join among(?) as p using (row) join among(?) as a using (row)
            where abs(q.number) > 1 and p.number <> 0
                and q.place <> p.place and q.place <> a.place and p.place <> a.place
            group by q.place, p.place, a.place
            having count(*) >= 3 and fitting >= 0.6 and count(distinct a.number) > 1
            order by fitting desc, q.place, p.place, a.place
        """
        found = self._rows(query, _CENT, _places(whole), _places(numbers), _places(numbers))
        return [
            Product(**self._named(quantity=q, price=p, amount=a), share=share) for q, p, a, share in found
        ]

    def sums(self, numbers: list[Column]) -> list[Sum]:
        """Every part + rest = whole; of the two parts, the rest is the smaller one and not always zero."""
        query = """
            select p.place, r.place, w.place, share(p.number = 0) > 0.2
            from among($some) as p join among($some) as r using (row) join among($some) as w using (row)
            where r.number <> 0 and p.place <> r.place and p.place <> w.place and r.place <> w.place
            group by p.place, r.place, w.place
            having count(*) >= 3 and share(abs(p.number + r.number - w.number) <= 2 * $cent) >= 0.95
                and bool_or(p.number <> 0) and share(abs(r.number) <= abs(p.number) or p.number = 0) > 0.5
            order by w.place, p.place, r.place
        """
        found = self._connection.execute(query, {"some": _places(numbers), "cent": _CENT}).fetchall()
        return [
            Sum(**self._named(part=part, rest=rest, whole=whole), takes_all=takes_all)
            for part, rest, whole, takes_all in found
        ]

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    def _named(self, **places: int) -> dict[str, Any]:
        return {name: self._columns[place] for name, place in places.items()}


def _places(columns: list[Column]) -> list[int]:
    return [column.place for column in columns]
