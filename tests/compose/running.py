"""The services of docker-compose.yml as processes of this machine: their commands, settings, secrets and checks.

Only what a container would give is replaced: host names, ports, mount points. A service sees the secrets and volumes
that it declares, the environment of the image and nothing of the caller's.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg import sql

from siyu.settings import PROJECT
from tests.compose.files import ONE_SHOT, compose_file, copied_from_project, image_environment, seconds
from tests.postgres import Server

EXAMPLE = PROJECT / "docker" / "example"
VIRTUAL_ENVIRONMENT = Path(sys.executable).parents[1]
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
HEALTHY_WITHIN_SECONDS = 300
_SET_PASSWORD = sql.SQL("alter role postgres password {}")


class ComposeServer(Server):
    """The server of service `postgres`: the image's data folder, the file's command."""

    def password_from(self, text: str) -> None:
        """Give the administrator the password that the image would read from POSTGRES_PASSWORD_FILE."""
        with psycopg.connect(self.uri("postgres"), autocommit=True) as connection:
            verifier = connection.pgconn.encrypt_password(text.encode(), b"postgres", b"scram-sha-256")
            connection.execute(_SET_PASSWORD.format(sql.Literal(verifier.decode())))

    def command(self, words: list[str]) -> list[str]:
        """The file's command on this folder; the program's own path instead of its name."""
        return [str(self._programs / words[0]), "-D", str(self._data), *words[1:]]

    @property
    def programs(self) -> Path:
        """The folder of pg_isready and the others."""
        return self._programs

    @property
    def user(self) -> dict[str, int]:
        """Who runs it, as subprocess wants it."""
        return self._user


class Compose:
    """The project, started and stopped in the order that the file asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "server").mkdir(parents=True)
        self._made_secrets()
        self.server = ComposeServer(folder / "server")
        self.server.create()
        self.server.password_from(self.secret("postgres_admin_password"))
        self.server.stop()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.tree = self._built_image()
        self.image_as_built = self.image()
        self.home = folder / "siyu" / "home"
        self.services: dict[str, dict[str, Any]] = compose_file({"SIYU_UID": str(os.getuid())})["services"]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("siyu", "logs"):
            (folder / name).mkdir()
        self._shop()

    # what Docker would have made

    def _made_secrets(self) -> None:
        script = PROJECT / "docker" / "make-secrets.sh"
        made = self.folder / "project"
        made.mkdir()
        subprocess.run(["/bin/sh", str(script), str(made)], check=True, stdout=subprocess.DEVNULL)
        self.secrets = made / "docker" / "secrets"

    def _built_image(self) -> Path:
        """/app: what the Dockerfile copies, and nothing else of the project."""
        tree = self.folder / "app"
        tree.mkdir()
        for source in copied_from_project():
            if (PROJECT / source).is_dir():
                shutil.copytree(
                    PROJECT / source,
                    tree / source,
                    dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__", "secrets", "example", "target", "logs"),
                )
            else:
                (tree / source).parent.mkdir(exist_ok=True)
                shutil.copy(PROJECT / source, tree / source)
        (tree / ".venv").symlink_to(VIRTUAL_ENVIRONMENT)
        return tree

    def _shop(self) -> None:
        shutil.copytree(EXAMPLE, self.folder / "shop")
        settings = self.folder / "shop" / "siyu.yml"
        settings.write_text(
            settings.read_text(encoding="utf-8").replace("/srv/shop", str(self.folder / "shop")),
            encoding="utf-8",
        )

    def image(self) -> dict[str, int]:
        """The files of /app and when each was last written."""
        return {
            str(path): path.stat().st_mtime_ns
            for path in self.tree.rglob("*")
            if path.is_file() and ".venv" not in path.relative_to(self.tree).parts
        }

    def secret(self, name: str) -> str:
        """The text of a secret."""
        return (self.secrets / name).read_text(encoding="utf-8")

    def uri(self, role: str, password: str, database: str) -> str:
        """How a role reaches a database from outside."""
        return f"postgresql://{role}:{password}@127.0.0.1:{self.server.port}/{database}"

    # one service

    def translated(self, name: str, text: str) -> str:
        """What a container would see, in words of this machine."""
        own = self.folder / "containers" / name
        mounts = {volume.split(":")[1] for volume in self.services[name].get("volumes", [])}
        words = {
            "/run/secrets": own / "secrets",
            "/tmp": own / "tmp",
            "/app": self.tree,
            "/srv/siyu": self.folder / "siyu" if "/srv/siyu" in mounts else own / "not-mounted",
            "/srv/logs": self.folder / "logs" if "/srv/logs" in mounts else own / "not-mounted",
            "/srv/shop": self.folder / "shop" if "/srv/shop" in mounts else own / "not-mounted",
            "postgres:5432": f"127.0.0.1:{self.server.port}",
            "--port=5432": f"--port={self.server.port}",
            "api-server:8080": f"127.0.0.1:{self.port}",
            "--port 8080": f"--port {self.port}",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - the word of the file
        }
        pattern = "|".join(re.escape(word) for word in words)
        return re.sub(rf"(?:{pattern})(?=$|[/\s:_]|\b)", lambda found: str(words[found[0]]), text)

    def environment(self, name: str) -> dict[str, str]:
        """The image's settings, the file's over them."""
        own = {key: self.translated(name, value) for key, value in self.services[name]["environment"].items()}
        if name == "postgres":
            return own
        image = {key: self.translated(name, value) for key, value in image_environment().items()}
        image["PATH"] = image["PATH"].replace("$PATH", SYSTEM_PATH)
        # in the image the package's link leads to /app; here it would lead to this checkout
        return image | own | {"PYTHONPATH": f"{self.tree / 'plugins'}:{self.tree}"}

    def start(self, name: str) -> None:
        """Start a service as soon as what it waits for is ready; a one-shot one has ended well afterwards."""
        service = self.services[name]
        self.make_container(name)
        words = [self.translated(name, word) for word in service["command"]]
        if name == "postgres":
            # settings of this machine: its port, and no socket in a folder of the system
            words = [*self.server.command(words), "-c", f"port={self.server.port}"]
        with self.output(name).open("wb") as output:
            self._processes[name] = subprocess.Popen(
                words,
                env=self.environment(name),
                cwd=self.server.folder if name == "postgres" else self.tree,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **(self.server.user if name == "postgres" else {}),  # type: ignore[call-overload]
            )
        if service["restart"] == ONE_SHOT:
            code = self._processes.pop(name).wait(timeout=HEALTHY_WITHIN_SECONDS)
            assert code == 0, self.words_of(name)
        else:
            self._wait_until_healthy(name)

    def start_all(self) -> None:
        """Start what is not running yet, in the order that the file asks for."""
        started: set[str] = set(self._processes)
        while waiting := [name for name in self.services if name not in started]:
            ready = [name for name in waiting if set(self.services[name].get("depends_on", {})) <= started]
            assert ready, f"{waiting} wait for each other"
            self.start(ready[0])
            started.add(ready[0])

    def is_healthy(self, name: str) -> bool:
        """Run the check of a service once, as Docker would."""
        words = [self.translated(name, word) for word in self.services[name]["healthcheck"]["test"][1:]]
        if name == "postgres":
            words[0] = str(self.server.programs / words[0])
        try:
            checked = subprocess.run(
                words,
                env=self.environment(name),
                cwd=self.folder if name == "postgres" else self.tree,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds(self.services[name]["healthcheck"]["timeout"]),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return checked.returncode == 0

    def stop(self, name: str) -> int | None:
        """End a service as `docker compose stop` would; None when it did not end within its grace period."""
        process = self._processes.pop(name)
        # the signal that the image of PostgreSQL declares: end sessions, then end
        process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        try:
            return process.wait(timeout=seconds(self.services[name]["stop_grace_period"]))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None

    def stop_all(self) -> dict[str, int | None]:
        """End everything, those that others wait for last."""
        return {name: self.stop(name) for name in reversed(list(self._processes))}

    def pids(self) -> list[int]:
        """Processes that descend from the services: each service is a session of its own."""
        sessions = {process.pid for process in self._processes.values()}
        return [pid for pid in _running() if _session(pid) in sessions]

    def output(self, name: str) -> Path:
        """What a service prints."""
        return self.folder / f"{name}.log"

    def words_of(self, name: str) -> str:
        """The last of it, for a message."""
        return self.output(name).read_text(encoding="utf-8", errors="replace")[-4000:]

    def make_container(self, name: str) -> None:
        own = self.folder / "containers" / name
        shutil.rmtree(own, ignore_errors=True)
        for part in ("tmp", "secrets"):
            (own / part).mkdir(parents=True)
        for secret in self.services[name]["secrets"]:
            shutil.copy2(self.secrets / secret, own / "secrets")

    def _wait_until_healthy(self, name: str) -> None:
        deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
        while not self.is_healthy(name):
            assert self._processes[name].poll() is None, f"{name} ended: {self.words_of(name)}"
            assert time.monotonic() < deadline, f"{name} is not healthy: {self.words_of(name)}"
            time.sleep(1)


@contextmanager
def composed() -> Iterator[Compose]:
    """The project in a folder of its own, nothing started; everything has ended and is gone afterwards."""
    with TemporaryDirectory(prefix="compose-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as somebody else
        services = Compose(folder)
        try:
            yield services
        finally:
            services.stop_all()


def _running() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
