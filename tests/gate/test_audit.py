"""The audit itself: what cannot be checked refuses, nothing leaves the machine, nothing personal is written."""

import json
import re
import shutil
import socket
from pathlib import Path

import pytest

from expectations.registry import CHECKS
from siyu.errors import DamagedFileError, UsageError
from siyu.gate import Status, audit_candidate
from siyu.gate.verdict import CheckResult, judge
from siyu.publication.manifest import MANIFEST, read_manifest
from siyu.settings import Home
from siyu.storage import sha256_of
from tests.gate.corrupting import change_tables
from tests.gate.stories import RUN

pytestmark = pytest.mark.xdist_group("gate")  # one world, and one import of Great Expectations


def result(severity: str, status: Status) -> CheckResult:
    return CheckResult(id="x", model="m", severity=severity, status=status, offending_rows=1, what="")


@pytest.mark.parametrize(
    ("severity", "status", "may_be_published"),
    [
        ("critical", Status.PASSED, True),
        ("critical", Status.FAILED, False),
        ("critical", Status.RAISED, False),
        ("warning", Status.PASSED, True),
        ("warning", Status.FAILED, True),
        ("warning", Status.RAISED, False),
    ],
)
def test_f41_a_failed_warning_publishes_and_a_check_that_raised_never_does(
    severity: str, status: Status, may_be_published: bool
) -> None:
    assert judge([result("critical", Status.PASSED), result(severity, status)]) is may_be_published


def test_an_audit_without_checks_does_not_pass() -> None:
    assert not judge([])


def test_a_file_that_is_no_parquet_refuses_and_names_no_byte_of_it(published: Home) -> None:
    (published.candidates / RUN / "fct_orders.parquet").write_bytes(b"13800138000 is not a Parquet file")

    verdict = audit_candidate(published, RUN)

    status = {check.id: check.status for check in verdict.checks}
    assert not verdict.passed
    assert status["fct_orders.key_unique"] == "raised"
    assert status["orders_have_a_member"] == "raised"
    assert status["files_match_manifest"] == "failed"
    assert status["member_rfm.key_unique"] == "passed"
    assert "13800138000" not in (published.candidates / RUN / "verdict.json").read_text(encoding="utf-8")


def test_what_named_people_read_is_published_unaudited(published: Home) -> None:
    candidate = published.candidates / RUN
    restricted = read_manifest(candidate).restricted
    assert [*restricted] == [
        "dim_member_identifiers",
        "member_child",
        "member_tag_sensitive",
        "rpt_member_match_candidates",
    ]
    verdict = audit_candidate(published, RUN)
    assert verdict.passed  # its columns are called token and identifier, which no mart's may be

    file = candidate / restricted["dim_member_identifiers"].file
    file.write_bytes((candidate / "dim_channels.parquet").read_bytes())
    verdict = audit_candidate(published, RUN)
    status = {check.id: check.status for check in verdict.checks}
    assert not verdict.passed
    assert [status[name] for name in ("files_match_manifest", "schema_matches_manifest")] == ["failed"] * 2


def test_a_column_named_after_a_persons_number_may_say_how_many_and_whether_alone(published: Home) -> None:
    tells_nobody = ("is_phone_known boolean", "email_count bigint", "email_rate decimal(18, 6)")
    tells = (
        "phone bigint",
        "is_mobile varchar",
        "phone_count varchar",
        "email_of_rate integer",
        "a_token boolean",
    )
    for column in (*tells_nobody, *tells):
        change_tables(published.candidates / RUN, f"alter table member_coverage add column {column}")

    verdict = audit_candidate(published, RUN)

    (found,) = (check for check in verdict.checks if check.id == "no_personal_columns")
    named = {f"member_coverage.{column.split()[0]}" for column in tells}
    assert set(found.what.partition("; ")[2].split(", ")) == named
    assert (found.status, found.offending_rows) == ("failed", len(tells))


def test_a_column_that_is_gone_makes_its_checks_raise_not_pass(published: Home) -> None:
    change_tables(published.candidates / RUN, "alter table campaign_lift drop column is_sample_ratio_ok")

    verdict = audit_candidate(published, RUN)

    found = next(check for check in verdict.checks if check.id == "campaign_lift.sample_ratio_as_planned")
    assert (found.severity, found.status, found.offending_rows) == ("warning", "raised", None)
    assert not verdict.passed


