"""What a night reads of a channel: each account, what is due, one failure beside the others; and what doctor finds."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest

from siyu.cli.doctor_channels import channel_findings
from siyu.clock import SHIFT_VARIABLE, utc_now
from siyu.errors import EnvironmentFaultError, RefusedError, UsageError
from siyu.landing import read_records
from siyu.orchestration.connections import Connection, account_of, connection_file, save_connection
from siyu.orchestration.ingest import configured_channel, extract_channel
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.settings import Home, Settings
from tests.channels.api.ads import REFRESH, REPORT, SECRET, Ads, landed, refused, row
from tests.channels.api.platform import Answer, Asked, Platform, running

NIGHT = date(2026, 11, 1)
NOON_AFTER = datetime(2026, 11, 2, 4, tzinfo=UTC)
CHANNELS = """
ocean_engine:
  accounts:
    - {name: 7300001, connection: ads, surface: douyin_feed}
    - {name: 7300002, connection: ads, surface: douyin_feed}
  streams: {campaign_daily: {look_back: 0}}
"""
SETTINGS = {"app_id": "42", "secret": SECRET, "refresh_token": "refresh-0"}


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHIFT_VARIABLE, raising=False)
    monkeypatch.setenv(SHIFT_VARIABLE, str((NOON_AFTER - utc_now()).total_seconds()))


@contextmanager
def platform_of(home: Home, ads: Any) -> Iterator[Platform]:
    """A home that is configured for a platform that runs."""
    home.channels_file.write_text(CHANNELS, encoding="utf-8")
    with running(ads) as platform:
        save_connection(home, "ads", Connection(base_url=platform.url, settings=SETTINGS))
        yield platform


def run_of(home: Home, night: date = NIGHT, **params: str) -> Run:
    return Run(
        home=home,
        settings=Settings(duckdb_threads=1, duckdb_memory_limit="500MB"),
        run_id="night1",
        run_after=NOON_AFTER,
        params={"business_date": night.isoformat(), **params},
    )


def ingest(home: Home, night: date = NIGHT, **params: str) -> Step:
    step = Step(name="extract_ocean_engine")
    extract_channel(run_of(home, night, **params), "ocean_engine", step)
    return step


def asked_of(platform: Platform, path: str) -> list[Asked]:
    return [one for one in platform.asked if one.path == path]


def test_accounts_of_one_consent_kill_each_others_tokens(home: Home) -> None:
    with platform_of(home, Ads([row(1), row(2)])) as platform:
        step = ingest(home)
    assert len(asked_of(platform, REFRESH)) == 1
    assert [one.query["advertiser_id"] for one in asked_of(platform, REPORT)] == ["7300001", "7300002"]
    assert (step.rows, step.api_calls) == (4, 3)
    assert {account for (account,) in landed(home, "account_id")} == {"7300001", "7300002"}


def test_a_night_that_is_run_again_asks_again(home: Home) -> None:
    with platform_of(home, Ads([row(1)])) as platform:
        ingest(home)
        asked = len(platform.asked)
        step = ingest(home)
        assert len(platform.asked) == asked
        assert step.facts["loads"] == []
        assert ingest(home, from_date="2026-11-01").rows is not None
        assert len(platform.asked) > asked


def test_days_that_a_person_names_are_not_those_that_are_read(home: Home) -> None:
    with platform_of(home, Ads([])) as platform:
        ingest(home, from_date="2026-10-03", to_date="2026-10-05")
    assert {(one.query["start_time"], one.query["end_time"]) for one in asked_of(platform, REPORT)} == {
        ("2026-10-03 00:00:00", "2026-10-05 23:59:59")
    }


def test_one_account_that_is_refused_takes_the_other_along_or_is_not_named(home: Home) -> None:
    def refuse_first(asked: Asked) -> Answer | None:
        return refused(40002) if asked.query.get("advertiser_id") == "7300001" else None

    with platform_of(home, Ads([row(1)], before_report=refuse_first)):
        with pytest.raises(RefusedError, match=r"7300001.*no permission for the account"):
            ingest(home)
        assert [account for (account,) in landed(home, "account_id")] == ["7300002"]


def test_a_platform_that_is_down_is_not_tried_again_by_airflow(home: Home) -> None:
    """An EnvironmentFaultError is what a retry may mend (runs.Run.step)."""

    def no_consent(asked: Asked) -> Answer | None:
        return refused(40103) if asked.path == REPORT else None

    with (
        platform_of(home, Ads([row(1)], before_report=no_consent)),
        pytest.raises(EnvironmentFaultError, match="let a person consent again"),
    ):
        ingest(home)
    assert read_records(home) == ()


@pytest.mark.parametrize(
    ("written", "named"),
    [
        (None, "there is no connection ads"),
        ("{", "holds no connection"),
        ('{"extra": "no json"}', "holds no connection"),
        (json.dumps({"host": "http://127.0.0.1:9", "extra": {"app_id": "42"}}), "has no secret"),
    ],
)
def test_a_connection_that_is_wrong_is_not_named(home: Home, written: str | None, named: str) -> None:
    home.channels_file.write_text(CHANNELS, encoding="utf-8")
    if written is not None:
        save_connection(home, "ads", Connection(base_url="http://127.0.0.1:9", settings={}))
        connection_file(home, "ads").write_text(written, encoding="utf-8")
    with pytest.raises(UsageError, match=named):
        ingest(home)


@pytest.mark.parametrize(
    ("key", "named"), [("surface", "channel_code 'nowhere'"), ("brand", "brand_code 'nowhere'")]
)
def test_a_code_that_no_seed_knows_is_found_after_a_window_was_read(home: Home, key: str, named: str) -> None:
    wrong = CHANNELS.replace("surface: douyin_feed", f"surface: douyin_feed, {key}: nowhere")
    with platform_of(home, Ads([row(1)])) as platform:
        home.channels_file.write_text(
            wrong.replace("surface: douyin_feed, surface", "surface"), encoding="utf-8"
        )
        with pytest.raises(UsageError, match=named):
            ingest(home)
    assert platform.asked == []


def test_the_variable_of_airflow_is_not_taken_before_the_file(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.channels_file.write_text(CHANNELS, encoding="utf-8")
    save_connection(home, "ads", Connection(base_url="http://127.0.0.1:9", settings=SETTINGS))
    other = {
        "conn_type": "http",
        "host": "http://127.0.0.1:8",
        "extra": json.dumps(SETTINGS | {"app_id": "43"}),
    }
    monkeypatch.setenv("AIRFLOW_CONN_ADS", json.dumps(other))
    channel = configured_channel(run_of(home), "ocean_engine")
    account = account_of(home, channel, channel.accounts[0])
    assert (account.base_url, account["app_id"]) == ("http://127.0.0.1:8", "43")
    assert SECRET not in repr(account)
    assert connection_file(home, "ads").stat().st_mode & 0o777 == 0o600


def test_a_shifted_clock_reaches_a_real_platform(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.channels_file.write_text(CHANNELS, encoding="utf-8")
    save_connection(home, "ads", Connection(base_url=None, settings=SETTINGS))
    with pytest.raises(UsageError, match=SHIFT_VARIABLE):
        ingest(home)
    monkeypatch.delenv(SHIFT_VARIABLE)
    channel = configured_channel(run_of(home), "ocean_engine")
    assert account_of(home, channel, channel.accounts[0]).base_url is None


def test_doctor_calls_nobody_or_does_not_say_what_is_wrong(home: Home) -> None:
    assert list(channel_findings(home)) == []
    with platform_of(home, Ads([row(1)])):
        file, *accounts = channel_findings(home)
        assert (file.is_ok, file.found) == (True, "1 channels, 2 accounts")
        assert [one.name for one in accounts] == ["ocean_engine 7300001", "ocean_engine 7300002"]
        assert {one.found for one in accounts} == {"campaign_daily of 2026-11-01 can be read"}
    assert read_records(home) == ()
    with platform_of(home, Ads([row(1)], before_report=lambda _: refused(40002))):
        finding = list(channel_findings(home))[1]
        assert not finding.is_ok
        assert "no permission for the account" in finding.found
        assert str(connection_file(home, "ads")) in finding.do
        assert SECRET not in str(finding)


def test_doctor_takes_a_file_that_is_wrong_for_right(home: Home) -> None:
    home.channels_file.write_text("weibo: {}", encoding="utf-8")
    (finding,) = channel_findings(home)
    assert not finding.is_ok
    assert "weibo" in finding.found
    assert str(home.channels_file) in finding.do
