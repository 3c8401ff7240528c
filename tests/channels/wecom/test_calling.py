"""How WeCom is called: its token and its errors; each test names the line of the contract it stands for."""

from datetime import timedelta
from typing import Any

import pytest

from siyu.channels.api.judging import AccountFailedError, QuotaGoneError, Reaction, StreamStoppedError
from siyu.channels.wecom import CONNECTOR
from siyu.settings import Home
from tests.channels.api.platform import Asked, running
from tests.channels.wecom.corp import (
    BATCH,
    CGI,
    CORP,
    FRIEND,
    GUIDES,
    NOW,
    SECRET,
    Corp,
    account,
    extract,
    friend,
    friends_of_guide01,
    landed,
    paged,
    refused,
)

WRONG = "wr0ng"


def test_a_token_is_asked_for_once_and_sent_in_the_query(home: Home) -> None:
    """Token: GET /cgi-bin/gettoken?corpid=&corpsecret= (WD-91039); transport: query access_token (XW)."""
    with running(Corp(friends_of_guide01([FRIEND]))) as platform:
        extract(home, platform.url, "guides")
        extract(home, platform.url, "contacts")
    first, *others = platform.asked
    assert (first.method, first.path) == ("GET", f"{CGI}/gettoken")
    assert first.query == {"corpid": CORP, "corpsecret": SECRET}
    assert {one.path for one in others} == {GUIDES, BATCH}
    assert {one.query["access_token"] for one in others} == {"token-1"}
    assert not any("access_token" in (one.body or {}) for one in others)


def test_a_token_that_was_invalidated_early_costs_one_more_token(home: Home) -> None:
    """Token: may be invalidated early, so refetch on 40014/42001 (WD-91039)."""
    corp = Corp({GUIDES: {"follow_user": ["guide01"]}})
    with running(corp) as platform:
        extract(home, platform.url, "guides")
        corp.dead.add("token-1")
        extract(home, platform.url, "guides")
    assert platform.count(f"{CGI}/gettoken") == 2


def test_a_wrong_secret_fails_the_account_and_is_not_told(home: Home) -> None:
    """Errors: 40001 bad secret: fail run, alert (config)."""
    with running(Corp({})) as platform, pytest.raises(AccountFailedError, match=r"40001.*compare") as error:
        extract(home, platform.url, "guides", account=account(platform.url, secret=WRONG))
    assert WRONG not in str(error.value)
    assert "10.9.8.7" not in str(error.value)


@pytest.mark.parametrize(
    ("reaction", "codes"),
    [
        (None, [0]),
        (Reaction.BACK_OFF, [-1, 45033]),
        (Reaction.REFRESH, [40014, 42001]),
        (Reaction.FAIL, [40001, 40013, 40091, 60020]),
        (Reaction.WAIT, [41063, 45009]),
        (Reaction.SKIP_ITEM, [40096, 60011, 60111, 81013, 84061, 701008]),
        (Reaction.STOP_STREAM, [40058, 41001, 45029, 48001, 48002, 600018]),
    ],
)
def test_a_code_has_the_reaction_of_the_contract(reaction: Reaction | None, codes: list[int]) -> None:
    """Error → reaction."""
    for code in codes:
        trouble = CONNECTOR.api.judge(refused(code))
        assert (trouble and trouble.reaction) == reaction, code


def test_a_frequency_cap_is_waited_for_a_minute(home: Home) -> None:
    """Errors: 45009: wait 60 s (min cap)."""
    with running(Corp({GUIDES: refused(45009)})) as platform, pytest.raises(QuotaGoneError) as error:
        extract(home, platform.url, "guides")
    assert error.value.until == NOW + timedelta(seconds=60)  # longer than this test has patience


def test_a_cursor_that_became_void_starts_the_list_again_once(home: Home) -> None:
    """Errors: invalid cursor code: treat any error on a page as "restart this stream from page 1"."""
    friends = [friend(number) for number in range(250)]
    pages, void = paged(friends, "external_contact_list"), [1]

    def reply(asked: Asked) -> Any:
        return refused(40999) if asked.body["cursor"] == "c200" and void and void.pop() else pages(asked)

    with running(Corp({GUIDES: {"follow_user": ["guide01"]}, BATCH: reply})) as platform:
        record = extract(home, platform.url, "contacts")
    assert [one.body["cursor"] for one in platform.asked if one.path == BATCH] == ["", "c100", "c200"] * 2
    assert record.resources["contacts"].counts.landed == 250


def test_a_code_that_nobody_knows_stops_the_stream_after_a_second_try(home: Home) -> None:
    with (
        running(Corp({GUIDES: refused(40999)})) as platform,
        pytest.raises(StreamStoppedError, match="40999"),
    ):
        extract(home, platform.url, "guides")
    assert platform.count(GUIDES) == 2


def test_a_night_cut_off_by_the_cap_goes_on_with_the_guide_it_stood_at(home: Home) -> None:
    """Errors: 45009: … or until next hour."""
    capped = [True]

    def reply(asked: Asked) -> Any:
        (guide,) = asked.body["userid_list"]
        if guide == "guide02" and capped:
            return refused(45009)
        return {"external_contact_list": [friend(1, guide)], "next_cursor": ""}

    with running(Corp({GUIDES: {"follow_user": ["guide01", "guide02"]}, BATCH: reply})) as platform:
        with pytest.raises(QuotaGoneError):
            extract(home, platform.url, "contacts")
        capped.clear()
        before = len(platform.asked)
        extract(home, platform.url, "contacts")
    asked = [one.body["userid_list"] for one in platform.asked[before:] if one.path == BATCH]
    assert asked == [["guide02"]]
    assert landed(home, "contacts", "userid") == [("guide01",), ("guide02",)]
