"""Nobody leaves in an export who has not consented: the published busy shop, against its own rows and plain SQL."""

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from siyu.bench.night import check_equal, run_plain
from siyu.errors import UsageError
from siyu.landing.personal import open_keys
from siyu.privacy.persons import id_of
from siyu.publication import current_publication, publish_candidate
from siyu.publication.exports import ANALYSIS, export_table
from siyu.publication.manifest import read_manifest
from siyu.settings import Home, Settings
from tests.gate.stories import Template
from tests.gate.worlds import AS_OF, busy_shop
from tests.publication.postgres.tables import write_night
from tests.publication.small_candidates import served


def consenting(home: Home, via: str) -> set[str]:
    """Members whose newest word about marketing over a way of contact is yes, by the rows of the world alone."""
    newest: dict[str, dict[str, str]] = {}
    for row in busy_shop().rows["consents"]:
        if row["contact_channel"] in (via, "any") and row["purpose"] == "marketing":
            known = newest.get(row["customer_id"])
            if known is None or row["decided_at"] > known["decided_at"]:
                newest[row["customer_id"]] = row
    tomorrow = (AS_OF + timedelta(days=1)).isoformat()
    tokenizer = open_keys(home).tokenizer
    members = set()
    for customer, row in newest.items():
        if row["is_granted"] and (row["expires_at"] is None or row["expires_at"] >= tomorrow):
            token = tokenizer.customer("default", "tmall_shop", customer)
            members.add(id_of(f"customer|tmall_shop|{token}"))
    return members


def exported(file: Path, column: str = "member_id") -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as rows:
        return [row[column] for row in csv.DictReader(rows)]


@pytest.mark.xdist_group("gate")
def test_plain_sql_makes_another_table_of_the_busy_shop(template: Template, tmp_path: Path) -> None:
    publication = current_publication(template.home)
    assert publication is not None
    manifest = read_manifest(publication.folder)
    assert manifest.models["member_consent"].rows > 100
    roles = served(template.home, "select account_role, count(*) from marts.member_360 group by all")
    assert all(dict(roles)[role] > 4 for role in ("end_consumer", "trade", "reseller"))
    assert manifest.models["touch_relevance"].rows == 4
    run_plain(template.home, manifest, tmp_path)
    check_equal(manifest, tmp_path / "plain", Settings())


@pytest.mark.xdist_group("gate")
@pytest.mark.parametrize("via", ["sms", "wecom", "email"])
def test_g22_an_export_for_marketing_has_another_than_who_consented(
    template: Template, tmp_path: Path, via: str
) -> None:
    home, file = template.home, tmp_path / "members.csv"
    made = export_table(home, "member_360", file, purpose="marketing", contact_channel=via)
    expected = consenting(home, via)
    assert 10 < len(expected) < 100
    assert sorted(expected) == exported(file)  # in the order of the key
    assert (made.rows, made.rows + made.left_out) == (
        len(expected),
        served(home, "select count(*) from marts.member_360")[0][0],
    )
    # of orders the same persons', and none of nobody's
    export_table(home, "fct_orders", tmp_path / "o.csv", purpose="marketing", contact_channel=via)
    buyers = set(exported(tmp_path / "o.csv"))
    assert buyers
    assert buyers <= expected


@pytest.fixture
def orphans(home: Home) -> Callable[[int], Path]:
    """A night of 500 members, of whom so many consent; published when called."""

    def publish(consented: int) -> Path:
        run = f"night{consented}"
        write_night(
            home,
            run,
            {
                "member_360": "select member_id, 'default' as brand_code from members",
                "member_consent": "select member_id, 'default' as brand_code, 'marketing' as purpose,"
                " 'wecom' as contact_channel, n < consented as is_consented from members",
                "redirects": "select 'm1' as old_member_id, 'm2' as member_id",
                "kpi_daily": "select 1 as net_amount",
            },
            setup=lambda connection: connection.execute(
                "create table members as select n, 'm' || lpad(n::varchar, 3, '0') as member_id, ? as consented"
                " from range(500) r(n)",
                [consented],
            ),
        )
        publish_candidate(home, Settings(), run)
        return home.root.parent / f"{run}.csv"

    return publish


def test_g22_the_80_of_500_without_consent_are_exported(home: Home, orphans: Callable[[int], Path]) -> None:
    file = orphans(420)
    made = export_table(home, "member_360", file, purpose="marketing", contact_channel="wecom")
    assert (made.rows, made.left_out) == (420, 80)
    assert exported(file) == [f"m{n:03}" for n in range(420)]


def test_who_withdrew_since_leaves_with_an_older_publication(
    home: Home, orphans: Callable[[int], Path]
) -> None:
    orphans(420)
    file = orphans(400)
    made = export_table(
        home, "member_360", file, purpose="marketing", contact_channel="wecom", publication_id=1
    )
    assert (made.publication, made.rows, made.left_out) == (1, 400, 100)


def test_rows_about_persons_leave_without_a_purpose(home: Home, orphans: Callable[[int], Path]) -> None:
    file = orphans(420)
    for table in ("member_360", "redirects"):
        with pytest.raises(UsageError, match="rows about persons"):
            export_table(home, table, file)
    assert export_table(home, "kpi_daily", file).rows == 1
    assert export_table(home, "member_360", file, purpose=ANALYSIS, force=True).rows == 500


def test_a_purpose_that_says_nothing_writes_a_file(home: Home, orphans: Callable[[int], Path]) -> None:
    file = orphans(420)
    for table, purpose, via, told in (
        ("member_360", "marketing", None, "--via nothing"),
        ("member_360", ANALYSIS, "wecom", "--via wecom"),
        ("member_360", None, "wecom", "rows about persons"),
        ("member_360", "marketing", "sms", "nobody has said anything of marketing by sms"),
        ("member_360", "chat_archive", "wecom", "nobody has said anything of chat_archive"),
        ("redirects", "marketing", "wecom", "does not say of each row whose it is"),
        ("kpi_daily", "marketing", "wecom", "does not say of each row whose it is"),
    ):
        with pytest.raises(UsageError, match=told):
            export_table(home, table, file, purpose=purpose, contact_channel=via)
        assert not file.exists()
