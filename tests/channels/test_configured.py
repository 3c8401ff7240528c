"""channels.yml as people write it, and what is said of one that is wrong."""

from datetime import date, time

import pytest

from siyu.channel_settings import CHANNELS, Policy, read_channels, run_times
from siyu.channels.catalogue import CONNECTORS
from siyu.channels.configured import load_channels
from siyu.errors import UsageError
from siyu.settings import Home

WRITTEN = """
ocean_engine:
  accounts:
    - {name: 1700000000000001, connection: ads, surface: douyin_feed}
    - {name: 1700000000000002, connection: ads, surface: douyin_feed, brand: second}
  since: 2026-01-01
  streams:
    campaign_daily: {policy: publish_without, look_back: 2, ready_at: 10:30, lag_days: 2, per_second: 30}
wecom:
  accounts: [{name: ww01, connection: wecom_main, surface: wecom, settings: {unionids_file: ids.csv}}]
  runs_at: [02:00, "08:10"]
  streams:
    moments: {read: false}
"""


def write(home: Home, text: str) -> Home:
    home.channels_file.write_text(text, encoding="utf-8")
    return home


def test_a_home_without_channels_has_some(home: Home) -> None:
    assert load_channels(home) == {}
    assert load_channels(write(home, "")) == {}


def test_what_a_home_says_of_a_stream_is_not_what_is_read(home: Home) -> None:
    channels = load_channels(write(home, WRITTEN))
    assert list(channels) == ["ocean_engine", "wecom"]
    ads, wecom = channels.values()
    daily = ads.connector.stream("campaign_daily")
    assert (daily.window.look_back, daily.ready_at, daily.lag_days) == (2, time(10, 30), 2)
    assert daily.per_second == 30
    assert ads.policies == {"campaign_daily": Policy.PUBLISH_WITHOUT}
    assert [account.name for account in ads.accounts] == ["1700000000000001", "1700000000000002"]
    assert [account.brand for account in ads.accounts] == ["default", "second"]
    assert ads.since == date(2026, 1, 1)
    assert "moments" not in {stream.name for stream in wecom.connector.streams}
    assert wecom.policies["contacts"] is Policy.BLOCK
    entries = read_channels(home)
    assert run_times("ocean_engine", entries["ocean_engine"]) == [time(9, 5)]
    assert run_times("wecom", entries["wecom"]) == [time(2), time(8, 10)]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("- wecom", "a list or a word"),
        ("wecom: {accounts: [", "line 1"),
        ("weibo: {}", "'weibo'"),
        ("wecom: {}", "wecom.accounts"),
        ("wecom: {accounts: []}", "wecom.accounts"),
        ("wecom: {accounts: [{name: a, connection: A-B, surface: wecom}]}", "wecom.accounts.0.connection"),
        (
            "wecom: {accounts: [{name: a, connection: a, surface: wecom, secret: x}]}",
            "wecom.accounts.0.secret",
        ),
        (WRITTEN.replace("moments:", "moment:"), "'moment'"),
        (WRITTEN.replace("{read: false}", "{policy: maybe}"), "wecom.streams.moments.policy"),
        (WRITTEN.replace('"08:10"', '"25:00"'), "wecom.runs_at"),
        (WRITTEN.replace("1700000000000002", "1700000000000001"), "1700000000000001 twice"),
    ],
)
def test_a_mistake_in_channels_yml_is_not_named(home: Home, wrong: str, named: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_channels(write(home, wrong))
    assert named in str(refused.value)


def test_a_connector_has_no_dag_or_a_dag_no_connector() -> None:
    assert sorted(CONNECTORS) == sorted(CHANNELS)


@pytest.mark.parametrize("channel", CONNECTORS)
def test_no_run_of_a_night_comes_after_a_stream_is_ready(channel: str) -> None:
    last = max(CHANNELS[channel])
    assert [one.name for one in CONNECTORS[channel].streams if one.ready_at >= last] == []
