"""Tokens: stored before use, refreshed once, and a person is asked only when a pair is lost."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from siyu.errors import EnvironmentFaultError
from siyu.settings import Home
from siyu.state.sealing import Box
from siyu.state.tokens import ConsentNeededError, Token, Tokens, seal_tokens_anew

NOW = datetime(2026, 11, 3, tzinfo=UTC)
KEY = bytes(range(32))


def tokens(home: Home, *, now: datetime = NOW, key: bytes = KEY) -> Tokens:
    return Tokens(home=home, box=Box(key), owner="shop account 1", wait_seconds=10, clock=lambda: now)


def pair(number: int, *, refresh: str | None = "", life: timedelta = timedelta(hours=24)) -> Token:
    return Token(
        access=f"access-{number}",
        issued_at=NOW,
        expires_at=NOW + life,
        refresh=f"refresh-{number}" if refresh == "" else refresh,
        refresh_expires_at=NOW + timedelta(days=30),
    )


def never(_: Token | None) -> Token:
    raise AssertionError("a fresh token is not refreshed")


def test_a_token_is_asked_for_once_and_then_taken_from_the_store(home: Home) -> None:
    assert tokens(home).get(lambda _: pair(1)) == pair(1)
    assert tokens(home).get(never) == pair(1)


def test_a_refused_token_is_never_taken_again_and_another_one_without_a_refresh(home: Home) -> None:
    tokens(home).put(pair(1))
    assert tokens(home).get(lambda _: pair(2), stale="access-1") == pair(2)
    assert tokens(home).get(never, stale="access-1") == pair(2)


def test_a_token_is_refreshed_before_it_ends(home: Home) -> None:
    tokens(home).put(pair(1))
    assert tokens(home, now=NOW + timedelta(hours=23, minutes=54)).get(never) == pair(1)
    soon = tokens(home, now=NOW + timedelta(hours=23, minutes=56))
    assert soon.get(lambda _: pair(2, life=timedelta(days=2))).access == "access-2"


def test_a_short_lived_token_is_used_for_most_of_its_life(home: Home) -> None:
    tokens(home).put(pair(1, life=timedelta(minutes=4)))
    assert tokens(home, now=NOW + timedelta(minutes=3, seconds=30)).get(never).access == "access-1"


def test_a_refresh_token_that_is_not_told_again_is_kept(home: Home) -> None:
    tokens(home).put(pair(1))
    assert tokens(home).get(lambda _: pair(2, refresh=None), stale="access-1").refresh == "refresh-1"
    stored = tokens(home).stored()
    assert stored is not None
    assert stored.refresh == "refresh-1"


def killed_while_refreshing(home: Home) -> None:
    if (child := os.fork()) == 0:

        def answer_and_die(_: Token | None) -> Token:
            os.kill(os.getpid(), signal.SIGKILL)  # the platform has answered, nothing is stored yet
            raise AssertionError

        tokens(home).get(answer_and_die, stale="access-1")
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def test_after_a_kill_the_old_refresh_token_is_tried_once_more(home: Home) -> None:
    tokens(home).put(pair(1))
    killed_while_refreshing(home)
    asked_with: list[str | None] = []

    def refresh(before: Token | None) -> Token:
        asked_with.append(before.refresh if before else None)
        return pair(2)

    assert tokens(home).get(refresh, stale="access-1") == pair(2)
    assert asked_with == ["refresh-1"]


def test_a_pair_that_was_lost_to_a_kill_is_told_with_its_time(home: Home) -> None:
    tokens(home).put(pair(1))
    killed_while_refreshing(home)

    def used_already(_: Token | None) -> Token:
        raise ConsentNeededError("shop account 1: used already", expected="a good one", do="consent again")

    told = (
        r"used already; a refresh that began at 2026-11-03T00:00:00\+00:00 was cut off before its answer was "
        r"stored; expected a good one; consent again"
    )
    with pytest.raises(ConsentNeededError, match=told):
        tokens(home).get(used_already, stale="access-1")


def test_a_refused_refresh_without_a_kill_tells_of_none(home: Home) -> None:
    tokens(home).put(pair(1))

    def used_already(_: Token | None) -> Token:
        raise ConsentNeededError("shop account 1: used already", do="consent again")

    with pytest.raises(ConsentNeededError) as raised:
        tokens(home).get(used_already, stale="access-1")
    assert "cut off" not in str(raised.value)


def test_tokens_are_sealed_to_the_home_and_to_their_owner(home: Home) -> None:
    tokens(home).put(pair(1))
    for file in Path(home.state).iterdir():
        assert b"access-1" not in file.read_bytes()
        assert b"refresh-1" not in file.read_bytes()
    with pytest.raises(EnvironmentFaultError, match="does not open with the keys of this home"):
        tokens(home, key=bytes(32)).stored()


def test_a_token_is_in_no_repr() -> None:
    assert "access-1" not in repr(pair(1))
    assert "refresh-1" not in repr(pair(1))


def test_tokens_that_were_sealed_anew_open_with_the_key_before(home: Home) -> None:
    new = b"n" * len(KEY)
    tokens(home).put(pair(1))
    for _ in range(2):  # a second time, as after a kill, they stay as they are
        seal_tokens_anew(home, Box(KEY), Box(new))
        assert tokens(home, key=new).stored() == pair(1)
    with pytest.raises(EnvironmentFaultError, match="does not open"):
        tokens(home).stored()
    with pytest.raises(EnvironmentFaultError, match="does not open"):
        seal_tokens_anew(home, Box(KEY), Box(b"m" * len(KEY)))
