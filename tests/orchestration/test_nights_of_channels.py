"""Nights over every platform of a simulated brand, with faults, kills and a backfill: rows and money are the world's.

Soak: ten nights take minutes, for platforms let themselves be asked only so often.
"""

import os
import random
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.bench.measure import python_program
from siyu.channels.api.calls import Patience
from siyu.channels.catalogue import declared
from siyu.cli.sandbox_nights import configure
from siyu.clock import SHIFT_VARIABLE, utc_now
from siyu.landing import create_raw_views, read_records
from siyu.orchestration.ingest import extract_channel
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.sandbox.world.generate import generate_world
from siyu.settings import Home, Settings
from tests.channels.sandboxed import CHINA
from tests.sandbox.server.conftest import Running, running

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2400), pytest.mark.xdist_group("nights_of_channels")]

FIRST, LAST = date(2026, 3, 1), date(2026, 5, 31)
TMALL_SINCE = LAST - timedelta(days=9)  # half an hour of Taobao is a call
CHANNELS = ("ocean_engine", "youzan", "taobao", "wecom")
QUICK = Patience(first_seconds=0.001, longest_seconds=0.02, tries=40, whole_seconds=60)
FAULTS = ("http_500", "reset", "half_body", "broken_gzip", "html")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    generate_world(folder, size="300", seed=3, first=FIRST, last=LAST)
    return folder


@pytest.fixture
def served(world: Path) -> Iterator[Running]:
    with running(world, at=noon_after(LAST)) as server:
        yield server


def noon_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=CHINA) + timedelta(days=1)


def configured(tmp_path: Path, server: Running, world: Path, first_night: date) -> Home:
    home = Home(tmp_path / "home").create()
    configure(home, server.apps, server.base, world=world, first_night=first_night)
    return home


def read_night(home: Home, server: Running, day: date, channel: str, **params: str) -> None:
    """Read what is due of a channel for a day, with the clocks of both sides at noon after it."""
    at = noon_after(day)
    server.clock(at=at.isoformat())
    os.environ.pop(SHIFT_VARIABLE, None)
    os.environ[SHIFT_VARIABLE] = str((at - utc_now()).total_seconds())
    try:
        run = Run(
            home=home,
            settings=Settings(duckdb_threads=1, duckdb_memory_limit="500MB"),
            run_id="night",
            run_after=at,
            params={"business_date": day.isoformat(), **params},
        )
        extract_channel(run, channel, Step(name="extract"), patience=QUICK)
    finally:
        del os.environ[SHIFT_VARIABLE]


def newest(home: Home, view: str, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    """Columns of the newest version of each row of a resource, sorted."""
    resource = declared()[view.partition("__")[0]][view.partition("__")[2]]
    key = ", ".join(field.raw_column or "" for field in resource.key_fields)
    order = f"{resource.version or '_observed_at'} desc, _row_hash"
    with duckdb.connect() as connection:
        create_raw_views(connection, home, declared=declared())
        return sorted(
            connection.sql(
                f"select {columns} from (select * from raw.{view} qualify row_number() over"  # noqa: S608
                f" (partition by {key} order by {order}) = 1) where {where}"
            ).fetchall()
        )


def expected(world: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        for path in world.glob("*.parquet"):
            connection.read_parquet(str(path)).create_view(path.stem)
        rows = sorted(connection.sql(sql).fetchall())
    assert rows, "a world too small to tell"
    return rows


def assert_equal(home: Home, world: Path, since: date, *, short_since: date) -> None:
    """Orders, refunds and costs are the world's, each once, to the fen.

    since: The first day that Youzan and Ocean Engine are read from; short_since: Taobao.
    """
    amount = "cast({} / 100 as decimal(18, 2))"
    for channel, view, first in (("youzan", "youzan", since), ("tmall", "taobao", short_since)):
        known = f"""
            select order_no, {amount.format("paid_fen")} from orders
            where channel_code = '{channel}' and timezone('Asia/Shanghai', timezone('UTC', created_at)) >= '{first}'
        """  # noqa: S608
        started = f"timezone('Asia/Shanghai', timezone('UTC', ordered_at)) >= '{first}'"
        assert newest(home, f"{view}__orders", "order_id, paid_amount", started) == expected(world, known)
    spent = newest(home, "ocean_engine__campaign_daily", "sum(cost_amount)")
    spent_since = f"select {amount.format('sum(cost_fen)')} from ad_days where stat_on >= '{since}'"  # noqa: S608
    total = expected(world, spent_since)
    assert spent == total
    assert spent[0][0] > Decimal(0)
    assert all(
        resource.counts.is_conserved
        for record in read_records(home)
        for resource in record.resources.values()
    )


def test_ten_nights_with_a_fifth_of_all_calls_failing_lose_or_double_a_row(
    world: Path, served: Running, tmp_path: Path
) -> None:
    nights = [LAST - timedelta(days=number) for number in reversed(range(10))]
    home = configured(tmp_path, served, world, nights[0])
    for number, kind in enumerate(FAULTS):
        served.fault(kind, share=0.2 / len(FAULTS), seed=number)
    for night in nights:
        for channel in CHANNELS:
            read_night(home, served, night, channel)
    assert_equal(home, world, FIRST, short_since=nights[0])


def start_night(home: Home, server: Running, day: date, channel: str) -> "subprocess.Popen[bytes]":
    """As `read_night`, in a process of its own."""
    at = noon_after(day)
    server.clock(at=at.isoformat())
    return subprocess.Popen(
        python_program("siyu.bench.extract", home.root, channel, day.isoformat()),
        env=os.environ | {SHIFT_VARIABLE: str((at - utc_now()).total_seconds())},
        stdout=subprocess.DEVNULL,
    )


def test_killed_ingests_lose_or_double_a_row(world: Path, served: Running, tmp_path: Path) -> None:
    """Fifty kills at random moments, ten in each of five homes; whoever comes after goes on."""
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for number in range(5):
        home = configured(tmp_path / str(number), served, world, TMALL_SINCE)
        for _ in range(10):
            process = start_night(home, served, LAST, dice.choice(CHANNELS))
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=dice.uniform(1, 6))
            process.kill()
            process.wait()
        for channel in CHANNELS:
            read_night(home, served, LAST, channel)
        assert_equal(home, world, FIRST, short_since=TMALL_SINCE)
        served.admin.post("/reset")


def test_a_backfill_in_another_order_and_two_runs_at_once_give_other_rows(
    world: Path, served: Running, tmp_path: Path
) -> None:
    home = configured(tmp_path, served, world, TMALL_SINCE)
    weeks = [FIRST + timedelta(days=7 * number) for number in range((LAST - FIRST).days // 7 + 1)]
    random.Random(7).shuffle(weeks)
    for week in weeks:
        for channel in ("ocean_engine", "youzan"):
            last = min(week + timedelta(days=6), LAST)
            read_night(home, served, LAST, channel, from_date=str(week), to_date=str(last))
    for channel in CHANNELS:
        both = [start_night(home, served, LAST, channel) for _ in range(2)]
        assert [process.wait() for process in both] == [0, 0], channel
    assert_equal(home, world, FIRST, short_since=TMALL_SINCE)
