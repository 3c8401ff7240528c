"""Ocean Engine against examples composed from its contract; each test names the line it stands for."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from siyu.channels.api import Account
from siyu.channels.api.judging import AccountFailedError, StreamStoppedError
from siyu.channels.catalogue import connector
from siyu.errors import UsageError
from siyu.settings import Home
from siyu.state.tokens import ConsentNeededError
from tests.channels.api.ads import DAY, NOW, REPORT, SECRET, Ads, account, extract, landed, refused, row
from tests.channels.api.platform import Answer, Asked, running

# "Sample (own)" of the contract, with the project in the place of the promotion
SAMPLE: dict[str, Any] = {
    "code": 0,
    "message": "OK",
    "request_id": "r1",
    "data": {
        "page_info": {"page": 1, "page_size": 100, "total_number": 1, "total_page": 1},
        "rows": [
            {
                "dimensions": {"stat_time_day": "2026-11-01", "cdp_project_id": "7300000000000000001"},
                "metrics": {
                    "stat_cost": "1234.56",
                    "show_cnt": "80000",
                    "click_cnt": "1500",
                    "convert_cnt": "40",
                    "attribution_work_wechat_added_count": "35",
                },
            }
        ],
        "total_metrics": {"stat_cost": "1234.56"},
    },
}
STREAM = connector("ocean_engine").stream("campaign_daily")


def test_the_sample_lands_with_yuan_counts_and_its_day(home: Home) -> None:
    """Response data: all metric values are strings; money in yuan, 2 decimals (OE-1741387668314126)."""
    ads = Ads([])
    ads.before_report = lambda asked: (
        Answer(document=SAMPLE) if asked.headers["Access-Token"] == "access-1" else None
    )
    with running(ads) as platform:
        extract(home, platform.url)
    columns = (
        "account_id, stat_date, project_id, cost_amount, impression_count, click_count, conversion_count, "
        "wecom_add_count, wecom_unfriend_count"
    )
    assert landed(home, columns) == [
        ("7300001", date(2026, 11, 1), "7300000000000000001", Decimal("1234.56"), 80000, 1500, 40, 35, None)
    ]


def test_the_report_is_asked_for_as_the_contract_says(home: Home) -> None:
    """Report: GET, header Access-Token, arrays as JSON text in the query, size ≤ 100, filters `[]` if none."""
    with running(Ads([row(1)])) as platform:
        extract(home, platform.url)
    asked = platform.asked[-1]
    assert (asked.method, asked.path, asked.headers["Access-Token"]) == ("GET", REPORT, "access-1")
    assert asked.query["advertiser_id"] == "7300001"
    assert asked.query["data_topic"] == "BASIC_DATA"
    assert json.loads(asked.query["dimensions"]) == ["stat_time_day", "cdp_project_id", "cdp_project_name"]
    assert "stat_cost" in json.loads(asked.query["metrics"])
    assert asked.query["filters"] == "[]"
    assert (asked.query["start_time"], asked.query["end_time"]) == (
        "2026-11-01 00:00:00",
        "2026-11-01 23:59:59",
    )
    assert (asked.query["page"], asked.query["page_size"]) == ("1", "100")


def test_a_refresh_is_asked_for_as_the_contract_says(home: Home) -> None:
    """Token: POST JSON …/oauth2/refresh_token/ {app_id int, secret, refresh_token}."""
    with running(Ads([row(1)])) as platform:
        extract(home, platform.url)
    first = platform.asked[0]
    assert (first.method, first.path) == ("POST", "/open_api/oauth2/refresh_token/")
    assert first.body == {"app_id": 42, "secret": SECRET, "refresh_token": "refresh-0"}
    assert "Access-Token" not in first.headers


def test_a_new_consent_is_changed_into_the_first_pair(home: Home) -> None:
    """Token: POST JSON …/oauth2/access_token/ {app_id int, secret, auth_code}; BO also sends grant_type."""
    ads = Ads([row(1)])

    def reply(asked: Asked) -> Answer:
        if asked.path == "/open_api/oauth2/access_token/":
            assert asked.body == {
                "app_id": 42,
                "secret": SECRET,
                "auth_code": "code-1",
                "grant_type": "auth_code",
            }
            ads.generation, ads.is_expired = 1, False
            data = {"access_token": "access-1", "expires_in": 86400, "refresh_token": "refresh-1"}
            data |= {"refresh_token_expires_in": 2592000, "advertiser_ids": [7300001]}
            return Answer(document={"code": 0, "message": "OK", "data": data})
        return ads(asked)

    with running(reply) as platform:
        one = account(platform.url)
        new = Account(
            name=one.name,
            brand_code=one.brand_code,
            channel_code=one.channel_code,
            base_url=one.base_url,
            settings={"app_id": "42", "secret": SECRET, "auth_code": "code-1"},
        )
        extract(home, platform.url, account=new)
    assert len(landed(home)) == 1


def test_each_refresh_goes_on_from_the_newest_pair_not_from_the_settings(home: Home) -> None:
    """Token: each refresh kills both old tokens."""
    ads = Ads([row(1)])
    with running(ads) as platform:
        for _ in range(3):
            ads.is_expired = True
            extract(home, platform.url)
    sent = [one.body["refresh_token"] for one in platform.asked if one.body]
    assert sent == ["refresh-0", "refresh-1", "refresh-2"]


@pytest.mark.parametrize(
    ("code", "error", "told"),
    [
        (40000, StreamStoppedError, "parameter error"),
        (40002, StreamStoppedError, "no permission for the account.*authorised for this advertiser"),
        (40113, AccountFailedError, "state of the app"),
        (40118, AccountFailedError, "may not call this"),
        (40119, AccountFailedError, "another company's account"),
        (40103, ConsentNeededError, "refresh token expired.*consent again"),
    ],
)
def test_an_error_that_a_person_must_repair_says_how(
    home: Home, code: int, error: type[Exception], told: str
) -> None:
    """Errors (HTTP 200; OE-1696710760866831)."""
    ads = Ads([row(1)], before_report=lambda _: refused(code))
    with running(ads) as platform, pytest.raises(error, match=rf"{code} .*{told}"):
        extract(home, platform.url)
    assert len(platform.asked) == 2  # none is worth another try


@pytest.mark.parametrize("code", [40100, 40110, 50000, 40102, 40104, 40105])
def test_an_error_that_passes_costs_nothing(home: Home, code: int) -> None:
    """Errors: back off for limits and system errors, refresh for tokens."""
    once = [1]

    def first_time(_: Asked) -> Answer | None:
        return refused(code) if once and once.pop() else None

    with running(Ads([row(1)], before_report=first_time)) as platform:
        extract(home, platform.url)
    assert len(landed(home)) == 1


def test_a_month_and_a_half_is_asked_for_in_spans_of_at_most_30_days(home: Home) -> None:
    """Report: span ≤ 30 days (BO)."""
    long = type(DAY)(start=DAY.start, end=DAY.start + timedelta(days=45))
    with running(Ads([])) as platform:
        extract(home, platform.url, window=long)
    assert [(one.query["start_time"], one.query["end_time"]) for one in platform.asked[1:]] == [
        ("2026-11-01 00:00:00", "2026-11-30 23:59:59"),
        ("2026-12-01 00:00:00", "2026-12-15 23:59:59"),
    ]


def test_a_night_reads_the_last_seven_days_and_not_before_nine() -> None:
    """Freshness: yesterday is stable about 09:00; re-read the last 3-7 days each night."""
    window = STREAM.window.of_day(date(2026, 11, 7), "Asia/Shanghai")
    assert (window.start, window.end) == (
        datetime(2026, 10, 31, 16, tzinfo=UTC),
        datetime(2026, 11, 7, 16, tzinfo=UTC),
    )
    at_nine = datetime(2026, 11, 8, 1, tzinfo=UTC)
    assert STREAM.is_ready(date(2026, 11, 7), "Asia/Shanghai", at_nine)
    assert not STREAM.is_ready(date(2026, 11, 7), "Asia/Shanghai", at_nine - timedelta(seconds=1))


def test_a_figure_that_moved_is_a_second_observation(home: Home) -> None:
    """Freshness: today moves."""
    for day, cost in ((3, "10.00"), (4, "12.00"), (5, "10.00")):
        with running(Ads([row(1, stat_cost=cost)], generation=day - 3)) as platform:
            extract(home, platform.url, clock=lambda day=day: NOW.replace(day=day))
    observed = landed(home, "_observed_at, cost_amount")
    assert [(at.day, cost) for at, cost in observed] == [
        (3, Decimal("10.00")),
        (4, Decimal("12.00")),
        (5, Decimal("10.00")),
    ]


def test_a_metric_that_is_new_is_kept_with_its_value(home: Home) -> None:
    with running(Ads([row(1, new_metric="7")])) as platform:
        record = extract(home, platform.url)
    assert landed(home, "_more") == [('{"metrics.new_metric": "7"}',)]
    assert record.extraction is not None
    assert [(one.field, one.what) for one in record.extraction.drift] == [("metrics.new_metric", "added")]


def test_a_cost_in_fen_does_not_pass_for_yuan(home: Home) -> None:
    with running(Ads([row(1, stat_cost=123456)])) as platform:
        record = extract(home, platform.url)
    assert record.resources["campaign_daily"].counts.quarantine_reasons == {"not_yuan": 1}


def test_an_account_without_its_secret_is_told_which_setting_lacks(home: Home) -> None:
    new = Account(name="7300001", brand_code="default", channel_code="douyin_feed", settings={"app_id": "1"})
    with pytest.raises(UsageError, match="account 7300001 has no secret"):
        extract(home, "", account=new)


def test_an_account_is_in_no_repr_with_its_secrets() -> None:
    assert SECRET not in repr(account(""))
