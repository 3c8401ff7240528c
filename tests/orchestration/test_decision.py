"""When a night with channels goes on: what has landed decides, and the hour; the event that woke it says nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from siyu.clock import SHIFT_VARIABLE, utc_now
from siyu.errors import RefusedError
from siyu.landing import LoadRecord
from siyu.landing.records import write_record
from siyu.orchestration.journal import Step
from siyu.orchestration.night import is_time_to_build
from siyu.orchestration.runs import Run
from siyu.settings import Home, Settings
from tests.channels.test_due import days, read

NIGHT = date(2026, 3, 10)
BEFORE = datetime(2026, 3, 10, 22, 29, tzinfo=UTC)  # 06:29 of the 11th in Shanghai
AFTER = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)
MORNING = datetime(2026, 3, 11, 4, tzinfo=UTC)

CHANNELS = """
ocean_engine:
  accounts:
    - {name: shop, connection: ads, surface: douyin_feed}
    - {name: b, connection: ads, surface: douyin_feed}
  policy: POLICY
  streams: {campaign_daily: {ready_at: "01:00"}}
"""


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the clock of siyu."""

    def set_to(moment: datetime) -> None:
        monkeypatch.delenv(SHIFT_VARIABLE, raising=False)
        monkeypatch.setenv(SHIFT_VARIABLE, str((moment - utc_now()).total_seconds() + 1))

    return set_to


def configure(home: Home, policy: str = "block") -> Home:
    home.channels_file.write_text(CHANNELS.replace("POLICY", policy), encoding="utf-8")
    return home


def land(home: Home, *records: LoadRecord) -> None:
    for number, record in enumerate(records, start=1):
        write_record(home, replace(record, sequence=number, load_id=f"{number:016x}"))


def decide(home: Home, night: date = NIGHT, **params: Any) -> tuple[bool, Any]:
    step = Step(name="check_ready")
    run = Run(
        home=home,
        settings=Settings(),
        run_id="night1",
        run_after=MORNING,
        params={"business_date": night.isoformat(), **params},
    )
    return is_time_to_build(run, step), step.facts["missing"]


def test_a_night_with_all_it_needs_waits(home: Home, at: Any) -> None:
    land(configure(home), read(days(10)), read(days(10), account="b"))
    at(BEFORE)
    assert decide(home) == (True, [])


def test_a_night_that_lacks_an_account_goes_on_before_its_hour(home: Home, at: Any) -> None:
    land(configure(home, "publish_without"), read(days(10)))
    at(BEFORE)
    assert decide(home) == (False, ["ocean_engine/b/campaign_daily"])


def test_a_night_waits_after_its_hour_for_what_it_can_do_without(home: Home, at: Any) -> None:
    land(configure(home, "publish_without"), read(days(10)))
    at(AFTER)
    assert decide(home) == (True, ["ocean_engine/b/campaign_daily"])


def test_a_night_goes_on_without_what_blocks_it(home: Home, at: Any) -> None:
    land(configure(home), read(days(10)))
    at(AFTER)
    with pytest.raises(RefusedError, match="2026-03-10 lacks ocean_engine/b/campaign_daily"):
        decide(home)


def test_a_night_is_refused_for_what_the_platform_has_not_finished(home: Home, at: Any) -> None:
    configure(home).channels_file.write_text(
        CHANNELS.replace("POLICY", "block").replace("01:00", "08:00"), encoding="utf-8"
    )
    land(home, read(days(9)))
    at(AFTER)
    assert decide(home) == (True, ["ocean_engine/shop/campaign_daily", "ocean_engine/b/campaign_daily"])
    at(datetime(2026, 3, 11, 0, tzinfo=UTC))  # 08:00
    with pytest.raises(RefusedError, match="lacks"):
        decide(home)


def test_a_night_that_a_person_runs_waits_for_nobody_or_forgets_its_policy(home: Home, at: Any) -> None:
    land(configure(home, "publish_without"), read(days(10)))
    at(BEFORE)
    assert decide(home, is_final=True) == (True, ["ocean_engine/b/campaign_daily"])
    configure(home, "block")
    with pytest.raises(RefusedError, match="ocean_engine/b/campaign_daily"):
        decide(home, is_final=True)


def test_a_reading_that_ended_early_or_came_too_early_is_taken_for_the_day(home: Home, at: Any) -> None:
    half = read(days(10), account="b", is_complete=False)
    early = read(days(10), account="b", at=datetime(2026, 3, 10, 16, 59, tzinfo=UTC))  # 00:59
    land(configure(home, "publish_without"), read(days(10)), half, early)
    at(AFTER)
    assert decide(home)[1] == ["ocean_engine/b/campaign_daily"]


def test_loads_that_came_late_twice_or_by_a_backfill_are_not_seen(home: Home, at: Any) -> None:
    late = read(days(10), account="b", at=datetime(2026, 3, 12, 9, tzinfo=UTC))
    land(configure(home), read(days(8, 11)), read(days(10)), read(days(10)), late)
    at(MORNING)
    assert decide(home) == (True, [])
    at(datetime(2026, 3, 12, 4, tzinfo=UTC))
    with pytest.raises(RefusedError, match="2026-03-11 lacks ocean_engine/b/campaign_daily;"):
        decide(home, date(2026, 3, 11), is_final=True)


def test_another_nights_load_is_taken_for_this_one(home: Home, at: Any) -> None:
    land(configure(home), read(days(9)), read(days(9), account="b"))
    at(AFTER)
    with pytest.raises(RefusedError, match="ocean_engine/shop/campaign_daily, ocean_engine/b/campaign_daily"):
        decide(home)
