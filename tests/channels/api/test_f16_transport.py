"""F16: whatever happens on the way at every fifth call, the rows are the same as without."""

import gzip
import json
import random
import resource
import secrets
from datetime import datetime
from pathlib import Path

import pytest

from siyu.channels.api.calls import Patience
from siyu.channels.api.judging import UnavailableError
from siyu.channels.api.paging import ByNumber
from siyu.channels.api.transport import Limits
from siyu.settings import Home
from tests.channels.api.platform import (
    HALF_GZIP,
    HTML,
    NO_GZIP,
    Answer,
    Asked,
    asked_of,
    running,
    running_apart,
)
from tests.channels.api.shop import NOW, connector, extract, order, orders_page, raw

PATIENT = Patience(first_seconds=0.001, longest_seconds=0.01, tries=40, whole_seconds=60)
IMPATIENT = Limits(connect_seconds=5, read_seconds=0.5, whole_seconds=5)
WHOLE = json.dumps({"errcode": 0, "total": 1, "data": {"orders": [order(1)]}}).encode()

FAULTS = {
    "500": Answer(status=500, document={"errcode": 0}),
    "503 in HTML": Answer(status=503, body=HTML.body),
    "half a body and a reset": Answer(body=WHOLE, cut=True),
    "HTML under HTTP 200": HTML,
    "an empty body": Answer(body=b""),
    "gzip cut off": HALF_GZIP,
    "no gzip": NO_GZIP,
    "JSON cut off in a whole reply": Answer(body=WHOLE[:-40]),
    "a length that is too long": Answer(body=WHOLE, headers={"Content-Length": str(len(WHOLE) + 10)}),
    "a length that is too short": Answer(body=WHOLE, headers={"Content-Length": str(len(WHOLE) - 10)}),
    "a stall": Answer(body=WHOLE, stall=0.8),
}


def small_pages(per_page: int) -> ByNumber:
    return ByNumber(page="page", size="size", per_page=per_page, total="total")


@pytest.mark.parametrize("name", FAULTS)
def test_f16_each_fault_is_tried_again_and_costs_no_row(home: Home, name: str) -> None:
    orders = [order(number) for number in range(1, 6)]

    def reply(asked: Asked) -> Answer:
        return FAULTS[name] if asked.number == 2 else Answer(document=orders_page(orders, asked.body))

    with running(reply) as platform:
        record = extract(
            home, platform.url, connector=connector(small_pages(2)), patience=PATIENT, limits=IMPATIENT
        )
    assert record.extraction is not None
    assert 1 <= record.extraction.calls.retries <= 2  # what is left of a wrong length may spoil the next call
    assert record.resources["orders"].counts.quarantined == 0
    assert len(raw(home, "orders", "order_id")) == 5


def test_f16_a_whole_gzip_reply_is_read(home: Home) -> None:
    packed = Answer(body=gzip.compress(WHOLE), headers={"Content-Encoding": "gzip"})
    with running(lambda _: packed) as platform:
        assert extract(home, platform.url).resources["orders"].counts.landed == 1


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("calls", [300, pytest.param(10_000, marks=pytest.mark.soak)])
def test_f16_with_faults_at_a_fifth_of_the_calls_the_rows_are_those_of_the_source(
    home: Home, tmp_path: Path, calls: int
) -> None:
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    orders = [order(number, lines=[]) for number in range(1, 2 * calls + 1)]
    faults = [answer for name, answer in FAULTS.items() if name != "a stall"] * 5 + [FAULTS["a stall"]]
    peaks: list[int] = []  # of our own memory; the stand-in, which keeps what it was asked, lives apart

    def reply(asked: Asked) -> Answer:
        if dice.random() < 0.2:
            return dice.choice(faults)
        return Answer(document=orders_page(orders, asked.body))

    def clock() -> datetime:
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return NOW

    with running_apart(reply, tmp_path / "asked") as url:
        record = extract(
            home,
            url,
            connector=connector(small_pages(2)),
            patience=PATIENT,
            limits=IMPATIENT,
            clock=clock,
        )
    grown = (peaks[-1] - peaks[len(peaks) // 2]) / 1024
    asked = len(asked_of(tmp_path / "asked"))
    print(f"{asked} calls, {grown:.0f} MB more in the second half")
    assert len(peaks) > calls
    assert grown <= 50
    assert asked > calls * 1.1
    assert record.extraction is not None
    assert record.extraction.is_complete
    assert sorted(raw(home, "orders", "order_id")) == sorted((str(one["id"]),) for one in orders)
    assert record.resources["orders"].counts.quarantined == 0


def test_f16_a_platform_that_is_not_there_is_told_without_its_query(home: Home) -> None:
    patience = Patience(first_seconds=0.001, longest_seconds=0.01, tries=3, whole_seconds=5)
    with pytest.raises(UnavailableError, match="made_up_shop /orders does not answer well: ConnectError"):
        extract(home, "http://127.0.0.1:9", patience=patience)
