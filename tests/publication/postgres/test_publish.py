"""Two targets show one publication: after every publish, rollback and fault, and the message says where they stand."""

import json
from decimal import Decimal

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from siyu.cli import publication as commands
from siyu.errors import EnvironmentFaultError, RefusedError, SiyuError
from siyu.publication import (
    publication_log,
    publish_candidate,
    published_state,
    resume,
    rollback,
    status,
    status_text,
)
from siyu.publication.postgres import VARIABLE
from siyu.publication.targets import postgres_state
from siyu.settings import Home, Settings
from siyu.storage import make_folder
from tests.postgres import Database, Server
from tests.publication.postgres.tables import configure, seen, write_night
from tests.publication.small_candidates import leftovers, served, served_restricted, write_candidate

PAID = "select sum(paid_amount) from marts.fct_orders"
WHO = {"by": "li.na", "reason": "wrong price list"}
NOBODY_LISTENS = "postgresql://publisher:canary-4711@127.0.0.1:1/marts"


@pytest.fixture(autouse=True)
def _published_into_postgres(monkeypatch: pytest.MonkeyPatch, postgres: Database) -> None:
    configure(monkeypatch, postgres)


def publish_nights(home: Home, settings: Settings, count: int) -> list[str]:
    """The published state after each of `count` nights, which both targets must show."""
    states = []
    for number in range(1, count + 1):
        write_candidate(home, f"night{number}", amount=f"{10 + number}.00")
        publish_candidate(home, settings, f"night{number}")
        states.append(published_state(home))
        assert postgres_state(home) == states[-1]
    return states


def shown(home: Home) -> dict[str, int | None]:
    return status(home).targets


def test_both_targets_show_another_publication(home: Home, settings: Settings, postgres: Database) -> None:
    publish_nights(home, settings, 2)
    assert shown(home) == {"marts.duckdb": 2, "PostgreSQL": 2}
    assert status(home).is_complete
    assert seen(postgres, PAID) == served(home, PAID) == [(Decimal("36.00"),)]
    log = (
        "select publication_id, run_id, as_of_date, published_at, restores from marts.publish_log order by 1"
    )
    assert seen(postgres, log) == served(home, log)
    assert leftovers(home) == []
    assert "PostgreSQL: publication 2" in status_text(status(home))


