"""A publisher that was frozen while another took its lock over changes nothing when it wakes up."""

import os
import random
import signal
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from siyu.errors import RefusedError
from siyu.publication import publish_candidate, published_state
from siyu.publication.postgres.target import PostgresTarget
from siyu.publication.targets import postgres_state, shown_by_target
from siyu.settings import Home, Settings
from tests.postgres import Database
from tests.publication import processes
from tests.publication.postgres import faults
from tests.publication.postgres.tables import configure, seen, write_night
from tests.publication.small_candidates import bytes_of, leftovers, served, write_candidate

PAID = "select sum(paid_amount) from marts.fct_orders"
SEED = 20261120
REFUSED, DONE = 1, 0


def freeze_and_overtake(home: Home, database: Database, run_id: str, point: int) -> int:
    """Freeze the publisher of `run_id`, publish another night over it, wake it up; the exit code it ends with.

    The other night's candidate is there already. Readers must see the other night, before and after the waking.
    """
    frozen = processes.start(faults.publish, home.root, run_id, database, point, faults.freeze)
    faults.wait_until_frozen(frozen)
    (home.state / "publish.lock").unlink()
    other = publish_candidate(home, Settings(), f"{run_id}b")
    before = (published_state(home), postgres_state(home), bytes_of(home.publications, home.published))
    assert frozen.pid is not None
    os.kill(frozen.pid, signal.SIGCONT)
    frozen.join()
    assert frozen.exitcode is not None
    assert (
        published_state(home),
        postgres_state(home),
        bytes_of(home.publications, home.published),
    ) == before
    assert shown_by_target(home) == {"marts.duckdb": other.id, "PostgreSQL": other.id}
    assert leftovers(home) == []
    return frozen.exitcode


def points_under_the_lock(passed: list[str]) -> list[int]:
    """From the first word to PostgreSQL to the last rename that a reader could see; numbered from 1."""
    first = next(number for number, name in enumerate(passed, 1) if name.startswith("postgres"))
    return list(range(first, renames_into_place(passed)[-1] + 1))


def renames_into_place(passed: list[str]) -> list[int]:
    """Of the candidate to its number, of the serving file over the old one."""
    renames = [(number, name) for number, name in enumerate(passed, 1) if name.startswith("os.rename")]
    found = [
        number
        for number, name in renames
        if name.rpartition("/")[2].isdigit() or name.endswith("/marts.duckdb")
    ]
    assert len(found) == 2
    return found


def overtake(
    home: Home, database: Database, monkeypatch: pytest.MonkeyPatch, chosen: Callable[[list[str]], list[int]]
) -> int:
    configure(monkeypatch, database)
    write_candidate(home, "night0", amount="1.00")
    publish_candidate(home, Settings(), "night0")
    write_candidate(home, "night1", amount="1.50")
    passed = faults.points(home.root, "night1", database)
    points = chosen(passed)
    for turn, point in enumerate(points, start=2):
        run_id = f"night{turn}"
        write_candidate(home, run_id, amount=f"{turn}.00")
        write_candidate(home, f"{run_id}b", amount=f"{turn}.50")
        where = f"frozen before {point}: {passed[point - 1]}"
        code = freeze_and_overtake(home, database, run_id, point)
        assert code == REFUSED, f"{where}: ended with {code}"
        total = Decimal(f"{turn}.50") * 3
        assert seen(database, PAID) == served(home, PAID) == [(total,)], where
    return len(points)


def just_before_the_commits(passed: list[str]) -> list[int]:
    """Before PostgreSQL's last transaction ends, before its last check, and before each rename into place."""
    commit = max(number for number, name in enumerate(passed, 1) if name == "postgres _exit_gen")
    return [commit, commit - 1, *renames_into_place(passed)]


@pytest.mark.guarantee("F9")
def test_f9_a_publisher_that_lost_its_lock_before_its_commit_goes_on(
    home: Home, postgres: Database, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str, object], None]
) -> None:
    def chosen(passed: list[str]) -> list[int]:
        return [*just_before_the_commits(passed), random.Random(SEED).choice(points_under_the_lock(passed))]

    count = overtake(home, postgres, monkeypatch, chosen)
    assert count == 5
    figure("frozen publishers that were refused", count)


@pytest.mark.soak
@pytest.mark.guarantee("F9")
def test_f9_a_publisher_frozen_anywhere_goes_on(
    home: Home, postgres: Database, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str, object], None]
) -> None:
    def chosen(passed: list[str]) -> list[int]:
        return random.Random(SEED).choices(points_under_the_lock(passed), k=50)

    count = overtake(home, postgres, monkeypatch, chosen)
    assert count == 50
    figure("frozen publishers that were refused, 50 points", count)


@pytest.mark.guarantee("F9")
@pytest.mark.parametrize(("table", "nights_between"), [("sales", 2), ("other_sales", 1)])
def test_f9_a_publication_whose_number_another_home_has_used_goes_live(
    home: Home, postgres: Database, monkeypatch: pytest.MonkeyPatch, table: str, nights_between: int
) -> None:
    configure(monkeypatch, postgres)
    other = Home(home.root.with_name("other")).create()
    write_night(home, "first", {"sales": "select 1 as sale"})
    publish_candidate(home, Settings(), "first")
    plain_commit = PostgresTarget.commit

    def commit_after_the_other_home(target: PostgresTarget, *arguments: Any, **named: Any) -> None:
        monkeypatch.setattr(PostgresTarget, "commit", plain_commit)
        # with a table of another name, what was loaded here is still as it was checked: the number alone is old
        for number in range(nights_between):
            write_night(other, f"theirs{number}", {table: f"select {number} + 70 as sale"})
            publish_candidate(other, Settings(), f"theirs{number}")
        target.commit(*arguments, **named)

    monkeypatch.setattr(PostgresTarget, "commit", commit_after_the_other_home)
    write_night(home, "ours", {"sales": "select 2 as sale"})
    newest = 1 + nights_between
    with pytest.raises(RefusedError) as refusal:
        publish_candidate(home, Settings(), "ours")
    assert refusal.value.exit_code == REFUSED
    assert f"already shows publication {newest} of run theirs{nights_between - 1}" in str(refusal.value)
    assert "and this is publication 2 of run ours" in str(refusal.value)
    assert seen(postgres, "select max(publication_id) from marts.publish_log") == [(newest,)]
    assert postgres_state(other) == published_state(other)

    write_night(home, "later", {"sales": "select 3 as sale"})
    later = publish_candidate(home, Settings(), "later")
    assert later.id == newest + 1
    assert shown_by_target(home) == {"marts.duckdb": later.id, "PostgreSQL": later.id}
    assert seen(postgres, "select sale from marts.sales") == [(3,)]
