"""Damaged files are found before anyone reads them, named, and mended by landing the same source again."""

import random
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from siyu.errors import DamagedFileError, SiyuError, UsageError
from siyu.landing import create_raw_views, open_quarantine, read_records
from siyu.landing.records import StoredFile, path_of, write_record
from siyu.resources import ORDERS
from siyu.settings import Home
from tests.landing.shop import File, Shop, order


def file_number(number: int) -> File:
    rows = [order(f"o{number}-{place}") for place in range(40)]
    return File(name=f"{number}.csv", rows=rows, bad=[{"text": "?"}])


def truncated(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def flipped(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def deleted(path: Path, chance: random.Random) -> None:
    del chance
    path.unlink()


def views(home: Home) -> None:
    with duckdb.connect() as connection:
        create_raw_views(connection, home)


@pytest.mark.parametrize("damage", [truncated, flipped, deleted])
def test_f25_damage_is_found_named_and_mended_by_landing_that_file_again(shop: Shop, damage) -> None:
    for number in range(3):
        shop.land(file_number(number))
    whole = shop.raw(ORDERS, "order_id, _load_id, _source_row")
    records = read_records(shop.home)
    for case in range(10):
        number = case % 3
        stored = records[number].resources["orders"].raw
        assert stored is not None
        damage(shop.home.root / stored.file, random.Random(case))
        with pytest.raises(
            DamagedFileError, match=rf"{records[number].load_id}.*{number}\.csv.*siyu nightly --mapping"
        ):
            views(shop.home)
        mended = shop.land(file_number(number))
        assert (mended.load_id, mended.sequence) == (records[number].load_id, number + 1)
        assert shop.raw(ORDERS, "order_id, _load_id, _source_row") == whole


def test_f25_a_damaged_file_does_not_let_its_rows_land_again_elsewhere(shop: Shop) -> None:
    shop.land(file_number(0))
    stored = read_records(shop.home)[0].resources["orders"].raw
    assert stored is not None
    (shop.home.root / stored.file).unlink()
    with pytest.raises(DamagedFileError, match=r"0\.csv"):
        shop.land(replace(file_number(0), name="copy.csv"))
    assert len(read_records(shop.home)) == 1


def test_a_damaged_load_record_is_named_and_mended_by_landing_its_file_again(shop: Shop) -> None:
    record = shop.land(file_number(0))
    shop.land(file_number(1))
    whole = shop.raw(ORDERS, "order_id, _load_id")
    (shop.home.root / record.path).write_text("{")
    with pytest.raises(DamagedFileError, match=record.load_id):
        views(shop.home)
    assert shop.land(file_number(0)).sequence == 1
    assert shop.raw(ORDERS, "order_id, _load_id") == whole


def test_damaged_quarantine_and_vault_are_mended_too(shop: Shop) -> None:
    record = shop.land(file_number(0))
    for folder, pattern in ((shop.home.quarantine, "*/*/*.parquet"), (shop.home.vault, "*.sealed")):
        (path,) = folder.glob(pattern)
        path.write_bytes(b"")
        assert shop.land(file_number(0)).load_id == record.load_id
        assert path.stat().st_size > 0
    assert len(open_quarantine(shop.home)) == 1


HOSTILE = [
    "/etc/passwd", "//etc/passwd", "../outside.parquet", "raw/../../outside.parquet", "raw/files/../../keys/master.key",
    "raw/files/orders/../../../keys/master.key", "..", ".", "", "raw", "raw/", "raw//files", "raw/./files/x.parquet",
    "keys/master.key", "state/state.db", "siyu.yml", "version", "publications/1/x.parquet", "~/x.parquet", "raw/~root",
    "raw/files/*/*.parquet", "raw/files/orders/*.parquet", "raw/files/orders/[a-z].parquet",
    "raw/files/orders/?.parquet", "http://example.com/x.parquet",
    "s3://bucket/x.parquet", "file:///etc/passwd", "raw/files/orders/x\u0000.parquet",
    "raw\\..\\..\\x.parquet", "raw/files/orders/x.parquet\n", "raw/files/or'ders/x.parquet", "C:\\x.parquet",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_f39_a_name_that_leads_out_of_raw_is_refused_wherever_it_is_read(shop: Shop, name: str) -> None:
    record = shop.land(file_number(0))
    landed = record.resources["orders"]
    assert landed.raw is not None
    hostile = replace(landed, raw=replace(landed.raw, file=name))
    write_record(shop.home, replace(record, resources={"orders": hostile}))
    for read in (views, open_quarantine, read_records):
        with pytest.raises(SiyuError) as refusal:
            read(shop.home)
        assert isinstance(refusal.value, UsageError)


@pytest.mark.parametrize("target", ["outside", "inside"])
@pytest.mark.parametrize("linked", ["file", "folder"])
def test_f39_a_link_in_the_place_of_a_registered_file_or_folder_is_refused(
    shop: Shop, tmp_path: Path, target: str, linked: str
) -> None:
    record = shop.land(file_number(0))
    stored = record.resources["orders"].raw
    assert stored is not None
    place = shop.home.root / stored.file
    place = place if linked == "file" else place.parent
    elsewhere = (tmp_path if target == "outside" else shop.home.raw) / "moved"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    with pytest.raises(UsageError, match="leads out"):
        views(shop.home)


def test_f39_an_ordinary_name_is_not_refused(home: Home) -> None:
    stored = StoredFile(file="raw/files/orders/0123456789abcdef.parquet", sha256="", bytes=0, rows=0)
    assert path_of(home, stored) == home.root / stored.file
