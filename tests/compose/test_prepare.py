"""Service `init` before Airflow's own tables: databases, roles and the home are made, any number of times."""

import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from siyu.publication.postgres.connection import serving_uri
from siyu.settings import Home, load_settings
from tests.compose.running import Compose, composed


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    """PostgreSQL as the file starts it, and nothing else."""
    with composed() as services:
        services.start("postgres")
        yield services


def prepared(compose: Compose) -> subprocess.CompletedProcess[str]:
    """The first command of init, with its settings, secrets and mounts."""
    compose.make_container("init")
    return subprocess.run(
        [str(compose.tree / ".venv" / "bin" / "python"), "docker/prepare.py"],
        env=compose.environment("init"),
        cwd=compose.tree,
        capture_output=True,
        text=True,
        check=False,
    )


def who(compose: Compose, role: str, password: str, database: str) -> str:
    with psycopg.connect(compose.uri(role, password, database)) as connection:
        row = connection.execute("select current_user").fetchone()
    assert row
    return str(row[0])


def test_every_role_enters_its_database_with_its_secret_and_a_replaced_secret_counts_from_the_next_start(
    compose: Compose,
) -> None:
    roles = {
        "airflow": "airflow_database_password",
        "publisher": "publisher_password",
        "bi_reader": "bi_reader_password",
    }
    for password in ("", "4replaced"):
        for name in roles.values():
            if password:
                (compose.secrets / name).write_text(f"{password}\n", encoding="utf-8")
        assert prepared(compose).returncode == 0
        for role, name in roles.items():
            database = "airflow" if role == "airflow" else "siyu"
            assert who(compose, role, compose.secret(name).strip(), database) == role
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        who(compose, "publisher", "another", "siyu")


def test_tasks_find_the_connection_and_the_mounted_settings_in_the_home(compose: Compose) -> None:
    assert prepared(compose).returncode == 0
    home = Home(compose.home)
    uri = serving_uri(home)
    assert uri is not None
    with psycopg.connect(uri) as connection:
        assert connection.execute("select current_user, current_database()").fetchone() == (
            "publisher",
            "siyu",
        )
    assert (home.keys / "postgres_serving").stat().st_mode & 0o777 == 0o600
    assert home.keys.stat().st_mode & 0o777 == 0o700
    assert [source.path for source in load_settings(home, {}).files] == [compose.folder / "shop" / "exports"]
    mounted = compose.folder / "shop" / "siyu.yml"
    mounted.write_text("reporting_currency: EUR\n", encoding="utf-8")
    assert load_settings(home, {}).reporting_currency == "EUR", "an edit counts at once"
    home.settings_file.unlink()
    home.settings_file.write_text("reporting_currency: USD\n", encoding="utf-8")
    assert prepared(compose).returncode == 0
    assert load_settings(home, {}).reporting_currency == "USD", "what a restored backup brought is kept"


def prepared_with_secret(compose: Compose, name: str, text: str) -> subprocess.CompletedProcess[str]:
    """What preparing says while a secret has another text."""
    file, right = compose.secrets / name, compose.secret(name)
    file.write_text(text, encoding="utf-8")
    try:
        return prepared(compose)
    finally:
        file.write_text(right, encoding="utf-8")


def test_an_empty_secret_is_named_and_nothing_is_prepared(compose: Compose) -> None:
    ended = prepared_with_secret(compose, "publisher_password", "")
    assert ended.returncode == 2
    assert "secret publisher_password is missing or empty" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_administrators_password_is_said_and_not_shown(compose: Compose) -> None:
    ended = prepared_with_secret(compose, "postgres_admin_password", "canary-password")
    assert ended.returncode == 3
    assert "user or password is refused" in ended.stderr
    assert "canary-password" not in ended.stdout + ended.stderr
