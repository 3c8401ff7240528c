"""`siyu doctor`: each thing that can be wrong is found, alone, with what mends it; and no secret is told."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import typer

from siyu.cli.doctor import Finding, bytes_of, examined
from siyu.cli.main import app
from siyu.cli.postgres import install
from siyu.errors import SiyuError
from siyu.publication import publish_candidate, rollback
from siyu.publication.postgres import VARIABLE, uri_file
from siyu.settings import PROJECT, Home, Settings, save_settings
from siyu.storage import make_folder
from tests.postgres import Database, Server, installed
from tests.publication.small_candidates import write_candidate

SIYU = Path(sys.executable).parent / "siyu"
MAPPING = PROJECT / "examples" / "mappings" / "generated_order_log.yml"

Breaks = Callable[[Home], object]


def siyu(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(SIYU), *words], env=os.environ | variables, capture_output=True, text=True, check=False
    )


def faults(home: Home) -> dict[str, Finding]:
    return {finding.name: finding for finding in examined(home) if not finding.is_ok}


PROGRAMS = {"${EDITOR:-vi}", "airflow", "chmod", "git", "make", "psql", "siyu", "sudo"}


def runs(command: str) -> bool:
    """Whether this is a command a person can run: a program, and one of siyu with words that siyu takes."""
    program, *words = shlex.split(command, comments=True)
    if program == "siyu":
        place = typer.main.get_command(app)
        while hasattr(place, "commands"):
            place, words = place.commands[words[0]], words[1:]
        place.make_context("siyu", [word.replace("ID", "1") for word in words])
    return program in PROGRAMS and "\n" not in command


def private(file: Path, text: str) -> None:
    make_folder(file.parent)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)


def sparse(file: Path, size: int) -> None:
    make_folder(file.parent)
    with file.open("wb") as empty:
        empty.truncate(size)


@pytest.fixture(autouse=True)
def no_other_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, "SIYU_NOTIFY_URLS", "SIYU_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in order: keys, a mapping with its path, two publications."""
    home = Home(tmp_path_factory.mktemp("made") / "home").create()
    make_folder(home.vault)
    private(home.keys / "token.key", "secret")
    source = {"mapping": str(MAPPING), "path": str(MAPPING.parent)}
    save_settings(home, {"duckdb_memory_limit": "1GB", "files": [source]})
    for run_id in ("r1", "r2"):
        write_candidate(home, run_id, amount=f"{run_id[1]}0.00")
        publish_candidate(home, Settings(), run_id)
    return home


@pytest.fixture
def place(made: Home, tmp_path: Path) -> Home:
    """A copy of that home, to be broken."""
    return Home(shutil.copytree(made.root, tmp_path / "home"))


@pytest.fixture
def served(place: Home, settings: Settings, postgres: Database) -> Home:
    """The same with PostgreSQL, which shows the third publication."""
    private(uri_file(place), postgres.publisher_uri + "\n")
    write_candidate(place, "r3", amount="30.00")
    publish_candidate(place, settings, "r3")
    return place


