"""docs/identity-quality.md shows what was measured, and says what each reason is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from docs import guarantees, identity_quality
from siyu.settings import PROJECT

SMALL = {
    "S: pairs that can be known": "2,000",
    "S: pairs in one member": "2,100",
    "S: members": "900",
    "S: recall": "0.9900",
    "S: precision": "0.9995",
    "S: mixed share": "0.0100",
    "S: missed: place_taken": "20",
    "S: wrong: noted_number": "1",
}
Page = Callable[[dict[str, str]], str]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The page of some figures."""
    monkeypatch.setattr(guarantees, "FIGURES", tmp_path / "guarantees.json")

    def made(figures: dict[str, str]) -> str:
        kept = json.dumps({"figures": {identity_quality.TEST: figures}})
        guarantees.FIGURES.write_text(kept, encoding="utf-8")
        return identity_quality.page()

    return made


def test_the_test_that_measures_has_another_name() -> None:
    file, _, name = identity_quality.TEST.partition("::")
    assert f"\ndef {name}(" in (PROJECT / file).read_text(encoding="utf-8")


def test_sizes_overwrite_each_other(page: Page) -> None:
    both = page(SMALL | {name.replace("S:", "M:"): f"{value}5" for name, value in SMALL.items()})
    assert "| recall | 0.9900 | 0.99005 | at least 0.98 |" in both
    assert "| `place_taken` | 20 | 205 | Somebody else" in both
    assert "| `family_number` | 0 | 0 | A home" in both


@pytest.mark.parametrize(
    ("name", "kept", "missed"),
    [
        ("recall", "0.98000", "0.97999"),
        ("precision", "0.99900", "0.99899"),
        ("mixed share", "0.02000", "0.02001"),
    ],
)
def test_a_missed_share_is_shown_as_kept(page: Page, name: str, kept: str, missed: str) -> None:
    assert "**missed**" not in page(SMALL | {f"S: {name}": kept})
    assert f"| {name} | {missed}, **missed** |" in page(SMALL | {f"S: {name}": missed})


def test_a_reason_that_nobody_explains_is_hidden(page: Page) -> None:
    with pytest.raises(SystemExit, match="does not say what noted_number of missed is"):
        page(SMALL | {"S: missed: noted_number": "3"})


def test_nothing_measured_breaks_the_page(page: Page) -> None:
    assert "Nothing has been measured yet" in page({})