def test_a_value_that_breaks_a_check_is_not_repeated_in_the_verdict(published: Home) -> None:
    change_tables(
        published.candidates / RUN,
        "alter table kpi_daily alter gmv_amount type varchar; update kpi_daily set gmv_amount = '13800138000x'",
    )

    verdict = audit_candidate(published, RUN)

    assert not verdict.passed
    for name in ("verdict.json", "verdict.html"):
        assert "13800138000" not in (published.candidates / RUN / name).read_text(encoding="utf-8")


def test_a_failed_warning_is_listed_and_does_not_refuse(published: Home) -> None:
    change_tables(published.candidates / RUN, "update campaign_lift set is_sample_ratio_ok = false")

    verdict = audit_candidate(published, RUN)

    assert [(check.id, check.status) for check in verdict.checks if check.status != "passed"] == [
        ("campaign_lift.sample_ratio_as_planned", "failed")
    ]
    assert verdict.passed


def test_the_first_night_says_which_checks_do_not_apply(published: Home) -> None:
    shutil.rmtree(published.publications)

    verdict = audit_candidate(published, RUN)

    said = {check.id for check in verdict.checks if "not applicable" in check.what}
    assert said == {check.id for check in CHECKS.values() if check.compares}
    assert verdict.passed


def test_a_previous_publication_of_an_older_siyu_does_not_stop_the_audit(published: Home) -> None:
    change_tables(
        published.publications / "000001",
        "alter table fct_orders drop column province; drop table channel_roi",
    )

    assert audit_candidate(published, RUN).passed


def test_the_verdict_is_about_the_bytes_of_this_manifest(published: Home) -> None:
    verdict = audit_candidate(published, RUN)
    written = json.loads((published.candidates / RUN / "verdict.json").read_text(encoding="utf-8"))

    assert verdict.manifest_sha256 == sha256_of(published.candidates / RUN / MANIFEST)
    assert (written["run_id"], written["passed"], written["manifest_sha256"]) == (
        RUN,
        True,
        verdict.manifest_sha256,
    )
    assert {check["id"] for check in written["checks"]} == set(CHECKS)
    assert {*written["checks"][0]} == {"id", "model", "severity", "status", "offending_rows", "what"}


def test_the_page_loads_nothing_from_elsewhere_and_speaks_both_languages(published: Home) -> None:
    audit_candidate(published, RUN)
    page = (published.candidates / RUN / "verdict.html").read_text(encoding="utf-8")

    assert re.findall(r"https?:|src=|<link|<script|@import|url\(", page) == []
    assert "May be published 可以发布" in page


def test_the_audit_opens_no_connection_and_prints_nothing(
    published: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    audit_candidate(published, RUN)  # imports what is imported once
    capfd.readouterr()

    def refuse(*_: object) -> None:
        raise AssertionError("the audit opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    verdict = audit_candidate(published, RUN)

    assert verdict.passed
    assert capfd.readouterr() == ("", "")


def test_the_audit_leaves_a_verdict_and_touches_no_other_file(published: Home) -> None:
    before = {file: sha256_of(file) for file in _files(published)}
    audit_candidate(published, RUN)
    after = {file: sha256_of(file) for file in _files(published)}

    # and, once in the life of a home, the key that its verdicts are sealed with
    assert {file.name for file in after.keys() - before.keys()} - {"verdict.key"} == {
        "verdict.json",
        "verdict.html",
    }
    assert before.items() <= after.items()


def test_a_run_without_a_candidate_is_told_so(home: Home) -> None:
    with pytest.raises(UsageError, match="has no candidate"):
        audit_candidate(home, "nothing")


def test_a_run_id_that_leads_out_of_the_candidates_is_refused(home: Home) -> None:
    with pytest.raises(UsageError, match="leads out"):
        audit_candidate(home, "../publications/000001")


def test_a_manifest_that_cannot_be_read_leaves_no_verdict_not_even_an_earlier_one(published: Home) -> None:
    audit_candidate(published, RUN)
    (published.candidates / RUN / MANIFEST).write_text("{}", encoding="utf-8")

    with pytest.raises(DamagedFileError):
        audit_candidate(published, RUN)
    assert not (published.candidates / RUN / "verdict.json").exists()


def _files(home: Home) -> list[Path]:
    return [file for file in home.root.rglob("*") if file.is_file()]
