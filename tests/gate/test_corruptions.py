"""Bad data never goes live (F1): each critical check fires on its corruption, alone; what readers see stays, byte for
byte, and one message names check, mart and count.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from expectations.registry import CHECKS, Check
from siyu.cli.main import run
from siyu.errors import ExitCode
from siyu.gate import audit_candidate
from siyu.orchestration import alerts, robots
from siyu.orchestration.night import audit_night
from siyu.orchestration.runs import Run
from siyu.settings import Home, Settings
from siyu.storage import read_json
from tests.gate.corrupting import apart, corrupted_copy
from tests.gate.stories import RUN
from tests.orchestration.robot import running_robot

pytestmark = pytest.mark.xdist_group("gate")  # one world, and one import of Great Expectations

BAD = "bad"
CRITICAL = [check for check in CHECKS.values() if check.severity == "critical"]


def _together() -> list[tuple[Check, ...]]:
    """All critical checks, those together that can be shown on one copy."""
    groups: list[tuple[Check, ...]] = []
    for check in CRITICAL:
        room = next((group for group in groups if all(apart(check, other) for other in group)), ())
        groups = [group for group in groups if group is not room] + [(*room, check)]
    return groups


def test_the_candidate_that_is_corrupted_below_passes_every_check(published: Home) -> None:
    verdict = audit_candidate(published, RUN)

    assert [(check.id, check.status) for check in verdict.checks if check.status != "passed"] == []
    assert verdict.passed


@pytest.fixture(scope="module")
def fired() -> set[str]:
    """Critical checks that have been seen to refuse."""
    return set()


@pytest.mark.guarantee("F41")
@pytest.mark.parametrize(
    "checks",
    [
        *(pytest.param(group, id=f"{group[0].id}+{len(group) - 1}") for group in _together()),
        *(pytest.param((check,), id=f"{check.id}-alone", marks=pytest.mark.soak) for check in CRITICAL),
    ],
)
def test_f1_a_corruption_is_published_refused_by_another_check_or_told_without_its_count(
    published: Home,
    *,
    checks: tuple[Check, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fired: set[str],
    figure: Callable[[str, object], None],
) -> None:
    corrupted_copy(published.candidates / RUN, published.candidates / BAD, *checks)
    before = seen_by_readers(published)

    found = refusal_of(published)
    told = told_of_the_failure(published, monkeypatch)
    code = exit_code_of_publishing(published, monkeypatch)

    verdict = read_json(published.candidates / BAD / "verdict.json")
    failed = [check for check in verdict["checks"] if check["status"] != "passed"]
    assert {check["id"]: check["status"] for check in failed} == {check.id: "failed" for check in checks}
    assert not verdict["passed"]
    assert all(check["offending_rows"] >= 1 for check in failed)
    listed = [f"{check['id']} on {check['model']} failed, {check['offending_rows']} rows" for check in failed]
    assert found == f"the audit refused run {BAD}: {'; '.join(listed)}"
    assert [message["title"] for message in told] == ["siyu: publish_marts failed at audit"]
    assert f"found: {found}" in told[0]["message"].splitlines()
    assert "published: publication 1, as of 2024-02-29, since" in told[0]["message"]
    assert code == ExitCode.REFUSED
    assert f"the audit refused candidate {BAD}" in capsys.readouterr().err
    assert seen_by_readers(published) == before
    fired |= {check["id"] for check in failed}
    figure("critical checks that refused, readers seeing the same bytes", f"{len(fired)} of {len(CRITICAL)}")


def test_f1_the_comparison_of_what_readers_see_misses_a_byte(published: Home) -> None:
    before = seen_by_readers(published)
    for file in (published.marts_file, published.publications / "000001" / "kpi_daily.parquet"):
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert seen_by_readers(published) != before
        file.write_bytes(whole)
    assert seen_by_readers(published) == before


def seen_by_readers(home: Home) -> dict[str, bytes]:
    """Every byte of what is published and served."""
    found = {
        str(file): file.read_bytes()
        for folder in (home.publications, home.published)
        for file in folder.rglob("*")
        if file.is_file()
    }
    assert len(found) > 20
    assert found[str(home.marts_file)]
    return found


def refusal_of(home: Home) -> str:
    """What the night's audit says of the bad candidate."""
    night = Run(
        home=home, settings=Settings(), run_id=BAD, run_after=datetime(2024, 3, 1, tzinfo=UTC), params={}
    )
    with pytest.raises(AirflowFailException) as ended, night.step("audit") as step:
        audit_night(night, step)
    return ended.value.__cause__.found


def told_of_the_failure(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a robot gets of the failed audit, and of one more after somebody cleared the task."""
    context = {
        "dag": SimpleNamespace(dag_id="publish_marts"),
        "task_instance": SimpleNamespace(task_id="audit"),
        "params": {"run_id": BAD},
        "run_id": "manual__2024-03-01",
        "reason": "task_failure",
    }
    with running_robot() as robot:
        monkeypatch.setenv("SIYU_HOME", str(home.root))
        monkeypatch.setenv(robots.ADDRESSES_VARIABLE, robot.address())
        for _ in range(2):
            alerts.tell_failure(context)
    return robot.told


def exit_code_of_publishing(home: Home, monkeypatch: pytest.MonkeyPatch) -> object:
    """Try to publish the bad candidate all the same."""
    monkeypatch.setattr(sys, "argv", ["siyu", "publish", BAD, "--home", str(home.root)])
    with pytest.raises(SystemExit) as end:
        run()
    return end.value.code
