"""A clock that is set forward or back between landings: the order of registration counts, never the clock."""

from datetime import timedelta
from pathlib import Path

from siyu.landing import LoadRecord, read_records
from siyu.resources import ORDER_LINES
from siyu.settings import Home
from tests.landing.shop import LANDED_AT, NOON, File, Shop, line
from tests.landing.test_any_order import current

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEADY = [timedelta()] * 4
STEPPED = [timedelta(), HOUR, -HOUR, -DAY]  # against the true time, landing by landing
ROW = (
    "order_id, product_id, quantity, updated_at, _load_id, _source_row, _line_number, customer_token is null"
)


def version(order_id: str, days: int, units: int) -> dict:
    return line(order_id, quantity=units, updated_at=NOON + timedelta(days=days))


# the newest version of a is in the second file, of b in the last; two files repeat a row of the one before them
FILES = [
    File(name="0.csv", resource=ORDER_LINES, rows=[version("a", 1, 1), version("b", 1, 1)]),
    File(name="1.csv", resource=ORDER_LINES, rows=[version("a", 3, 3), version("b", 1, 1)]),
    File(name="2.csv", resource=ORDER_LINES, rows=[version("a", 2, 2), version("c", 1, 1)]),
    File(name="3.csv", resource=ORDER_LINES, rows=[version("b", 2, 2), version("c", 1, 1)]),
]


def land_all(folder: Path, steps: list[timedelta]) -> Shop:
    shop = Shop(Home(folder).create())
    for minutes, (file, step) in enumerate(zip(FILES, steps, strict=True)):
        shop.land(file, landed_at=LANDED_AT + timedelta(minutes=minutes) + step)
    return shop


def counted(records: tuple[LoadRecord, ...]) -> list[tuple[int, str, int, int]]:
    found = [(record, record.resources["order_lines"].counts) for record in records]
    return [(one.sequence, one.source.name, counts.landed, counts.unchanged) for one, counts in found]


def test_f30_a_clock_that_steps_between_landings_neither_skips_nor_doubles_a_row(tmp_path: Path) -> None:
    steady, stepped = land_all(tmp_path / "steady", STEADY), land_all(tmp_path / "stepped", STEPPED)
    assert stepped.raw(ORDER_LINES, ROW) == steady.raw(ORDER_LINES, ROW)
    assert [row[:3] for row in stepped.raw(ORDER_LINES, "order_id, product_id, quantity")] == [
        ("a", "p-1", 1), ("a", "p-1", 2), ("a", "p-1", 3), ("b", "p-1", 1), ("b", "p-1", 2), ("c", "p-1", 1),
    ]  # fmt: skip
    newest = {"a": (3, 3), "b": (2, 2), "c": (1, 1)}
    winners = [("p-1", units, NOON + timedelta(days=days)) for days, units in newest.values()]
    expected = [(order_id, *rest) for order_id, rest in zip(newest, winners, strict=True)]
    assert current(stepped.home) == current(steady.home) == expected


def test_f30_the_sequence_of_loads_is_their_registration_whatever_the_clock_said(tmp_path: Path) -> None:
    shop = land_all(tmp_path / "stepped", STEPPED)
    records = read_records(shop.home)
    assert counted(records) == [
        (1, "0.csv", 2, 0),
        (2, "1.csv", 1, 1),
        (3, "2.csv", 2, 0),
        (4, "3.csv", 1, 1),
    ]
    told = [record.landed_at for record in records]
    assert told != sorted(told), "the clock did not step back: this test proves nothing"


def test_f30_the_same_files_again_under_a_stepped_clock_are_no_ops(tmp_path: Path) -> None:
    shop = land_all(tmp_path / "home", STEADY)
    before = read_records(shop.home), shop.raw(ORDER_LINES, ROW)
    for file, step in zip(FILES, [HOUR, -HOUR, -DAY, HOUR], strict=True):
        shop.land(file, landed_at=LANDED_AT + step)
    assert (read_records(shop.home), shop.raw(ORDER_LINES, ROW)) == before
