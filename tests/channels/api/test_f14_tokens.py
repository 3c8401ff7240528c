"""F14: a token that ends while pages are turned costs one refresh and no page, and is in no log."""

import logging
import os
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from siyu.channels.api.calls import Caller
from siyu.channels.api.declare import Request
from siyu.channels.api.transport import Limits
from siyu.channels.ocean_engine import CONNECTOR
from siyu.landing.personal import open_state_key
from siyu.settings import Home, Settings
from siyu.state.sealing import Box
from siyu.state.tokens import ConsentNeededError
from tests.channels.api.ads import (
    NOW,
    QUICK,
    REFRESH,
    REPORT,
    SECRET,
    Ads,
    account,
    extract,
    landed,
    refused,
    row,
    source,
)
from tests.channels.api.platform import Answer, Asked, running

ROWS = [row(number) for number in range(1, 351)]


def in_processes(count: int, work: Callable[[], None]) -> list[int]:
    """Do something in several processes at once; their exit codes."""
    children = []
    for _ in range(count):
        if (child := os.fork()) == 0:
            code = 1
            try:
                work()
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def test_f14_a_token_that_ends_in_mid_window_costs_one_refresh_and_no_page(home: Home) -> None:
    ads = Ads(ROWS)
    expired_at: list[int] = []

    def expire_once(asked: Asked) -> Answer | None:
        if asked.query["page"] == "3" and not expired_at:
            expired_at.append(asked.number)
            ads.is_expired = True
        return None

    ads.before_report = expire_once
    with running(ads) as platform:
        record = extract(home, platform.url)
    assert expired_at
    assert platform.count(REFRESH) == 2  # the first token, and the one after the expiry
    assert landed(home) == source(ROWS)
    assert record.extraction is not None
    assert record.extraction.is_complete
    assert record.extraction.calls.refreshes == 2


def test_f14_a_request_for_a_token_that_is_itself_told_of_an_expired_one_ends_the_stream(home: Home) -> None:
    ads, told = Ads(ROWS[:5]), []

    def reply(asked: Asked) -> Answer:
        if asked.path == REFRESH and not told:
            told.append(asked.number)
            return refused(40102)
        return ads(asked)

    with running(reply) as platform:
        extract(home, platform.url)
    assert told
    assert landed(home) == source(ROWS[:5])


def test_f14_eight_processes_that_see_a_token_refused_refresh_it_once(home: Home) -> None:
    ads = Ads(ROWS)
    box = Box(open_state_key(home))

    def read_pages(url: str) -> None:
        caller = Caller(
            home,
            Settings(),
            CONNECTOR,
            account(url),
            box=box,
            clock=lambda: NOW,
            patience=QUICK,
            limits=Limits(),
            in_flight=1,
        )
        for number in range(1, 4):
            request = Request(method="GET", path=REPORT, params={"page": number, "page_size": 100})
            assert len(caller.page(request, items="data.rows", per_second=500).items) == 100

    with running(ads) as platform:
        for expiries in (1, 2):
            ads.is_expired = True
            assert in_processes(8, lambda: read_pages(platform.url)) == [0] * 8
            assert platform.count(REFRESH) == expiries


def test_f14_a_refresh_token_that_was_used_elsewhere_asks_for_a_person_and_keeps_what_was_read(
    home: Home,
) -> None:
    ads = Ads(ROWS)

    def another_program_refreshes(asked: Asked) -> Answer | None:
        if asked.query["page"] == "2" and ads.generation == 1:
            ads.generation = 2
        return None

    ads.before_report = another_program_refreshes
    with running(ads) as platform:
        with pytest.raises(ConsentNeededError, match=r"40107 .*used already.*consent") as raised:
            extract(home, platform.url)
        assert "refresh-" not in str(raised.value)
        assert SECRET not in str(raised.value)
    assert landed(home) == []


def test_f14_a_stored_token_is_used_by_the_next_run_and_ends_before_its_time(home: Home) -> None:
    ads = Ads(ROWS)
    with running(ads) as platform:
        extract(home, platform.url)
        extract(home, platform.url, clock=lambda: NOW + timedelta(hours=23))
        assert platform.count(REFRESH) == 1
        extract(home, platform.url, clock=lambda: NOW + timedelta(hours=23, minutes=56))
        assert platform.count(REFRESH) == 2  # it would have ended while pages were turned


def test_f14_no_token_and_no_secret_is_in_a_log_or_on_the_disk(
    home: Home, everything_said: pytest.LogCaptureFixture
) -> None:
    ads = Ads(ROWS[:5])
    with running(ads) as platform:
        extract(home, platform.url)
    assert "/open_api/v3.0/report/custom/get/" in everything_said.text  # the log does speak of the calls
    written = [path.read_bytes() for path in home.root.rglob("*") if path.is_file()]
    with sqlite3.connect(home.state / "state.db") as connection:
        written += [sealed for (sealed,) in connection.execute("select sealed from tokens")]
    assert len(written) > 5
    for secret in ("access-1", "refresh-0", "refresh-1", SECRET):
        assert secret not in everything_said.text
        assert not any(secret.encode() in content for content in written)


def test_the_search_for_secrets_would_find_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("somebody.else").info("Access-Token: access-1")
    (tmp_path / "file").write_bytes(b"...access-1...")
    assert "access-1" in caplog.text
    assert any(b"access-1" in path.read_bytes() for path in tmp_path.rglob("*"))
