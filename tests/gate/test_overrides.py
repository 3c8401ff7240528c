"""A critical check cannot be overridden (F41), by no command and no edited record; a warning can, for a while."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from expectations.registry import CHECKS
from siyu.cli.main import app
from siyu.clock import local_date, utc_now
from siyu.errors import RefusedError, SiyuError, UsageError
from siyu.gate import accept_warning, accepted_warnings, audit_candidate, withdraw_acceptance
from siyu.publication import publish_candidate
from siyu.publication.seal import sealed
from siyu.settings import Home, Settings, load_settings
from siyu.state import audit_log
from siyu.storage import read_json, sha256_of, write_json
from tests.gate.corrupting import change_tables, corrupted_copy
from tests.gate.stories import RUN

pytestmark = pytest.mark.xdist_group("gate")  # one world, and one import of Great Expectations

CRITICAL = "fct_orders.key_unique"
WARNING = "campaign_lift.sample_ratio_as_planned"
FAIL_THE_WARNING = "update campaign_lift set is_sample_ratio_ok = false"
WHO = {"by": "li.na", "reason": "known since the app's release"}


def in_days(days: int) -> date:
    return local_date(utc_now(), Settings().business_timezone) + timedelta(days=days)


def accept(home: Home, check_id: str, *, days: int = 7, **changes: str) -> object:
    return accept_warning(home, Settings(), check_id, until=in_days(days), **(WHO | changes))


def by_command(home: Home, check_id: str, *more: str) -> int:
    words = ["audit", "accept", check_id, "--by", "me", "--reason", "go", "--until", str(in_days(7))]
    done = CliRunner().invoke(app, [*words, *more, "--home", str(home)])
    if isinstance(done.exception, SiyuError):
        raise done.exception
    return done.exit_code


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = read_json(path)
    change(content)
    write_json(path, content)


def failing_check(verdict: dict[str, Any]) -> dict[str, Any]:
    return next(check for check in verdict["checks"] if check["id"] == CRITICAL)


ACCEPTING: dict[str, Callable[[Home], object]] = {
    "by its id": lambda home: accept(home, CRITICAL),
    "by command": lambda home: by_command(home, CRITICAL),
    "by a wildcard": lambda home: accept(home, "*"),
    "by a wildcard of SQL": lambda home: accept(home, "%"),
    "by a pattern": lambda home: accept(home, "fct_orders.*"),
    "by its model": lambda home: accept(home, "fct_orders"),
    "in capitals": lambda home: accept(home, CRITICAL.upper()),
    "with a space": lambda home: accept(home, f" {CRITICAL}"),
    "with a NUL": lambda home: accept(home, f"{CRITICAL}\0"),
    "beside a warning": lambda home: accept(home, f"{WARNING},{CRITICAL}"),
    "by an unknown id": lambda home: accept(home, "everything"),
    "by no id": lambda home: accept(home, ""),
    "with SQL": lambda home: accept(home, f"x' or id = '{CRITICAL}"),
    "by an option": lambda home: by_command(home, WARNING, "--severity", "critical"),
}


def enter(home: Home, check_id: object, until: str) -> None:
    """An entry that only an editor of the database would write."""
    audit_log.record(
        home, action="accept_warning", details={"check": check_id, "until": until}, by="x", reason="y"
    )


def turn_an_acceptance(home: Home) -> None:
    accept(home, WARNING)
    with sqlite3.connect(home.state / "state.db") as log:
        log.execute("update audit_log set details = replace(details, ?, ?)", (WARNING, CRITICAL))


RECORDS: dict[str, Callable[[Home], object]] = {
    "an entry for the critical check": lambda home: enter(home, CRITICAL, str(in_days(7))),
    "an acceptance of a warning turned into one of it": turn_an_acceptance,
    "an entry for all checks": lambda home: enter(home, ["*", CRITICAL], "9999-12-31"),
}

VERDICTS: dict[str, Callable[[Path], object]] = {
    "passed": lambda path: edited(path, lambda verdict: verdict.update(passed=True)),
    "the check passed": lambda path: edited(
        path, lambda verdict: (verdict.update(passed=True), failing_check(verdict).update(status="passed"))
    ),
    "the check is a warning": lambda path: edited(
        path, lambda verdict: (verdict.update(passed=True), failing_check(verdict).update(severity="warning"))
    ),
    "the check was accepted": lambda path: edited(
        path, lambda verdict: (verdict.update(passed=True), failing_check(verdict).update(status="accepted"))
    ),
    "there is no such check": lambda path: edited(
        path, lambda verdict: (verdict.update(passed=True), verdict["checks"].remove(failing_check(verdict)))
    ),
    "passed, without a seal": lambda path: edited(
        path, lambda verdict: (verdict.update(passed=True), verdict.pop("seal"))
    ),
    "no verdict": lambda path: path.unlink(),
    "a list": lambda path: write_json(path, [True]),
}


@pytest.mark.guarantee("F41")
def test_f41_no_try_to_override_a_critical_check_succeeds(
    published: Home, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    passing = published.candidates / RUN
    corrupted_copy(passing, published.candidates / "bad", CHECKS[CRITICAL])
    bad, tries, succeeded = published.candidates / "bad", 0, []

    for name, attempt in ACCEPTING.items():
        tries += 1
        try:
            if attempt(published) != 2:
                succeeded.append(name)
        except (RefusedError, UsageError):
            pass
    for name, attempt in RECORDS.items():
        tries += 1
        attempt(published)
        if CRITICAL in accepted_warnings(published, Settings()):
            succeeded.append(name)

    assert not audit_candidate(published, "bad").passed  # with all those entries in the log
    before, verdict = sorted(published.publications.rglob("*")), (bad / "verdict.json").read_bytes()

    def publishes(name: str) -> None:
        nonlocal tries
        tries += 1
        try:
            publish_candidate(published, Settings(), "bad")
            succeeded.append(name)
        except RefusedError:
            pass
        (bad / "verdict.json").write_bytes(verdict)

    publishes("as it is")
    for name, change in VERDICTS.items():
        change(bad / "verdict.json")
        publishes(name)
    audit_candidate(published, RUN)
    shutil.copy(passing / "verdict.json", bad / "verdict.json")
    publishes("with the verdict of a candidate that passed")
    edited(
        bad / "verdict.json",
        lambda verdict: verdict.update(passed=True, manifest_sha256=sha256_of(bad / "manifest.json")),
    )
    publishes("with such a verdict made to fit")
    forged = read_json(bad / "verdict.json") | {"passed": True}
    write_json(bad / "verdict.json", sealed(Home(tmp_path / "another").create(), forged))
    publishes("with the seal of another home")

    assert succeeded == []
    assert tries >= 20
    assert sorted(published.publications.rglob("*")) == before
    figure("tries to override a critical check", tries)
    figure("that succeeded", len(succeeded))


@pytest.mark.guarantee("F41")
@pytest.mark.parametrize("key", ["overrides", "accept", "critical_checks", "skip_audit"])
def test_f41_no_setting_weakens_the_gate(home: Home, key: str) -> None:
    home.settings_file.write_text(f"{key}: [{CRITICAL}]\n", encoding="utf-8")
    with pytest.raises(UsageError, match=key):
        load_settings(home)


@pytest.mark.guarantee("F41")
def test_f41_an_accepted_warning_is_shown_with_by_and_until_and_not_told(published: Home) -> None:
    change_tables(published.candidates / RUN, FAIL_THE_WARNING)
    accept(published, WARNING, by="<b>li.na</b>")

    verdict = audit_candidate(published, RUN)

    found = next(check for check in verdict.checks if check.id == WARNING)
    assert (verdict.passed, found.status, found.is_told) == (True, "accepted", False)
    assert f"accepted by <b>li.na</b> until {in_days(7)}: {WHO['reason']}" in found.what
    page = (published.candidates / RUN / "verdict.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;li.na" in page
    assert "<b>li.na" not in page

    withdraw_acceptance(published, Settings(), WARNING, **WHO)
    again = next(check for check in audit_candidate(published, RUN).checks if check.id == WARNING)
    assert (again.status, again.is_told) == ("failed", True)


@pytest.mark.guarantee("F41")
def test_f41_an_accepted_check_that_cannot_run_refuses(published: Home) -> None:
    accept(published, WARNING)
    change_tables(published.candidates / RUN, "alter table campaign_lift drop column is_sample_ratio_ok")

    verdict = audit_candidate(published, RUN)

    found = next(check for check in verdict.checks if check.id == WARNING)
    assert (verdict.passed, found.status) == (False, "raised")


def test_an_acceptance_is_kept_in_the_audit_log_and_listed_until_it_is_withdrawn(home: Home) -> None:
    accept(home, WARNING)
    accept(home, "channels_still_sell", days=0)
    assert sorted(accepted_warnings(home, Settings())) == [WARNING, "channels_still_sell"]

    accept(home, WARNING, days=30, by="wang.wei")
    assert accepted_warnings(home, Settings())[WARNING].by == "wang.wei"
    withdraw_acceptance(home, Settings(), WARNING, **WHO)
    assert sorted(accepted_warnings(home, Settings())) == ["channels_still_sell"]
    assert [(entry.action, entry.details["check"]) for entry in audit_log.entries(home)] == [
        ("accept_warning", WARNING),
        ("accept_warning", "channels_still_sell"),
        ("accept_warning", WARNING),
        ("withdraw_acceptance", WARNING),
    ]
    with pytest.raises(UsageError, match="is not accepted"):
        withdraw_acceptance(home, Settings(), WARNING, **WHO)


@pytest.mark.parametrize("changes", [{"days": -1}, {"days": 400}, {"by": " "}, {"reason": ""}], ids=str)
def test_an_acceptance_needs_a_person_a_reason_and_an_end(home: Home, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        accept(home, WARNING, **changes)
    assert audit_log.entries(home) == ()


@pytest.mark.parametrize("until", ["2020-01-01", "9999-12-31", "soon", ""])
def test_an_entry_that_is_over_or_without_end_counts_for_nothing(home: Home, until: str) -> None:
    enter(home, WARNING, until)
    assert accepted_warnings(home, Settings()) == {}


def test_the_commands_accept_list_and_withdraw(home: Home) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["audit", *words, "--home", str(home)])
        assert done.exit_code == 0, done.output
        return done.output

    who = ("--by", "li.na\x1b[31m", "--reason", "[bold]known[/bold]")
    run("accept", WARNING, *who, "--until", str(in_days(3)))
    listed = run("accepted")
    assert f"{WARNING}  until {in_days(3)}  by li.na\\u001b[31m: [bold]known[/bold]" in listed
    assert json.loads(run("accepted", "--json"))[0]["by"] == "li.na\x1b[31m"
    run("withdraw", WARNING, *who)
    assert "no warning is accepted" in run("accepted")


def test_the_key_of_the_seal_is_private(published: Home) -> None:
    audit_candidate(published, RUN)
    assert os.stat(published.state / "verdict.key").st_mode & 0o777 == 0o600  # noqa: PTH116 - its bits alone