def test_what_named_people_read_is_for_everybody_in_postgresql_or_lost(
    home: Home, settings: Settings, postgres: Database
) -> None:
    crosswalk = "select * from restricted.crosswalk order by token"

    def as_admin(query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(postgres.admin_uri) as connection:
            return connection.execute(query).fetchall()

    for number in (1, 2):
        write_candidate(home, f"night{number}", amount=f"{10 + number}")
        publish_candidate(home, settings, f"night{number}")
        assert as_admin(crosswalk) == served_restricted(home, crosswalk)
    assert len(as_admin(crosswalk)) == 7
    assert as_admin("select obj_description('restricted.crosswalk'::regclass)") == [
        ("One row per token. 每个令牌一行。",)
    ]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        seen(postgres, crosswalk)
    with pytest.raises(psycopg.errors.UndefinedTable):
        seen(postgres, "select * from marts.crosswalk")

    write_candidate(home, "night3", amount="13", has_restricted=False)
    publish_candidate(home, settings, "night3")
    assert as_admin(crosswalk) == []  # what is published no longer must not look current
    rollback(home, settings, 2, **WHO)
    assert as_admin(crosswalk) == served_restricted(home, crosswalk) != []


def test_a_table_that_became_restricted_stays_readable_in_marts(
    home: Home, settings: Settings, postgres: Database
) -> None:
    rows = {"sales": "select 1 as sale", "crosswalk": "select 't' as token, 'm' as member_id"}
    write_night(home, "night1", rows)
    publish_candidate(home, settings, "night1")
    assert seen(postgres, "select token from marts.crosswalk") == [("t",)]
    write_night(home, "night2", rows, restricted={"crosswalk"})
    publish_candidate(home, settings, "night2")
    assert seen(postgres, "select token from marts.crosswalk") == []
    assert served_restricted(home, "select token from restricted.crosswalk") == [("t",)]


def test_the_run_log_of_postgresql_differs_from_that_of_the_file(
    home: Home, settings: Settings, postgres: Database
) -> None:
    folder = make_folder(home.runs / "night1")
    step = {
        "name": "export",
        "seconds": 1.5,
        "error": None,
        "rows": 7,
        "started_at": "2026-11-20T22:00:00+00:00",
    }
    (folder / "steps.jsonl").write_text(json.dumps(step) + "\n")
    publish_nights(home, settings, 1)
    query = "select * from marts.run_log order by run_id, step_number"
    assert len(seen(postgres, query)) == 1
    assert seen(postgres, query) == served(home, query)
    (folder / "steps.jsonl").write_text(json.dumps(step | {"seconds": 2.5}) + "\n" + json.dumps(step) + "\n")
    write_candidate(home, "night2", amount="99.00")
    publish_candidate(home, settings, "night2")
    assert len(seen(postgres, query)) == 2
    assert seen(postgres, query) == served(home, query)


@pytest.mark.guarantee("F7")
@pytest.mark.parametrize("restored", [3, 4, 5])
def test_f7_a_rollback_gives_other_rows_than_were_published(
    home: Home, settings: Settings, postgres: Database, restored: int
) -> None:
    states = publish_nights(home, settings, 5)
    publication = rollback(home, settings, restored, **WHO)
    assert (publication.id, publication.restores) == (6, restored)
    assert published_state(home) == postgres_state(home) == states[restored - 1]
    assert seen(postgres, "select publication_id, restores from marts.publish_log order by 1") == [
        *((number, None) for number in range(1, 6)),
        (6, restored),
    ]
    write_candidate(home, "night6", amount="99.00")
    with pytest.raises(RefusedError, match="on hold since rollback"):
        publish_candidate(home, settings, "night6")
    resume(home, settings, **WHO)
    assert publish_candidate(home, settings, "night6").id == 7
    assert seen(postgres, PAID) == [(Decimal("297.00"),)]


def test_an_unreachable_postgresql_lets_marts_duckdb_go_ahead(
    home: Home, settings: Settings, postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = publish_nights(home, settings, 1)
    write_candidate(home, "night2", amount="12.00")
    monkeypatch.setenv(VARIABLE, NOBODY_LISTENS)
    with pytest.raises(EnvironmentFaultError) as fault:
        publish_candidate(home, settings, "night2")
    assert "PostgreSQL at 127.0.0.1:1/marts cannot be reached" in str(fault.value)
    assert "marts.duckdb shows publication 1, PostgreSQL shows nothing that can be read" in str(fault.value)
    assert "canary" not in str(fault.value)
    assert published_state(home) == old
    assert shown(home) == {"marts.duckdb": 1, "PostgreSQL": None}
    assert not status(home).is_complete
    configure(monkeypatch, postgres)
    assert publish_candidate(home, settings, "night2").id == 2
    assert shown(home) == {"marts.duckdb": 2, "PostgreSQL": 2}


def test_a_postgresql_that_stops_before_its_commit_needs_a_hand_afterwards(
    home: Home, settings: Settings, postgres: Database
) -> None:
    (old,) = publish_nights(home, settings, 1)
    write_candidate(home, "night2", amount="12.00")
    # the candidate arrives and is checked; the first change in marts is refused
    with psycopg.connect(postgres.admin_uri) as admin:
        admin.execute("revoke update on marts.fct_orders from publisher")
    with pytest.raises(EnvironmentFaultError, match="siyu postgres install") as fault:
        publish_candidate(home, settings, "night2")
    assert "marts.duckdb shows publication 1, PostgreSQL shows publication 1" in str(fault.value)
    assert published_state(home) == postgres_state(home) == old
    assert (status(home).current_id, status(home).is_complete) == (2, False)
    with psycopg.connect(postgres.admin_uri) as admin:
        admin.execute("grant update on marts.fct_orders to publisher")
    again = publish_candidate(home, settings, "night2")
    assert (again.id, again.is_new) == (2, False)
    assert shown(home) == {"marts.duckdb": 2, "PostgreSQL": 2}
    assert postgres_state(home) == published_state(home)
    assert leftovers(home) == []


def test_a_server_that_went_away_in_between_is_never_caught_up(
    home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch, postgres_server: Server
) -> None:
    # somebody restores the database of an older day
    publish_nights(home, settings, 1)
    with postgres_server.database() as other:
        configure(monkeypatch, other)
        write_candidate(home, "night1", amount="11.00")
        assert publish_candidate(home, settings, "night1").is_new is False
        assert shown(home) == {"marts.duckdb": 1, "PostgreSQL": 1}
        assert postgres_state(home) == published_state(home)


def test_a_home_from_an_older_backup_gives_an_id_twice(
    home: Home, settings: Settings, postgres: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    publish_nights(home, settings, 3)
    older = Home(tmp_path_factory.mktemp("older") / "home").create()
    write_candidate(older, "night1", amount="11.00")
    publication = publish_candidate(older, settings, "night1")
    assert publication.id == 4
    assert shown(older) == {"marts.duckdb": 4, "PostgreSQL": 4}
    # and the same content does not pass for published while PostgreSQL shows something else
    write_candidate(home, "night3", amount="13.00")
    again = publish_candidate(home, settings, "night3")
    assert (again.id, again.is_new) == (5, True)
    assert seen(postgres, PAID) == [(Decimal("39.00"),)]
    assert [record.id for record in publication_log(home)] == [1, 2, 3, 5]


def test_a_publication_that_postgresql_refuses_blocks_the_one_that_mends_it(
    home: Home, settings: Settings, postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_nights(home, settings, 1)
    monkeypatch.delenv(VARIABLE)  # meanwhile, without PostgreSQL, something it cannot take is published
    write_candidate(home, "night2", amount="12.00")
    publish_candidate(home, settings, "night2")
    with psycopg.connect(postgres.admin_uri) as admin:
        admin.execute("alter table marts.kpi_daily alter brand_code type varchar(100)")
    configure(monkeypatch, postgres)
    write_candidate(home, "night3", amount="13.00")
    with pytest.raises(RefusedError, match="brand_code"):
        publish_candidate(home, settings, "night3")
    assert shown(home) == {"marts.duckdb": 2, "PostgreSQL": 1}
    with psycopg.connect(postgres.admin_uri) as admin:
        admin.execute("alter table marts.kpi_daily alter brand_code type text")
    assert publish_candidate(home, settings, "night3").id == 3
    assert shown(home) == {"marts.duckdb": 3, "PostgreSQL": 3}


def test_without_postgresql_something_of_it_is_loaded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    import sys

    monkeypatch.delenv(VARIABLE)
    write_candidate(home, "night1")
    script = (
        "import sys; from pathlib import Path; from siyu.settings import Home, Settings;"
        "from siyu.publication import publish_candidate, status; home = Home(Path(sys.argv[1]));"
        "publish_candidate(home, Settings(), 'night1'); status(home);"
        "print('psycopg' in sys.modules, status(home).targets)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(home)], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False {'marts.duckdb': 1}\n"


def test_the_command_line_hides_a_target_or_ends_with_another_code(
    home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer()
    app.command("status")(commands.status)
    app.command("publish")(commands.publish)
    publish_nights(home, settings, 1)
    said = CliRunner().invoke(app, ["status", "--home", str(home), "--json"], catch_exceptions=False)
    assert json.loads(said.output)["targets"] == {"marts.duckdb": 1, "PostgreSQL": 1}
    write_candidate(home, "night2", amount="12.00")
    monkeypatch.setenv(VARIABLE, NOBODY_LISTENS)
    failed = CliRunner().invoke(app, ["publish", "night2", "--home", str(home)])
    assert isinstance(failed.exception, SiyuError)
    assert failed.exception.exit_code == 3
    late = CliRunner().invoke(app, ["status", "--home", str(home), "--fresh-within", "26h"])
    assert late.exit_code == 1
    assert "PostgreSQL nothing readable" in late.output
