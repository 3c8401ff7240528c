"""A home is restored from a backup that is older than what PostgreSQL shows."""

import shutil
from pathlib import Path

import pytest

from siyu.publication import publish_candidate, published_state, rollback, status
from siyu.publication.targets import postgres_state
from siyu.recovery import back_up, restore
from siyu.settings import Home, Settings
from tests.postgres import Database
from tests.publication.postgres.tables import configure
from tests.publication.small_candidates import write_candidate


def night(home: Home, number: int) -> int:
    write_candidate(home, f"night{number}", amount=f"{10 + number}.00")
    return publish_candidate(home, Settings(), f"night{number}").id


@pytest.fixture
def there(home: Home, tmp_path: Path, postgres: Database, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home at publication 1, beside a PostgreSQL at publication 3."""
    configure(monkeypatch, postgres)
    night(home, 1)
    made = back_up(home, Settings(), tmp_path / "backups")
    assert [night(home, 2), night(home, 3)] == [2, 3]
    shutil.rmtree(home.root)
    restored = restore(made.folder, Home(tmp_path / "there"))
    assert restored.served_id == 1
    return Home(tmp_path / "there")


def test_a_restored_home_publishes_under_a_number_that_postgresql_has_used(there: Home) -> None:
    assert status(there).targets == {"marts.duckdb": 1, "PostgreSQL": 3}
    assert not status(there).is_complete
    assert night(there, 2) == 4
    assert status(there).targets == {"marts.duckdb": 4, "PostgreSQL": 4}
    assert published_state(there) == postgres_state(there)


def test_the_content_of_a_restored_home_cannot_be_shown_in_postgresql_at_once(there: Home) -> None:
    state = published_state(there)
    assert rollback(there, Settings(), 1, by="li.na", reason="restored").id == 4
    assert published_state(there) == postgres_state(there) == state


def test_a_restore_needs_a_postgresql(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night(home, 1)
    made = back_up(home, Settings(), tmp_path / "backups")
    monkeypatch.setenv(
        "AIRFLOW_CONN_POSTGRES_SERVING", "postgresql://publisher:canary-4711@127.0.0.1:1/marts"
    )
    assert restore(made.folder, Home(tmp_path / "there")).served_id == 1
