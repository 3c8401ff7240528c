"""200 kills at random moments: of PostgreSQL, of who publishes, of `siyu nightly`, of Airflow's scheduler.

Whatever was killed, readers of each target see the old publication or the new one, whole; and the next run completes
without a hand, which under a scheduler is the run that it was killed in. The seed is printed.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import duckdb
import psycopg
import pytest

from siyu.publication import published_state
from siyu.publication.manifest import read_manifest
from siyu.publication.records import publication_folder
from siyu.publication.serving import state_of
from siyu.publication.targets import postgres_state, shown_by_target
from siyu.settings import Home, save_settings
from siyu.state import outbox
from tests.faults.f5_places import publish_into, tell
from tests.faults.looking import leftovers
from tests.faults.shop import sales_of_day, write_file, write_mapping
from tests.orchestration.airflow_cluster import AirflowCluster, running_airflow, wait_until
from tests.orchestration.robot import running_robot
from tests.postgres import Database, Server
from tests.publication import processes
from tests.publication.postgres import faults
from tests.publication.postgres.tables import configure
from tests.publication.postgres.test_kills import Nights

pytestmark = [pytest.mark.guarantee("F5"), pytest.mark.soak]

KILLS_OF_POSTGRESQL, KILLS_OF_PUBLISHERS = 110, 62  # around a publication
KILLS_OF_NIGHTLY = 22  # every third of PostgreSQL in its place
KILLS_OF_SCHEDULERS = 6
ORDERS_PER_DAY = 12
STARTED_WITHIN_SECONDS = 60
NIGHT_SECONDS = 420
# a scheduler that comes back sees at once that its predecessor is dead, instead of after minutes
IMPATIENT = {
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
}
DAGS = ("ingest_files", "transform_warehouse", "publish_marts", "maintain_warehouse")


def seeded() -> random.Random:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"fresh seed: {seed}")
    return random.Random(seed)


def crash(server: Server, moments: random.Random) -> None:
    """Stop the server at once, or kill its first process alone; and start it again."""
    if moments.random() < 0.5:
        server.stop("immediate")
    else:
        pid = int((server.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + STARTED_WITHIN_SECONDS
    while True:
        try:
            server.start()
        except RuntimeError:  # its other processes have not noticed yet
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


@pytest.mark.xdist_group("f5_publishing")
@pytest.mark.timeout(1800)
def test_f5_postgresql_or_a_publisher_killed_at_a_random_moment_shows_a_third_state_or_needs_a_hand(
    home: Home,
    postgres: Database,
    postgres_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    figure: Callable[[str, object], None],
) -> None:
    configure(monkeypatch, postgres)
    nights, moments = Nights(home, postgres), seeded()
    assert processes.run(faults.publish, home.root, nights.prepare(), postgres) == 0
    run_id, began = nights.prepare(), time.monotonic()
    assert processes.run(faults.publish, home.root, run_id, postgres) == 0
    seconds = time.monotonic() - began

    kills = ["PostgreSQL"] * KILLS_OF_POSTGRESQL + ["publisher"] * KILLS_OF_PUBLISHERS
    moments.shuffle(kills)
    disturbed = 0
    for number, victim in enumerate(kills):
        run_id, moment = nights.prepare(), moments.uniform(0, seconds)
        where = f"kill {number} of {victim} after {moment:.3f} of {seconds:.3f} s"
        publisher = processes.start(faults.publish, home.root, run_id, postgres)
        publisher.join(moment)
        if victim == "PostgreSQL":
            crash(postgres_server, moments)
        else:
            publisher.kill()
        publisher.join()
        assert publisher.exitcode in ({0, 3} if victim == "PostgreSQL" else {0, processes.KILLED}), where
        disturbed += publisher.exitcode != 0
        nights.check_between(where)
        nights.finish(run_id, where)
    assert disturbed > len(kills) // 4  # else the moments are none of a publication
    figure("kills by the clock of PostgreSQL while publishing", KILLS_OF_POSTGRESQL)
    figure("kills by the clock of who publishes", KILLS_OF_PUBLISHERS)


class Shop:
    """A home whose nights publish into PostgreSQL; each night has a file of one more day."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.home, self.log, self.database = Home(folder / "home").create(), folder / "log", database
        self.mapping, self.days = write_mapping(folder), 0
        publish_into(self.home, database)
        self.next_day()

    def next_day(self) -> None:
        write_file(self.log / f"day{self.days}.csv", sales_of_day(self.days, orders=ORDERS_PER_DAY))
        self.days += 1

    def nightly(self) -> "subprocess.Popen[bytes]":
        command = [str(Path(sys.executable).parent / "siyu"), "nightly", "--home", str(self.home)]
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("SIYU_", "AIRFLOW"))
        }
        return subprocess.Popen(
            [*command, "--mapping", str(self.mapping), "--path", str(self.log)],
            cwd=self.home.root.parent,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def check_shown(self, where: str) -> None:
        """Each target shows a whole publication, of all days or of all but the newest; while nobody publishes."""
        shown = shown_by_target(self.home)
        in_file, in_postgres = shown["marts.duckdb"], shown["PostgreSQL"]
        assert in_file is not None, where
        assert in_postgres is not None, where
        assert in_file <= in_postgres, where
        assert published_state(self.home) == self._state(in_file), where
        assert postgres_state(self.home) == self._state(in_postgres), where
        assert self._days_shown() <= {self.days - 1, self.days}, where

    def is_all_shown(self) -> bool:
        return self._days_shown() == {self.days}

    def _days_shown(self) -> set[float]:
        """By marts.duckdb and by PostgreSQL."""
        with duckdb.connect(str(self.home.marts_file), read_only=True) as marts:
            found = marts.execute("select count(*) from marts.fct_orders").fetchall()
        with psycopg.connect(self.database.bi_uri) as bi:
            found += bi.execute("select count(*) from marts.fct_orders").fetchall()
        return {orders / ORDERS_PER_DAY for (orders,) in found}

    def _state(self, publication_id: int) -> str:
        models = read_manifest(publication_folder(self.home, publication_id)).models
        return state_of({name: table.checksum for name, table in models.items()})


@pytest.mark.xdist_group("f5_nightly")
@pytest.mark.timeout(3000)
def test_f5_siyu_nightly_or_its_postgresql_killed_at_a_random_moment_shows_a_third_state_or_needs_a_hand(
    tmp_path: Path, postgres: Database, postgres_server: Server, figure: Callable[[str, object], None]
) -> None:
    """Kills one after another: the same command goes on from what the last one left; every fourth time it completes."""
    shop, moments, killed = Shop(tmp_path, postgres), seeded(), 0
    with running_robot() as robot:
        tell(shop.home, robot.address())
        assert shop.nightly().wait() == 0
        shop.next_day()
        began = time.monotonic()
        assert shop.nightly().wait() == 0
        seconds = time.monotonic() - began
        for number in range(KILLS_OF_NIGHTLY):
            if shop.is_all_shown():
                shop.next_day()
            is_of_postgres = number % 3 == 1
            process, moment = shop.nightly(), moments.uniform(seconds / 8, seconds)
            victim = "PostgreSQL" if is_of_postgres else "the night"
            where = f"kill {number} of {victim} after {moment:.1f} of {seconds:.1f} s"
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=moment)
            killed += process.poll() is None
            if is_of_postgres:
                crash(postgres_server, moments)
            elif process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            shop.check_shown(where)
            if number % 4 == 3:
                assert shop.nightly().wait() == 0, where
                assert shop.is_all_shown(), where
        assert shop.nightly().wait() == 0
        assert shop.is_all_shown()
        shop.check_shown("at the end")
    # what killed runs left in their own folders goes when their logs do
    assert [name for name in leftovers(shop.home) if not name.startswith("runs/")] == []
    assert outbox.open_incidents(shop.home) == ()
    recovered = robot.titles.count("siyu: the night has recovered")
    assert (recovered > 0) == (len(robot.titles) > recovered), robot.titles
    assert killed > KILLS_OF_NIGHTLY // 2
    figure("kills by the clock of siyu nightly, or of PostgreSQL under it", killed)


