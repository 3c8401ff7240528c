"""Compaction: fewer files, the same rows, and loads that can still be mended or replaced."""

from dataclasses import replace
from datetime import timedelta

import pytest

from siyu.errors import DamagedFileError
from siyu.landing import compact, expire_quarantine, open_quarantine, read_records
from siyu.landing.records import StoredFile
from siyu.landing.supersede import finish_begun, small_files, supersede_records
from siyu.resources import ORDER_LINES, ORDERS
from siyu.settings import Settings
from tests.landing.shop import LANDED_AT, File, Shop, files_of, line, order

EVERYTHING = "columns(*)"
EAGER = Settings(compact_files=2)


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
    merged = compact(shop.home, EAGER)
    assert (shop.raw(ORDERS, EVERYTHING), shop.raw(ORDER_LINES, EVERYTHING)) == before
    assert len(parquet_files(shop)) == 2
    assert [(one.rows, len(one.supersedes), one.is_finished) for one in merged] == [
        (6, 3, True),
        (6, 3, True),
    ]
    assert len(supersede_records(shop.home)) == 2
    assert compact(shop.home, EAGER) == ()


def test_after_compaction_the_same_files_are_still_no_ops_and_new_ones_are_merged_again(shop: Shop) -> None:
    files = [File(name=f"{number}.csv", rows=[order(f"o{number}")]) for number in range(3)]
    for file in files[:2]:
        shop.land(file)
    compact(shop.home, EAGER)
    for file in files:
        shop.land(file)
    assert [record.sequence for record in read_records(shop.home)] == [1, 2, 3]
    assert len(compact(shop.home, EAGER)) == 1
    assert shop.raw(ORDERS, "order_id") == [("o0",), ("o1",), ("o2",)]


def test_a_load_within_a_merged_file_can_be_replaced_by_a_new_mapping(shop: Shop) -> None:
    file = File(name="a.csv", rows=[order("o1"), order("o2")])
    shop.land(file)
    shop.land(File(name="b.csv", rows=[order("o3")]))
    compact(shop.home, EAGER)
    revised = replace(file, rows=[order("o1"), order("o2", _exclusion="test")], mapping_text="second")
    shop.land(revised, source=replace(revised.source, sha256=file.source.sha256))
    expected = [("o1", False), ("o2", True), ("o3", False)]
    assert shop.raw(ORDERS, "order_id, is_excluded") == expected
    compact(shop.home, EAGER)
    assert shop.raw(ORDERS, "order_id, is_excluded") == expected
    assert len(parquet_files(shop)) == 1


def test_f25_a_damaged_merged_file_is_mended_by_landing_its_sources_again(shop: Shop) -> None:
    files = [File(name=f"{number}.csv", rows=[order(f"o{number}")]) for number in range(3)]
    for file in files:
        shop.land(file)
    whole = shop.raw(ORDERS, EVERYTHING)
    (merged,) = compact(shop.home, EAGER)
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
        compact(shop.home, EAGER)
    assert len(parquet_files(shop)) == 2


def test_too_few_small_files_are_left_alone(shop: Shop) -> None:
    for number in range(3):
        shop.land(File(name=f"{number}.csv", rows=[order(f"o{number}")]))
    assert compact(shop.home, Settings(compact_files=4)) == ()
    assert len(parquet_files(shop)) == 3
    assert len(compact(shop.home, Settings(compact_files=3))) == 1


def test_a_file_of_64_mebibytes_is_not_written_again() -> None:
    loads = {
        name: StoredFile(file=f"raw/files/orders/{name}.parquet", sha256="", bytes=size, rows=1)
        for name, size in (("small", 67_108_863), ("large", 67_108_864))
    }
    assert list(small_files(loads)) == ["small"]


def quarantine_of_three_days(shop: Shop) -> None:
    for days in range(3):
        file = File(name=f"{days}.csv", rows=[order(f"o{days}")], bad=[{"amount": "?"}])
        shop.land(file, landed_at=LANDED_AT + timedelta(days=days))


def test_quarantine_goes_when_its_days_are_over_and_not_before(shop: Shop) -> None:
    quarantine_of_three_days(shop)
    rows, vault = shop.raw(ORDERS, EVERYTHING), set(shop.home.vault.iterdir())
    keep_a_day = Settings(keep_quarantine_days=1)
    now = LANDED_AT + timedelta(days=2)
    (expired,) = expire_quarantine(shop.home, keep_a_day, now=now)
    assert (expired.reason, expired.file, len(expired.supersedes)) == ("retention", None, 1)
    assert [row.source_name for row in open_quarantine(shop.home)] == ["1.csv", "2.csv"]
    assert len([name for name in files_of(shop.home) if name.startswith("quarantine/")]) == 2
    assert (shop.raw(ORDERS, EVERYTHING), set(shop.home.vault.iterdir())) == (rows, vault)
    assert [record.resources["orders"].counts.quarantined for record in read_records(shop.home)] == [1, 1, 1]
    assert expire_quarantine(shop.home, keep_a_day, now=now) == ()


def test_a_file_whose_quarantine_expired_lands_as_nothing_new(shop: Shop) -> None:
    quarantine_of_three_days(shop)
    expire_quarantine(shop.home, Settings(), now=LANDED_AT + timedelta(days=100))
    before = files_of(shop.home)
    quarantine_of_three_days(shop)
    assert open_quarantine(shop.home) == ()
    assert files_of(shop.home) == before


def test_a_killed_expiry_is_finished_by_the_next_one(shop: Shop) -> None:
    quarantine_of_three_days(shop)
    before = {name: (shop.home.root / name).read_bytes() for name in files_of(shop.home)}
    (record,) = expire_quarantine(shop.home, Settings(), now=LANDED_AT + timedelta(days=100))
    begun = (shop.home.root / record.path).read_text().replace('"is_finished": true', '"is_finished": false')
    for name, content in before.items():  # as if it had died right after its record was written
        (shop.home.root / name).parent.mkdir(exist_ok=True)
        (shop.home.root / name).write_bytes(content)
    (shop.home.root / record.path).write_text(begun)
    assert len(open_quarantine(shop.home)) == 3
    finish_begun(shop.home)
    assert open_quarantine(shop.home) == ()
    assert not [name for name in files_of(shop.home) if name.startswith("quarantine/")]
    assert [one.is_finished for one in supersede_records(shop.home)] == [True]
