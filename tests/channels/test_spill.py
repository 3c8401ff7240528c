"""Files larger than memory: what DuckDB puts aside lives in a staging folder that no landing takes away."""

from pathlib import Path

import pytest

from siyu.channels.files import claim_files, extract
from siyu.landing import land, read_records
from siyu.settings import Home, Settings
from tests.channels.shop import HEADER, Shop
from tests.landing.shop import File, order
from tests.landing.shop import Shop as OtherShop

ROWS = 120_000
TIGHT = Settings(duckdb_memory_limit="25MB", duckdb_threads=1)
# for a landing that is quick; what was put aside before stays in its file
ENOUGH = "set memory_limit = '2GB'"


@pytest.fixture
def large(shop: Shop) -> Path:
    rows = "\n".join(f"A{number},2026-03-01 10:00:00,{number % 977}.50" for number in range(ROWS))
    return shop.put(f"{HEADER}\n{rows}\n")


def spilled_bytes(home: Home) -> int:
    return sum(path.stat().st_size for path in home.staging.rglob("duckdb_temp*"))


def test_a_landing_that_spills_keeps_what_it_put_aside(shop: Shop, large: Path) -> None:
    mapping = shop.mapping(top={"channel": "taobao_search"})
    (source, file), *_ = claim_files(mapping, large).claimed
    with extract(mapping, source, file, TIGHT, shop.home) as (connection, origin, batches):
        assert spilled_bytes(shop.home) > 0, "the file fits into memory: this test proves nothing"
        connection.execute(ENOUGH)
        record = land(connection, shop.home, TIGHT, origin, batches)
    assert record.resources["orders"].counts.landed == ROWS
    assert list(shop.home.staging.iterdir()) == []


def test_another_landing_leaves_alone_what_this_one_put_aside(shop: Shop, large: Path) -> None:
    mapping = shop.mapping(top={"channel": "taobao_search"})
    (source, file), *_ = claim_files(mapping, large).claimed
    with extract(mapping, source, file, TIGHT, shop.home) as (connection, origin, batches):
        before = spilled_bytes(shop.home)
        assert before > 0, "the file fits into memory: this test proves nothing"
        OtherShop(shop.home).land(File(name="other.csv", rows=[order("o1")]))
        assert spilled_bytes(shop.home) == before
        connection.execute(ENOUGH)
        record = land(connection, shop.home, TIGHT, origin, batches)
    assert record.resources["orders"].counts.landed == ROWS
    assert [one.sequence for one in read_records(shop.home)] == [1, 2]