@pytest.mark.xdist_group("real_airflow")
@pytest.mark.timeout(3000)
def test_f5_a_scheduler_killed_at_a_random_moment_of_a_night_shows_a_third_state_or_needs_a_hand(
    tmp_path: Path, postgres: Database, figure: Callable[[str, object], None]
) -> None:
    """It is started again, and nobody clears or triggers anything: the night that it was killed in goes on."""
    shop, moments = Shop(tmp_path, postgres), seeded()
    save_settings(shop.home, {"files": [{"mapping": str(shop.mapping), "path": str(shop.log)}]})
    with running_airflow(shop.home, tmp_path / "airflow", IMPATIENT) as cluster:
        wait_until("the DAGs to be parsed", 120, lambda: set(DAGS) <= cluster.dag_ids())
        for dag_id in DAGS:
            cluster.unpause(dag_id)
        wait_for_night(cluster, shop, "the first night", is_first=True)
        shop.next_day()
        began = time.monotonic()
        wait_for_night(cluster, shop, "the second night")
        seconds = time.monotonic() - began
        under_way = 0
        for number in range(KILLS_OF_SCHEDULERS):
            shop.next_day()
            moment = moments.uniform(1, 0.6 * seconds)
            where = f"kill {number} after {moment:.1f} s of a night of {seconds:.1f} s"
            cluster.trigger("ingest_files", {})
            time.sleep(moment)
            under_way += not is_at_rest(cluster)
            cluster.kill("scheduler")
            shop.check_shown(where)
            cluster.start("scheduler")
            wait_until_done(cluster, shop, where)
    assert under_way > KILLS_OF_SCHEDULERS // 2
    figure("kills by the clock of the scheduler", KILLS_OF_SCHEDULERS)


def wait_for_night(cluster: AirflowCluster, shop: Shop, what: str, *, is_first: bool = False) -> None:
    cluster.trigger("ingest_files", {})
    if is_first:
        wait_until(what, NIGHT_SECONDS, shop.home.marts_file.exists)
    wait_until_done(cluster, shop, what)


def wait_until_done(cluster: AirflowCluster, shop: Shop, what: str) -> None:
    """Until all targets show the newest day and every DAG is at rest."""
    wait_until(f"all days to be shown: {what}", NIGHT_SECONDS, shop.is_all_shown)
    wait_until(f"every run to end: {what}", NIGHT_SECONDS, lambda: is_at_rest(cluster))
    shop.check_shown(what)


def is_at_rest(cluster: AirflowCluster) -> bool:
    return all(run["state"] in {"success", "failed"} for dag in DAGS for run in cluster.runs(dag))
