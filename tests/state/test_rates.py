"""The rate: never more than the limit in any second, whoever calls, and hardly less than it."""

import json
import os
import threading
from collections.abc import Callable

import pytest

from siyu.settings import Home
from siyu.state.rates import Rate
from tests.channels.api.platform import most_in_a_second


def in_threads(count: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("limit", [3, 20])
def test_f15_no_second_sees_more_turns_than_the_limit(home: Home, limit: int) -> None:
    moments: list[float] = []

    def take_turns() -> None:
        rate = Rate(home, "app 1 /orders", per_second=limit)
        moments.extend(rate.wait().at for _ in range(limit // 2 + 1))

    in_threads(4, take_turns)
    assert len(moments) == 4 * (limit // 2 + 1)
    assert most_in_a_second(moments) <= limit * 1.05


def test_f15_processes_share_a_limit(home: Home) -> None:
    pipes = []
    for _ in range(3):
        reader, writer = os.pipe()
        if os.fork() == 0:
            turns = [Rate(home, "app 1 /orders", per_second=20).wait().at for _ in range(12)]
            os.write(writer, json.dumps(turns).encode())
            os._exit(0)
        os.close(writer)
        pipes.append(reader)
    moments: list[float] = []
    for reader in pipes:
        with os.fdopen(reader, "rb") as file:
            moments += json.loads(file.read())
        os.wait()
    assert len(moments) == 36
    assert most_in_a_second(moments) <= 21


def test_f15_other_names_have_limits_of_their_own(home: Home) -> None:
    Rate(home, "app 1 /orders", per_second=0.01).wait()
    assert Rate(home, "app 1 /refunds", per_second=0.01).wait().waited_seconds < 5
    assert Rate(home, "app 2 /orders", per_second=0.01).wait().waited_seconds < 5


def test_a_limit_below_one_call_a_second_is_kept(home: Home) -> None:
    rate = Rate(home, "app 1 /slow", per_second=2 / 3)
    first, second = rate.wait().at, rate.wait().at
    assert second - first >= 1.5


def test_moments_from_before_the_machine_started_hold_nobody_up(home: Home) -> None:
    Rate(home, "app 1 /orders", per_second=0.01).wait()
    (file,) = home.state.glob("rate-*.lock")
    file.write_bytes(b"\x00\x00\x00\x00\x00\x00\xf0\x7f")  # as far ahead as a moment can be
    assert Rate(home, "app 1 /orders", per_second=0.01).wait().waited_seconds < 5


@pytest.mark.soak
def test_f15_at_least_95_percent_of_the_limit_is_used(
    home: Home, figure: Callable[[str, object], None]
) -> None:
    moments: list[float] = []

    def take_turns() -> None:
        rate = Rate(home, "app 1 /orders", per_second=20)
        moments.extend(rate.wait().at for _ in range(50))

    in_threads(4, take_turns)
    share = (len(moments) - 20) / (max(moments) - sorted(moments)[19]) / 20  # after the first second
    figure("rate_used_share", share)
    assert share >= 0.95
