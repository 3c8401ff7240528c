"""Every service of docker-compose.yml, started by its own command on a real PostgreSQL, and a night through them."""

import csv
import json
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import psycopg
import pytest

from tests.compose.running import EXAMPLE, Compose, composed
from tests.orchestration.airflow_cluster import AirflowApi, wait_until

NIGHT_SECONDS = 600
DAGS = ("ingest_files", "transform_warehouse", "publish_marts")
TOTALS = "select count(*), sum(paid_amount), sum(refunded_amount) from marts.fct_orders where is_paid"

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("real_airflow"), pytest.mark.soak]


class ComposeApi(AirflowApi):
    """The API as a person who logs in sees it."""

    def log_in_as(self, user: str, password: str) -> int:
        """The status of the answer; a token is kept when there is one."""
        answer = self._client.post("/auth/token", json={"username": user, "password": password})
        if answer.is_success:
            self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer.status_code

    def status_without_login(self) -> int:
        return httpx.get(self._client.base_url.join("/api/v2/dags")).status_code


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    """All services, healthy."""
    with composed() as services:
        services.start_all()
        yield services


@pytest.fixture(scope="module")
def night(compose: Compose) -> ComposeApi:
    """The API after the night over the example, which nobody triggers: a new Airflow makes up for the last 06:00."""
    cluster = ComposeApi(f"http://127.0.0.1:{compose.port}")
    password = json.loads(compose.secret("airflow_passwords.json"))["admin"]
    assert cluster.log_in_as("admin", password) == 201
    wait_until("the DAGs to be parsed", 60, lambda: set(DAGS) <= cluster.dag_ids())
    marts = compose.home / "published" / "marts.duckdb"
    wait_until("a publication", NIGHT_SECONDS, marts.exists)
    wait_until("every run to end", NIGHT_SECONDS, lambda: settled(cluster))
    return cluster


def settled(cluster: AirflowApi) -> bool:
    return all(run["state"] in {"success", "failed"} for dag_id in DAGS for run in cluster.runs(dag_id))


def totals_of_the_example() -> tuple[int, Decimal, Decimal]:
    """Orders, amount paid and amount refunded, added up from the file by hand."""
    with next((EXAMPLE / "exports").iterdir()).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    orders = {row["订单编号"] for row in rows if row["订单编号"].startswith("D")}
    paid = sum(Decimal(row["单价"]) * int(row["数量"]) for row in rows if row["订单编号"] in orders)
    refunded = sum(Decimal(row["单价"]) * int(row["数量"]) for row in rows if row["订单编号"] not in orders)
    return len(orders), Decimal(paid), Decimal(refunded)


def test_the_totals_of_the_example_are_those_written_down() -> None:
    assert totals_of_the_example() == (6, Decimal("833.20"), Decimal("39.80"))


def test_nobody_enters_without_the_password(compose: Compose) -> None:
    stranger = ComposeApi(f"http://127.0.0.1:{compose.port}")
    assert stranger.status_without_login() == 401
    assert stranger.log_in_as("admin", "admin") == 401
    assert stranger.log_in_as("admin", "") == 400


def test_a_night_started_by_compose_reaches_marts_duckdb(compose: Compose, night: ComposeApi) -> None:
    assert night.is_healthy()
    with duckdb.connect(str(compose.home / "published" / "marts.duckdb"), read_only=True) as marts:
        assert marts.execute(TOTALS).fetchone() == totals_of_the_example()


def test_a_night_started_by_compose_reaches_bi_reader_in_postgresql(
    compose: Compose, night: ComposeApi
) -> None:
    assert night.is_healthy()
    uri = compose.uri("bi_reader", compose.secret("bi_reader_password"), "siyu")
    with psycopg.connect(uri) as reader:
        assert reader.execute(TOTALS).fetchone() == totals_of_the_example()
        published = reader.execute("select max(publication_id) from marts.publish_log").fetchone()
    with duckdb.connect(str(compose.home / "published" / "marts.duckdb"), read_only=True) as marts:
        assert marts.execute("select max(publication_id) from marts.publish_log").fetchone() == published


def test_readers_of_the_marts_cannot_enter_the_metadata_of_airflow(compose: Compose) -> None:
    for role in ("bi_reader", "publisher"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(compose.uri(role, compose.secret(f"{role}_password"), "airflow"))


@pytest.mark.guarantee("F32")
def test_f32_no_log_command_line_or_setting_of_a_service_holds_a_secret(
    compose: Compose, night: ComposeApi
) -> None:
    """Where each secret may be: its file, and in the home the connection of the publisher."""
    assert night.is_healthy()
    secrets = {path.name: path.read_bytes() for path in compose.secrets.iterdir()}
    secrets["airflow_passwords.json"] = json.loads(secrets["airflow_passwords.json"])["admin"].encode()
    connection = compose.home / "keys" / "postgres_serving"
    assert secrets["publisher_password"] in connection.read_bytes()
    assert connection.stat().st_mode & 0o777 == 0o600
    written = [
        *compose.folder.glob("*.log"),
        *(compose.folder / "logs").rglob("*"),
        *(path for path in compose.home.rglob("*") if path != connection),
        compose.server.log,
    ]
    texts = {str(path): path.read_bytes() for path in written if path.is_file()}
    for pid in compose.pids():
        with suppress(FileNotFoundError, ProcessLookupError):  # a worker that has ended meanwhile
            for part in ("cmdline", "environ"):
                texts[f"{part} of {pid}"] = Path(f"/proc/{pid}/{part}").read_bytes()
    assert len([place for place in texts if place.startswith("environ")]) > 6
    assert [
        (place, name) for place, text in texts.items() for name, secret in secrets.items() if secret in text
    ] == []


def test_a_service_writes_nothing_into_the_image(compose: Compose, night: ComposeApi) -> None:
    """The root file system of each container is read-only."""
    assert night.is_healthy()
    assert compose.image() == compose.image_as_built


def test_a_part_that_does_not_run_is_not_healthy(compose: Compose, night: ComposeApi) -> None:
    """The checks can fail: each does once its service has ended, and the service comes back."""
    assert night.is_healthy()
    for name in ("triggerer", "dag-processor"):
        wait_until(f"{name} to be healthy", 60, lambda name=name: compose.is_healthy(name))
        assert compose.stop(name) is not None
        wait_until(f"{name} to be missed", 90, lambda name=name: not compose.is_healthy(name))
        compose.start(name)


def test_every_service_ends_when_it_is_asked_to(compose: Compose, night: ComposeApi) -> None:
    assert night.is_healthy()
    pids = compose.pids()
    assert len(pids) >= len(compose.services) - 1
    ended = compose.stop_all()
    assert set(ended) == set(compose.services) - {"init"}
    assert None not in ended.values(), ended
    wait_until("their processes to end", 10, lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