def test_a_home_in_order_ends_with_0_and_has_no_fault(place: Home) -> None:
    done = siyu("doctor", "--home", str(place), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    findings = json.loads(done.stdout)
    assert [finding["name"] for finding in findings if not finding["is_ok"]] == []
    assert {"versions", "home", "settings", "files", "memory", "disk", "publication", "hold", "postgres"} <= {
        finding["name"] for finding in findings
    }


def test_a_fault_ends_with_3_and_says_what_it_should_be_and_what_mends_it(place: Home) -> None:
    (place.keys / "token.key").chmod(0o644)
    done = siyu("doctor", "--home", str(place))
    assert done.returncode == 3
    assert f"FAULT  keys and vault: {place.keys / 'token.key'} has mode 0644" in done.stdout
    assert "should be: folders 0700 and files 0600" in done.stdout
    command = done.stdout.split("mend it:")[1].splitlines()[0]
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert faults(place) == {}


@pytest.mark.parametrize(
    ("name", "broken", "found"),
    [
        ("home", lambda home: home.version_file.write_text("99\n"), "has version '99'"),
        ("home", lambda home: home.version_file.unlink(), "is no home of siyu"),
        ("settings", lambda home: save_settings(home, {"keep_publicatoins": 3}), "keep_publicatoins"),
        ("settings", lambda home: home.settings_file.write_text("a: [b"), "is not YAML"),
        (
            "files",
            lambda home: save_settings(home, {"files": [{"mapping": "/absent.yml", "path": "/tmp"}]}),
            "/absent.yml",
        ),
        (
            "files",
            lambda home: save_settings(home, {"files": [{"mapping": str(MAPPING), "path": "/absent"}]}),
            "/absent, which",
        ),
        ("memory", lambda home: save_settings(home, {"duckdb_memory_limit": "900TB"}), "900TB of"),
        ("settings", lambda home: save_settings(home, {"duckdb_memory_limit": "80%"}), "duckdb_memory_limit"),
        ("disk", lambda home: sparse(home.warehouses / "r9.duckdb", 10**13), "GB free at"),
        ("keys and vault", lambda home: home.vault.chmod(0o755), "has mode 0755"),
        ("keys and vault", lambda home: home.root.chmod(0o750), "has mode 0750"),
        ("keys and vault", lambda home: private(home.keys / "token.key.next", "x"), "are being re-keyed"),
        ("publication", lambda home: home.marts_file.unlink(), "marts.duckdb shows nothing"),
        ("publication", lambda home: home.marts_file.write_bytes(b"x" * 999), "cannot be read"),
        (
            "publication",
            lambda home: (home.publications / "000002" / "publication.json").write_text("{"),
            "a record in the home cannot be read",
        ),
        (
            "hold",
            lambda home: rollback(home, Settings(), 1, by="li.na", reason="why"),
            "on hold since rollback",
        ),
        ("notifications", lambda home: private(home.keys / "notify", "canary-7391\n"), "address 1 of 1"),
        ("postgres", lambda home: private(uri_file(home), "canary-7391\n"), "holds no URI of PostgreSQL"),
        (
            "postgres",
            lambda home: private(uri_file(home), "postgresql://publisher:canary-7391@127.0.0.1:1/x\n"),
            "127.0.0.1:1/x cannot be reached",
        ),
    ],
)
def test_what_is_wrong_is_found_alone_and_without_secrets(
    place: Home, name: str, broken: Breaks, found: str
) -> None:
    assert faults(place) == {}
    broken(place)
    told = faults(place)
    assert list(told) == [name]
    assert found in told[name].found
    assert told[name].expected
    assert runs(told[name].do), told[name].do
    assert "canary" not in repr(told)


def test_a_publication_that_was_cut_off_is_finished_by_the_command_it_names(place: Home) -> None:
    place.marts_file.unlink()
    command = faults(place)["publication"].do.split()
    assert siyu(*command[1:]).returncode == 0
    assert faults(place) == {}


@pytest.mark.parametrize("path", ["/nowhere/at all", "raw/it's"])
def test_a_name_with_blanks_breaks_the_command_that_mends_it(place: Home, path: str) -> None:
    save_settings(place, {"files": [{"mapping": str(MAPPING), "path": path}]})
    moved = Home(place.root.rename(place.root.with_name("a home's")))
    told = faults(moved)["files"]
    assert runs(told.do)
    assert str(moved.settings_file) in shlex.split(told.do, comments=True)


def test_a_served_home_in_order_has_no_fault_and_shows_no_password(served: Home) -> None:
    done = siyu("doctor", "--home", str(served))
    assert done.returncode == 0, done.stdout
    assert "ok     postgres publication: publication 3" in done.stdout
    assert "pw" not in done.stdout + done.stderr


def admin_does(statement: str) -> Callable[[Database], object]:
    def changed(database: Database) -> None:
        with psycopg.connect(database.admin_uri, autocommit=True) as admin:
            admin.execute(statement)

    return changed


@pytest.fixture
def roles_as_installed(postgres_server: Server) -> Iterator[None]:
    """Roles are the server's: what a test changed must not reach the next one."""
    yield
    with psycopg.connect(postgres_server.uri("postgres"), autocommit=True) as admin:
        admin.execute("alter role publisher nocreatedb")
        admin.execute("revoke pg_read_all_data from bi_reader")


@pytest.mark.usefixtures("roles_as_installed")
@pytest.mark.parametrize(
    ("name", "statement", "found"),
    [
        ("postgres installation", "comment on schema publishing is 'siyu 0'", "siyu 0"),
        ("postgres installation", "alter schema restricted rename to other", "no schema restricted"),
        ("postgres installation", "drop function publishing.ensure_table", "siyu"),
        ("postgres publisher", "create table own (); alter table own owner to publisher", "owns 1"),
        ("postgres publisher", "alter role publisher createdb", "has CREATEDB"),
        ("postgres reader", "alter role bi_reader reset statement_timeout", "statement_timeout=5min"),
        ("postgres reader", "grant pg_read_all_data to bi_reader", "the role pg_read_all_data"),
        ("postgres grants", "revoke select on marts.kpi_daily from bi_reader", "cannot read marts.kpi_daily"),
        ("postgres grants", "grant delete on marts.kpi_daily to public", "may write to marts.kpi_daily"),
        ("postgres grants", "drop table marts.kpi_daily", "no table marts.kpi_daily"),
        ("postgres publication", "delete from marts.publish_log where publication_id = 3", "publication 2"),
    ],
)
def test_what_is_wrong_in_postgresql_is_found_alone_and_installing_mends_what_it_made(
    served: Home, postgres: Database, name: str, statement: str, found: str
) -> None:
    admin_does(statement)(postgres)
    told = faults(served)
    assert list(told) == [name]
    assert found in told[name].found
    assert runs(told[name].do), told[name].do
    assert "pw" not in repr(told)
    if told[name].do.startswith("siyu postgres install"):
        installed(postgres)
        assert faults(served) == {}


def test_a_database_without_siyu_and_a_login_of_another_role_are_told(
    served: Home, postgres: Database, postgres_server: Server
) -> None:
    with postgres_server.empty_database() as empty:
        private(uri_file(served), empty.publisher_uri)
        assert list(faults(served)) == ["postgres installation"]
        admin_does("create table x (y int)")(empty)
    private(uri_file(served), postgres.bi_uri)
    login = faults(served)["postgres login"]
    assert login.found.endswith("logs in as bi_reader")
    assert runs(login.do)


def test_a_home_that_postgresql_knows_nothing_of_is_told(place: Home, postgres: Database) -> None:
    private(uri_file(place), postgres.publisher_uri)
    told = faults(place)
    assert list(told) == ["postgres grants", "postgres publication"]
    assert told["postgres publication"].found == "PostgreSQL shows nothing"
    command = told["postgres publication"].do.split()
    assert siyu(*command[1:]).returncode == 0
    assert faults(place) == {}


def test_looking_changes_nothing(served: Home) -> None:
    def state() -> list[tuple[str, int, int]]:
        return [
            (str(path), path.stat().st_mode, path.stat().st_mtime_ns)
            for path in sorted(served.root.rglob("*"))
        ]

    before = state()
    list(examined(served))
    assert state() == before


# ---- siyu postgres install ---------------------------------------------------------------------------------------


def test_installing_from_the_command_line_ends_by_saying_what_to_configure(
    postgres_server: Server, tmp_path: Path
) -> None:
    (tmp_path / "publisher").write_text("pw of/publisher\n", encoding="utf-8")
    (tmp_path / "reader").write_text("pw-of-bi@reader\n", encoding="utf-8")
    words = [
        "postgres",
        "install",
        "--publisher-password-file",
        str(tmp_path / "publisher"),
        "--reader-password-file",
        str(tmp_path / "reader"),
    ]
    with postgres_server.empty_database() as database:
        for _ in range(2):
            done = siyu(*words, SIYU_POSTGRES_ADMIN=database.admin_uri)
            assert done.returncode == 0, done.stderr
        assert f"{VARIABLE}='postgresql://publisher:PASSWORD@127.0.0.1:" in done.stdout
        assert "pw" not in done.stdout.lower() + done.stderr.lower()
        with psycopg.connect(database.bi_uri) as reader:
            assert reader.execute("select count(*) from marts.publish_log").fetchone() == (0,)


@pytest.mark.parametrize(
    ("admin", "password", "code", "said"),
    [
        ("canary-7391", "p", 2, "admin holds no URI of PostgreSQL"),
        ("", "p", 2, "admin holds no URI of PostgreSQL"),
        ("postgresql://postgres:canary-7391@127.0.0.1:1/x", "p", 3, "127.0.0.1:1/x cannot be reached"),
        ("postgresql://postgres:canary-7391@127.0.0.1:1/x", "", 2, "a password is empty"),
        ("postgresql://postgres:canary-7391@127.0.0.1:1/x", None, 2, "cannot be read"),
    ],
)
def test_an_installation_that_cannot_be_says_why_and_tells_no_secret(
    tmp_path: Path, admin: str, password: str | None, code: int, said: str
) -> None:
    private(tmp_path / "admin", admin)
    file = tmp_path / "password"
    if password is not None:
        file.write_text(password, encoding="utf-8")
    with pytest.raises(SiyuError, match=said) as raised:
        install(admin_uri_file=tmp_path / "admin", publisher_password_file=file, reader_password_file=file)
    assert raised.value.exit_code == code
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("limit", "size"),
    [("6GB", 6e9), ("512MiB", 512 * 1024**2), ("0.5 GB", 5e8), ("1TB", 1e12), ("10KiB", 10_240)],
)
def test_a_memory_limit_is_read_as_duckdb_reads_it(limit: str, size: float) -> None:
    assert bytes_of(limit) == size
