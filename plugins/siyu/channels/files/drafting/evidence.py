"""What columns say together: what is constant within what, what multiplies and adds up to what.

Here: measurements over a sample. Not here: what they mean (roles.py).
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise, permutations
from statistics import median

from siyu.channels.files.drafting.samples import Column

_CENT = 0.011  # a product or sum may be off by its rounding
_MANY = 3  # rows that must speak for a rule
_ROWS = 1_500  # enough to see arithmetic


@dataclass(frozen=True, kw_only=True)
class Product:
    """quantity × price = amount, in `share` of the rows where that can be seen (a quantity above one)."""

    quantity: Column
    price: Column
    amount: Column
    share: float


@dataclass(frozen=True, kw_only=True)
class Sum:
    """part + rest = whole in every row where there is a rest."""

    part: Column
    rest: Column
    whole: Column


@dataclass(frozen=True, kw_only=True)
class Balance:
    """part + plus - minus = whole, as goods + freight - discount = to pay; the whole stands right of the others."""

    part: Column
    plus: Column
    minus: Column
    whole: Column


def constant_within(key: Column, other: Column) -> float | None:
    """Of the values of `key` that repeat, the share within which `other` does not change; None when none repeats."""
    first: dict[str, str | None] = {}
    repeated: set[str] = set()
    changing: set[str] = set()
    for value, beside in zip(key.texts, other.texts, strict=True):
        if value is None:
            continue
        if value in first:
            repeated.add(value)
            if first[value] != beside:
                changing.add(value)
        else:
            first[value] = beside
    return 1 - len(changing) / len(repeated) if repeated else None


def rises_with(column: Column, time: Column) -> float:
    """Share of steps, in the order of time, at which the values of `column` rise; 0.5 is chance."""
    rows = sorted(
        {
            (at, (len(text), text))
            for at, text in zip(time.moments, column.texts, strict=True)
            if at is not None and text is not None
        }
    )
    steps = [(before, after) for (early, before), (late, after) in pairwise(rows) if early < late]
    return sum(after > before for before, after in steps) / len(steps) if steps else 0.5


def counts_within(column: Column, key: Column) -> bool:
    """Whether a column numbers the rows of each key: 1, 2, 3 … or 10, 20, 30 …"""
    groups: dict[str, list[float]] = {}
    for value, number in zip(key.texts, column.numbers, strict=True):
        if value is not None and number is not None:
            groups.setdefault(value, []).append(number)
    long = [numbers for numbers in groups.values() if len(numbers) > 1]
    counting = [
        numbers
        for numbers in long
        if sorted(numbers) == [min(numbers) * place for place in range(1, len(numbers) + 1)]
    ]
    return bool(long) and len(counting) > 0.9 * len(long)


def counts_rows(column: Column) -> bool:
    """Whether a column numbers the rows of the file, from 0 or 1."""
    head = column.numbers[:50]
    return any(head == [float(place + first) for place in range(len(head))] for first in (0, 1))


def products(whole_numbers: list[Column], numbers: list[Column]) -> list[Product]:
    """Every quantity × price = amount that holds in most rows, surest first."""
    found = []
    for quantity in whole_numbers:
        telling = [row for row, n in enumerate(quantity.numbers) if n is not None and abs(n) > 1][:_ROWS]
        for price, amount in permutations([column for column in numbers if column is not quantity], 2):
            rows = [
                (n, p, a)
                for n, p, a in (
                    (quantity.numbers[row], price.numbers[row], amount.numbers[row]) for row in telling
                )
                if n is not None and p and a is not None
            ]
            share = sum(abs(n * p - a) <= _CENT * abs(n) for n, p, a in rows) / max(len(rows), 1)
            if len(rows) >= _MANY and share >= 0.6 and len({a for _, _, a in rows}) > 1:
                found.append(Product(quantity=quantity, price=price, amount=amount, share=share))
    return sorted(found, key=lambda product: -product.share)


def sums(numbers: list[Column]) -> list[Sum]:
    """Every part + rest = whole, where the rest is not always zero and the whole is not the rest alone."""
    found = []
    for whole in numbers:
        for part, rest in permutations([column for column in numbers if column is not whole], 2):
            rows = [
                (p, r, w)
                for p, r, w in zip(
                    part.numbers[:_ROWS], rest.numbers[:_ROWS], whole.numbers[:_ROWS], strict=True
                )
                if p is not None and w is not None and r
            ]
            fitting = sum(abs(p + r - w) <= 2 * _CENT for p, r, w in rows)
            parts = sum(bool(p) for p, _, _ in rows)
            # of two parts, the rest is the smaller one
            small = sum(abs(r) <= abs(p) or not p for p, r, _ in rows)
            if len(rows) >= _MANY and fitting >= 0.95 * len(rows) and parts and small > 0.5 * len(rows):
                found.append(Sum(part=part, rest=rest, whole=whole))
    return found


def balances(numbers: list[Column]) -> list[Balance]:
    """Every part + plus - minus = whole, where plus and minus both matter in some rows and are the smaller ones."""
    found = []
    for part, plus, minus, whole in permutations(numbers, 4):
        if whole.place < max(part.place, plus.place, minus.place):
            continue  # read the other way round, the same equation would make the goods its result
        rows = [
            (p, a, b, w)
            for p, a, b, w in zip(
                *(column.numbers[:_ROWS] for column in (part, plus, minus, whole)), strict=True
            )
            if p is not None and a is not None and b is not None and w is not None and (a or b)
        ]
        fitting = sum(abs(p + a - b - w) <= 2 * _CENT for p, a, b, w in rows)
        both = min(sum(bool(a) for _, a, _, _ in rows), sum(bool(b) for _, _, b, _ in rows))
        small = sum(abs(a) <= abs(p) and abs(b) <= abs(p) for p, a, b, _ in rows)
        if both >= _MANY and fitting >= 0.95 * len(rows) and small > 0.5 * len(rows):
            found.append(Balance(part=part, plus=plus, minus=minus, whole=whole))
    return found


def follows(column: Column, money: Column) -> float:
    """Share of steps, in the order of some money, at which a column does not fall; 0.5 is chance, 1 is computed."""
    rows = sorted(
        {
            (m, n)
            for m, n in zip(money.numbers, column.numbers, strict=True)
            if m is not None and n is not None
        }
    )
    steps = [(before, after) for (small, before), (large, after) in pairwise(rows) if small < large]
    return sum(after >= before for before, after in steps) / len(steps) if len(steps) >= 20 else 0.5


def is_rate(total: Sum) -> bool:
    """Whether the rest is a fixed share of the part in nearly every row, like a tax."""
    shares = [
        round(r / p, 2)
        for p, r in zip(total.part.numbers, total.rest.numbers, strict=True)
        if p and r is not None
    ]
    common = sum(count for _, count in Counter(shares).most_common(3))
    return bool(shares) and common > 0.9 * len(shares) and all(shares)


def takes_all_back(total: Sum) -> bool:
    """Whether the rest often is the whole, like a refund in full."""
    rests = [(p, r) for p, r in zip(total.part.numbers, total.rest.numbers, strict=True) if r]
    return bool(rests) and sum(not p for p, _ in rests) > 0.2 * len(rests)


def is_more_with(money: Column, quantity: Column) -> bool:
    """Whether rows with more than the usual quantity usually hold a third more money."""
    rows = [(n, m) for n, m in zip(quantity.numbers, money.numbers, strict=True) if n is not None and m]
    if not rows:
        return False
    usual = median(n for n, _ in rows)
    few, many = ([m for n, m in rows if (n > usual) == is_many] for is_many in (False, True))
    return min(len(few), len(many)) >= _MANY and median(many) > 1.3 * median(few)


def grows_with(money: Column, quantity: Column, product: Column | None) -> bool | None:
    """Whether money is of all the pieces (grows with the quantity) or of one. None: the sample does not say.

    Within one product where there is a column of products, else over the whole sample.
    """
    single: dict[str, list[float]] = {}
    several: dict[str, list[tuple[float, float]]] = {}
    names = product.texts if product is not None else [""] * len(money.texts)
    for name, n, value in zip(names, quantity.numbers, money.numbers, strict=True):
        if name is None or n is None or not value or n <= 0:
            continue
        if n == 1:
            single.setdefault(name, []).append(value)
        else:
            several.setdefault(name, []).append((n, value))
    growth = [
        (value / median(single[name]) - 1) / (n - 1)
        for name, pairs in several.items()
        if name in single
        for n, value in pairs
    ]
    if len(growth) < _MANY:
        return None
    middle = median(growth)  # 1: proportional, 0: the same
    return middle > 0.5 if abs(middle - 0.5) > 0.2 else None


def is_earlier(one: Column, other: Column) -> float:
    """Share of rows, where both are known, in which `one` is not after `other`; 0.5 where no row has both."""
    both = [
        (a, b) for a, b in zip(one.moments, other.moments, strict=True) if a is not None and b is not None
    ]
    return sum(a <= b for a, b in both) / len(both) if both else 0.5
