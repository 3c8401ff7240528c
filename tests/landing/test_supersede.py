"""Compaction: fewer files, the same rows, and loads that can still be mended or replaced."""

from dataclasses import replace

import pytest

from siyu.errors import DamagedFileError
from siyu.landing import compact, read_records
from siyu.landing.supersede import supersede_records
from siyu.resources import ORDER_LINES, ORDERS
from siyu.settings import Settings
from tests.landing.shop import File, Shop, line, order

EVERYTHING = "columns(*)"


def parquet_files(shop: Shop) -> list[str]:
    return sorted(path.name for path in (shop.home.raw / "files").glob("*/*"))


def test_compaction_keeps_every_row_and_its_origin_and_leaves_one_file_per_resource(shop: Shop) -> None:
    for number in range(3):
        shop.land(
            File(name=f"{number}.csv", rows=[order(f"o{number}"), order(f"x{number}", _exclusion="test")])
        )
        shop.land(
            File(name=f"l{number}.csv", resource=ORDER_LINES, rows=[line(f"o{number}"), line(f"o{number}")])
        )
    before = shop.raw(ORDERS, EVERYTHING), shop.raw(ORDER_LINES, EVERYTHING)
    merged = compact(shop.home, Settings())
    assert (shop.raw(ORDERS, EVERYTHING), shop.raw(ORDER_LINES, EVERYTHING)) == before
    assert len(parquet_files(shop)) == 2
    assert [(one.rows, len(one.supersedes), one.is_finished) for one in merged] == [
        (6, 3, True),
        (6, 3, True),
    ]
    assert len(supersede_records(shop.home)) == 2
    assert compact(shop.home, Settings()) == ()


def test_after_compaction_the_same_files_are_still_no_ops_and_new_ones_are_merged_again(shop: Shop) -> None:
    files = [File(name=f"{number}.csv", rows=[order(f"o{number}")]) for number in range(3)]
    for file in files[:2]:
        shop.land(file)
    compact(shop.home, Settings())
    for file in files:
        shop.land(file)
    assert [record.sequence for record in read_records(shop.home)] == [1, 2, 3]
    assert len(compact(shop.home, Settings())) == 1
    assert shop.raw(ORDERS, "order_id") == [("o0",), ("o1",), ("o2",)]


def test_a_load_within_a_merged_file_can_be_replaced_by_a_new_mapping(shop: Shop) -> None:
    file = File(name="a.csv", rows=[order("o1"), order("o2")])
    shop.land(file)
    shop.land(File(name="b.csv", rows=[order("o3")]))
    compact(shop.home, Settings())
    revised = replace(file, rows=[order("o1"), order("o2", _exclusion="test")], mapping_text="second")
    shop.land(revised, source=replace(revised.source, sha256=file.source.sha256))
    expected = [("o1", False), ("o2", True), ("o3", False)]
    assert shop.raw(ORDERS, "order_id, is_excluded") == expected
    compact(shop.home, Settings())
    assert shop.raw(ORDERS, "order_id, is_excluded") == expected
    assert len(parquet_files(shop)) == 1


def test_f25_a_damaged_merged_file_is_mended_by_landing_its_sources_again(shop: Shop) -> None:
    files = [File(name=f"{number}.csv", rows=[order(f"o{number}")]) for number in range(3)]
    for file in files:
        shop.land(file)
    whole = shop.raw(ORDERS, EVERYTHING)
    (merged,) = compact(shop.home, Settings())
    path = shop.home.root / merged.file.file
    path.write_bytes(path.read_bytes()[:-9])
    for file in files:
        with pytest.raises(DamagedFileError):
            shop.raw(ORDERS, EVERYTHING)
        shop.land(file)
    assert shop.raw(ORDERS, EVERYTHING) == whole


def test_a_damaged_file_is_never_merged(shop: Shop) -> None:
    for number in range(2):
        shop.land(File(name=f"{number}.csv", rows=[order(f"o{number}")]))
    stored = read_records(shop.home)[0].resources["orders"].raw
    assert stored is not None
    (shop.home.root / stored.file).write_bytes(b"")
    with pytest.raises(DamagedFileError):
        compact(shop.home, Settings())
    assert len(parquet_files(shop)) == 2
