"""The macros that divide money, against exact fractions, on the engine that runs them."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import duckdb
from jinja2 import Template

from siyu.settings import PROJECT

MACROS = PROJECT / "dbt_project" / "macros"
FILES = ("round_to_fen.sql", "amount_per.sql", "roi/cost_of_kept_goods.sql")
FEN = Decimal("0.01")


def evaluate(call: str, columns: str, rows: Iterable[tuple[int, ...]]) -> list[Decimal | None]:
    """What the macro call gives for each row; `columns` makes its columns of the whole numbers a, b and c."""
    source = "".join((MACROS / file).read_text(encoding="utf-8") for file in FILES)
    expression = Template(source + "{{ " + call + " }}").render()
    numbers = [dict(zip("abc", (*row, 0, 0), strict=False)) for row in rows]
    relation = duckdb.sql(
        "select unnest($numbers::struct(a bigint, b bigint, c bigint)[], recursive := true)",
        params={"numbers": numbers},
    )
    return [row[0] for row in relation.project(columns).project(expression).fetchall()]


def to_fen(fen: Fraction) -> Decimal:
    """A fraction of fen as money, half a fen away from zero; no float on the way."""
    whole = int(abs(fen) + Fraction(1, 2))
    return (Decimal(whole) * FEN).quantize(FEN, ROUND_HALF_UP) * (1 if fen >= 0 else -1)


def amount_per(rows: list[tuple[int, int]]) -> list[Decimal | None]:
    return evaluate("amount_per('amount', 'heads')", "(a / 100)::decimal(18, 2) as amount, b as heads", rows)


def test_half_a_fen_is_rounded_away_from_zero():
    assert amount_per([(201, 2), (-201, 2), (100, 3), (200, 3)]) == [
        Decimal("1.01"),
        Decimal("-1.01"),
        Decimal("0.33"),
        Decimal("0.67"),
    ]


def test_an_amount_of_nobody_is_unknown():
    assert amount_per([(100, 0)]) == [None]


def test_amount_per_head_is_exact_to_the_fen():
    rows = [(fen, heads) for fen in range(-2_003, 2_004, 7) for heads in range(1, 41)]
    rows += [(10_000_000 * heads // 2 + 1, heads) for heads in range(1, 1_000)]
    assert amount_per(rows) == [to_fen(Fraction(fen, heads)) for fen, heads in rows]


def test_cost_of_kept_goods_is_exact_to_the_fen():
    rows = [(cost, paid, back) for cost in (1, 201, 3_333) for paid in (200, 999) for back in range(paid + 1)]
    found = evaluate(
        "cost_of_kept_goods('refunded')",
        "(a / 100)::decimal(18, 2) as cost_amount, (b / 100)::decimal(18, 2) as paid_amount, "
        "(c / 100)::decimal(18, 2) as refunded",
        rows,
    )
    assert found == [to_fen(Fraction(cost * (paid - back), paid)) for cost, paid, back in rows]


def test_a_free_order_keeps_the_cost_of_its_goods():
    columns = "8.00::decimal(18, 2) as cost_amount, a::decimal(18, 2) as paid_amount, b as refunded"
    assert evaluate("cost_of_kept_goods('refunded')", columns, [(0, 0)]) == [Decimal("8.00")]
