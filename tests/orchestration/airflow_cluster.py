"""A real Airflow on loopback for a test: API server, scheduler and DAG processor, started and stopped as processes."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from siyu.orchestration.airflow_home import airflow_environment
from siyu.settings import Home

STARTED_WITHIN_SECONDS = 120
SERVICES = ("api-server", "scheduler", "dag-processor")


class AirflowApi:
    """What a test asks of a running Airflow, through its REST API only."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=30)

    def is_healthy(self) -> bool:
        try:
            health = self._client.get("/api/v2/monitor/health").json()
        except httpx.TransportError:
            return False
        return all(
            health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")
        )

    def log_in(self) -> None:
        token = self._client.get("/auth/token").raise_for_status().json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def dag_ids(self) -> set[str]:
        return {dag["dag_id"] for dag in self._get("/api/v2/dags")["dags"]}

    def unpause(self, dag_id: str) -> None:
        self._client.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False}).raise_for_status()

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        body = {"conf": conf, "logical_date": None}
        return str(self._post(f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        return list(self._get(f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        answer = self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return {task["task_id"]: task["state"] for task in answer["task_instances"]}

    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear one task and what hangs on it, as a person would in the UI."""
        body = {
            "dag_run_id": run_id,
            "task_ids": [task_id],
            "dry_run": False,
            "only_failed": False,
            "include_downstream": True,
        }
        self._post(f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def _get(self, path: str) -> dict[str, Any]:
        return dict(self._client.get(path).raise_for_status().json())

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.post(path, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())


class AirflowCluster(AirflowApi):
    """A running Airflow with its services, which can be killed."""

    def __init__(self, base_url: str, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(base_url)
        self._folder, self._environment = folder, environment
        self._services: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, service: str, *arguments: str) -> None:
        with (self._folder / f"{service}.log").open("ab") as output:
            self._services[service] = subprocess.Popen(
                [sys.executable, "-m", "airflow", service, *arguments],
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                start_new_session=True,
            )

    def kill(self, service: str) -> None:
        """As `kill -9` of the service and of whatever it runs, as when its container dies."""
        process = self._services[service]
        while living := _of_session(process.pid):  # tasks have process groups of their own
            for one in living:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            process.poll()
            time.sleep(0.02)

    def stop(self) -> None:
        for process in self._services.values():
            process.send_signal(signal.SIGTERM)
        for process in self._services.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def _of_session(session: int) -> list[int]:
    found = []
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError):
            if os.getsid(process.pid) == session and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def wait_until(what: str, seconds: float, condition: Any) -> None:
    """Poll until the condition holds; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.5)


@contextmanager
def running_airflow(
    home: Home, folder: Path, configuration: Mapping[str, str] | None = None
) -> Iterator[AirflowCluster]:
    """Start the three services over `home`, yield when they are healthy, end them however the test ends.

    `configuration`: variables of Airflow that the test needs otherwise.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    folder.mkdir()
    environment = airflow_environment(home, folder) | {
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
        **(configuration or {}),
    }
    prepare = [sys.executable, "-m", "siyu.orchestration.dag_runner", "prepare"]
    subprocess.run(prepare, env=environment, check=True)
    arguments = {"api-server": ["--port", str(port), "--host", "127.0.0.1"]}
    cluster = AirflowCluster(url, folder, environment)
    try:
        for service in SERVICES:
            cluster.start(service, *arguments.get(service, []))
        wait_until(f"Airflow to be healthy, logs in {folder}", STARTED_WITHIN_SECONDS, cluster.is_healthy)
        cluster.log_in()
        yield cluster
    finally:
        cluster.stop()
