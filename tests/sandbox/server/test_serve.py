"""`siyu sandbox serve` as a person runs it: a process of its own."""

import json
import signal
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.sandbox.server.conftest import write_world
from tests.sandbox.server.wecom_world import TABLES

SIYU = Path(sys.executable).with_name("siyu")


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return write_world(tmp_path / "world", TABLES)


def test_serve_prints_where_and_who_then_answers_until_ended(world: Path) -> None:
    words = [SIYU, "sandbox", "serve", world, "--port", "0", "--at", "2026-03-01T03:00", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            printed = ""
            while not printed.endswith("\n}\n"):
                line = process.stdout.readline()
                assert line, "it ended before it had said where it listens"
                printed += line
            told = json.loads(printed)
            secrets = Path(told["secrets"])
            assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
            own = next(
                app
                for app in json.loads(secrets.read_text())["apps"]
                if (app["channel"], app["label"]) == ("wecom", "self_built")
            )
            assert own["secret"] not in printed
            wecom = next(one for one in told["channels"] if one["channel"] == "wecom")
            assert {"label": "self_built", "app_id": own["app_id"]} in wecom["apps"]
            with httpx.Client(trust_env=False) as client:
                query = {"corpid": own["app_id"], "corpsecret": own["secret"]}
                token = client.get(f"{wecom['base_url']}/cgi-bin/gettoken", params=query).json()
                assert token["errcode"] == 0
                shown = client.get(f"{told['admin_url']}/clock").json()["at"]
            assert datetime.fromisoformat(shown) == datetime(2026, 2, 28, 19, 0, tzinfo=UTC), "03:00 in China"
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_a_port_that_is_taken_is_an_environment_fault_with_exit_code_3(world: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = [SIYU, "sandbox", "serve", world, "--port", port, "--at", "2026-03-01T03:00"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert f"port {port} of 127.0.0.1" in done.stderr
    assert not (world / "apps.json").exists()
