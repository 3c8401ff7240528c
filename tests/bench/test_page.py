"""docs/performance.md says what the kept results say, and what was not measured."""

import dataclasses
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from docs import performance
from siyu.bench.extract import ChannelFigures, ExtractFigures, keep_extraction, kept_extractions
from siyu.bench.figures import NightFigures, Side, budgets, keep, read_kept
from siyu.bench.measure import Cost

SVG = "{http://www.w3.org/2000/svg}"


def cost(wall: float) -> Cost:
    return Cost(
        wall_seconds=wall, cpu_seconds=wall * 1.5, peak_memory_bytes=3 * 2**30, written_bytes=7 * 2**20
    )


def side(wall: float) -> Side:
    return Side(**vars(cost(wall)), runs=[cost(wall)], parts={"build": wall})


def night(orders: int, *, directly: float, plain: float) -> NightFigures:
    return NightFigures(
        data_set=f"generated, {orders:,} orders of {orders // 10:,} members",
        orders=orders,
        members=orders // 10,
        rows={"fct_orders": orders},
        machine="2 cores",
        measured_at="2026-11-22",
        code_revision="none",
        landing=cost(100),
        landed_bytes=1000 * orders,
        directly=side(directly),
        plain=side(plain),
        through_airflow=None,
        directly_with_landing=None,
    )


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty file of results that the page is made from."""
    monkeypatch.setattr(performance, "RESULTS", tmp_path / "performance.json")
    monkeypatch.setattr(performance, "FINDINGS", tmp_path / "performance.yml")
    monkeypatch.setattr(performance, "EXTRACTIONS", tmp_path / "extraction.json")
    return tmp_path / "performance.json"


def test_a_kept_result_comes_back_changed(results: Path) -> None:
    kept = dataclasses.replace(night(1_000_000, directly=50, plain=10), through_airflow=side(80))
    keep(kept, results)
    assert read_kept(results) == [kept]


def test_measuring_again_keeps_the_old_result(results: Path) -> None:
    keep(night(3_000_000, directly=90, plain=40), results)
    keep(night(1_000_000, directly=50, plain=10), results)
    keep(night(1_000_000, directly=45, plain=11), results)
    found = [(one.orders, one.directly.wall_seconds) for one in read_kept(results)]
    assert found == [(1_000_000, 45), (3_000_000, 90)]


@pytest.mark.parametrize(("directly", "is_kept"), [(50.0, True), (50.1, False)])
def test_a_missed_budget_is_shown_as_kept(results: Path, directly: float, is_kept: bool) -> None:
    keep(night(1_000_000, directly=directly, plain=10), results)
    assert budgets(read_kept(results)[0])[0].is_kept is is_kept
    assert ("**missed**" not in performance.page()) is is_kept


def test_the_page_hides_a_size_that_was_not_measured(results: Path) -> None:
    keep(night(1_000_000, directly=50, plain=10), results)
    page = performance.page()
    assert "| 1,000,000 | 50.0 | 75.0 | 3,072 | 10.0 | 15.0 | 3,072 | 5.0 |" in page
    assert "Not measured: 3,000,000, 10,000,000, 30,000,000 orders." in page


def test_the_picture_is_without_a_result_or_an_axis_name(results: Path) -> None:
    keep(night(1_000_000, directly=50, plain=10), results)
    keep(night(10_000_000, directly=300, plain=120), results)
    picture = ET.fromstring(performance.picture())  # noqa: S314 - written by us
    words = [text.text for text in picture.iter(f"{SVG}text")]
    assert {"orders", "seconds, wall", "directly", "plain SQL", "1 M", "10 M", "30 M"} <= set(words)
    assert {"50 s", "10 s", "300 s", "120 s"} <= set(words)
    heights = [float(circle.get("cy", "")) for circle in picture.iter(f"{SVG}circle")]
    assert heights[0] > heights[1]  # 300 s stands above 50 s
    assert len(heights) == 4


def test_nothing_measured_breaks_the_page(results: Path) -> None:
    assert not results.exists()
    assert "Nothing has been measured yet" in performance.page()
    assert "No generated log has been measured yet" in performance.picture()


def extraction(persons: int, *, used: float | None) -> ExtractFigures:
    found = ChannelFigures(
        channel="youzan",
        rows=12_000,
        calls=300,
        cost=cost(40),
        rows_per_second=300.0,
        cpu_seconds_per_1000_rows=5.0,
        busiest="orders",
        rate_used_share=used,
    )
    return ExtractFigures(
        world=f"fashion, {persons:,} persons, 2026-03-01 to 2026-06-30",
        persons=persons,
        latency_seconds=0.05,
        machine="2 cores",
        measured_at="2026-11-22",
        channels=[found],
    )


def test_an_extraction_that_was_kept_is_shown_with_other_figures_or_lost(results: Path) -> None:
    file = results.with_name("extraction.json")
    assert "## Extraction" in performance.page()
    keep_extraction(extraction(100_000, used=0.9561), file)
    keep_extraction(extraction(10_000, used=0.5), file)
    keep_extraction(extraction(10_000, used=None), file)  # measured again
    assert kept_extractions(file) == [extraction(10_000, used=None), extraction(100_000, used=0.9561)]
    shown = [line for line in performance.page().splitlines() if line.startswith("| youzan")]
    same = "| youzan | 12,000 | 300 | 40.0 | 300 | 5.00 | 3,072 MB | orders |"
    assert shown == [f"{same} too few calls to tell |", f"{same} 95.6% |"]
