"""Nights over every platform of a simulated brand, with faults, kills and a backfill: what lands is the world's."""

import os
import random
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from siyu.bench.measure import python_program
from siyu.channels.api.calls import Patience
from siyu.channels.catalogue import connector
from siyu.cli.sandbox_nights import configure
from siyu.clock import SHIFT_VARIABLE, utc_now
from siyu.landing import read_records
from siyu.orchestration.connections import Connection, find_connection, save_connection
from siyu.orchestration.ingest import extract_channel
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.sandbox.world.generate import generate_world
from siyu.settings import Home, Settings
from tests.channels.sandboxed import CHINA, asking_landed, asking_world
from tests.channels.taobao import truth as taobao
from tests.channels.wecom import truth as wecom
from tests.channels.youzan import truth as youzan
from tests.sandbox.server.conftest import Running, running

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2400), pytest.mark.xdist_group("nights_of_channels")]

FIRST, LAST = date(2026, 3, 18), date(2026, 5, 31)
NIGHTS = [LAST - timedelta(days=number) for number in reversed(range(30))]
CHANNELS = ("ocean_engine", "youzan", "taobao", "wecom")
QUICK = Patience(first_seconds=0.001, longest_seconds=0.02, tries=40, whole_seconds=60)
FAULTS = ("http_500", "reset", "half_body", "broken_gzip", "html")
# a refresh whose answer is lost ends the pair: a person consents again
FAULTY = {"oceanengine": "*/report/*", "youzan": "*", "taobao": "*", "wecom": "*"}
COSTS = {
    "campaign_daily": (
        """
        select stat_date, project_id, sum(cost_amount), sum(impression_count), sum(click_count),
            sum(conversion_count), sum(wecom_add_count)
        from campaign_daily group by all
        """,
        """
        select stat_on, cast(project_id as varchar), cast(sum(cost_fen) / 100 as decimal(38, 2)), sum(impressions),
            sum(clicks), sum(conversions), sum(wecom_adds)
        from ad_days join ad_campaigns using (ad_campaign_id) group by all
        """,
    )
}
EQUAL = {"ocean_engine": COSTS, "taobao": taobao.EQUAL, "youzan": youzan.EQUAL, "wecom": wecom.EQUAL}
UNREAD = (("youzan", "points_changes"), ("wecom", "unionid_links"))  # a call per customer, night after night


@dataclass(frozen=True, kw_only=True)
class Brand:
    """A simulated brand, and the platforms that tell of it."""

    world: Path
    server: Running
    files: dict[str, str]  # settings of WeCom: what persons wrote down

    def home(self, folder: Path) -> Home:
        """A home that reads all of it, as fast as it goes."""
        for platform in {app.channel for app in self.server.apps}:
            self.server.limits(platform, {"calls": 10**6, "seconds": 1})
        home = Home(folder / "home").create()
        configure(home, self.server.apps, self.server.base, world=self.world, first_night=NIGHTS[0])
        content = yaml.safe_load(home.channels_file.read_text(encoding="utf-8"))
        for channel in CHANNELS:
            content[channel]["since"] = FIRST
            content[channel]["streams"] = {
                stream.name: {"per_second": 1000} for stream in connector(channel).streams
            }
        for channel, stream in UNREAD:
            content[channel]["streams"][stream] = {"read": False}
        home.channels_file.write_text(yaml.safe_dump(content), encoding="utf-8")
        known = find_connection(home, "wecom")
        save_connection(
            home, "wecom", Connection(base_url=known.base_url, settings=dict(known.settings) | self.files)
        )
        return home

    def read(self, home: Home, day: date, channel: str, **params: str) -> None:
        """Read what is due of a channel for a day, with the clocks of both sides at noon after it."""
        at = noon_after(day)
        self.server.clock(at=at.isoformat())
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

    def start(self, home: Home, day: date, channel: str) -> "subprocess.Popen[bytes]":
        """As `read`, in a process of its own."""
        at = noon_after(day)
        self.server.clock(at=at.isoformat())
        return subprocess.Popen(
            python_program("siyu.bench.extract", home.root, channel, day.isoformat()),
            env=os.environ | {SHIFT_VARIABLE: str((at - utc_now()).total_seconds())},
            stdout=subprocess.DEVNULL,
        )

    def different(self, home: Home, *, first_night: date = LAST) -> list[str]:
        """Resources of which a home that read the nights up to the last day has other rows than the world."""
        assert all(
            one.counts.is_conserved for record in read_records(home) for one in record.resources.values()
        )
        found = []
        shown = wecom.as_of(noon_after(LAST), asked_since=noon_after(first_night))
        with asking_world(self.world, shown, since=FIRST) as held:
            for channel, truth in EQUAL.items():
                with asking_landed(home, connector(channel)) as landed:
                    for resource, (ours, theirs) in truth.items():
                        if (channel, resource) in UNREAD:
                            continue
                        expected = held(theirs)
                        assert expected, f"a world too small to tell: {channel} {resource}"
                        if landed(ours) != expected:
                            found.append(f"{channel} {resource}")
        return found


def noon_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=CHINA) + timedelta(days=1)


@contextmanager
def served(folder: Path, size: str) -> Iterator[Brand]:
    world = folder / "world"
    generate_world(world, size=size, seed=3, first=FIRST, last=LAST)
    with asking_world(world) as held, running(world, at=noon_after(LAST)) as server:
        yield Brand(world=world, server=server, files=wecom.files_of_persons(folder, held))


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    with served(tmp_path_factory.mktemp("brand"), "4000") as one:
        yield one


def test_thirty_nights_with_a_fifth_of_all_calls_failing_lose_or_double_a_row(tmp_path: Path) -> None:
    """World S: what each resource of each channel is after the last night is what the world holds then."""
    with served(tmp_path, "S") as brand:
        home = brand.home(tmp_path)
        for number, kind in enumerate(FAULTS):
            for channel, endpoint in FAULTY.items():
                brand.server.fault(
                    kind, channel=channel, endpoint=endpoint, share=0.2 / len(FAULTS), seed=number
                )
        for night in NIGHTS:
            for channel in CHANNELS:
                brand.read(home, night, channel)
        assert brand.different(home, first_night=NIGHTS[0]) == []


def test_killed_ingests_lose_or_double_a_row(brand: Brand, tmp_path: Path) -> None:
    """Fifty kills at random moments, ten in each of five homes; whoever comes after goes on."""
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for number in range(5):
        home = brand.home(tmp_path / str(number))
        for _ in range(10):
            process = brand.start(home, LAST, dice.choice(CHANNELS))
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=dice.uniform(1, 6))
            process.kill()
            process.wait()
        for channel in CHANNELS:
            brand.read(home, LAST, channel)
        assert brand.different(home) == []
        brand.server.admin.post("/reset")


def test_a_backfill_in_another_order_and_two_runs_at_once_give_other_rows(
    brand: Brand, tmp_path: Path
) -> None:
    home = brand.home(tmp_path)
    weeks = [FIRST + timedelta(days=7 * number) for number in range((LAST - FIRST).days // 7 + 1)]
    random.Random(7).shuffle(weeks)
    for week in weeks:
        for channel in CHANNELS:
            last = min(week + timedelta(days=6), LAST)
            brand.read(home, LAST, channel, from_date=str(week), to_date=str(last))
    for channel in CHANNELS:
        both = [brand.start(home, LAST, channel) for _ in range(2)]
        assert [process.wait() for process in both] == [0, 0], channel
    assert brand.different(home) == []
