"""The registry is complete: nothing runs unregistered, nothing critical goes without a proof that it fires."""

import re

import pytest

from expectations import INVARIANTS, MODELS_WITH_A_SUITE, PROMISED_MODELS
from expectations.registry import CHECKS, CORRUPTIONS, Check
from siyu.gate.files import FILE_CHECKS

CRITICAL = [check for check in CHECKS.values() if check.severity == "critical"]


def suite_checks() -> dict[str, str]:
    """Severity by id of every expectation in every suite."""
    from siyu.gate.suites import CHECK, suite_of

    found = {}
    for model in MODELS_WITH_A_SUITE:
        for expectation in suite_of(model).expectations:
            check_id = (expectation.meta or {}).get(CHECK, f"{model}: an expectation without a check id")
            assert check_id not in found, f"two expectations are called {check_id}"
            found[check_id] = str(expectation.severity.value)
    return found


@pytest.mark.parametrize("check", CRITICAL, ids=lambda check: check.id)
def test_a_critical_check_has_a_corruption_that_makes_it_fire(check: Check) -> None:
    assert check.corruption or check.lie


def test_every_corruption_belongs_to_a_critical_check() -> None:
    assert {file.stem for file in CORRUPTIONS.glob("*.sql")} <= {check.id for check in CRITICAL}


def test_what_runs_is_what_is_registered() -> None:
    invariants = {file.stem for file in INVARIANTS.glob("*.sql")}

    assert {*suite_checks(), *invariants, *FILE_CHECKS} == set(CHECKS)


def test_a_suite_and_the_registry_agree_on_severity() -> None:
    suites = suite_checks()

    assert suites == {check_id: CHECKS[check_id].severity for check_id in suites}


def test_ids_are_unique() -> None:
    from expectations import registry

    assert len(registry._CHECKS) == len(CHECKS)


def test_every_check_says_what_it_protects_in_one_line() -> None:
    assert [check.id for check in CHECKS.values() if not re.fullmatch(r"[^\n]{20,110}", check.protects)] == []


def test_a_check_names_models_that_are_published() -> None:
    known = {*PROMISED_MODELS, "candidate"}

    assert [check.id for check in CHECKS.values() if not set(check.models) <= known] == []


def test_an_invariant_reads_no_model_that_its_check_does_not_name() -> None:
    for check in CHECKS.values():
        file = INVARIANTS / f"{check.id}.sql"
        if file.exists() and "candidate" not in check.models:
            read = set(re.findall(r"\bcandidate\.(\w+)", file.read_text(encoding="utf-8")))
            assert read <= set(check.models), check.id
