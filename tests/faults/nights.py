"""Run as a program: it imports all that a night needs, once, and then forks a process for each request.

A request is a line of JSON on standard input: an action of this module, its arguments, before which change to the
disk the process shall die (None: never), and a pipe for the answer. The answer is the signal that ended the process
(0: none) and what the action returned, or the error of siyu that ended it. See forking.py for the other end.
"""

import gc
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apprise
import duckdb  # noqa: F401 - this and the next lines: imported once instead of in every process
import pandas  # noqa: F401
import psycopg
import pyarrow.dataset  # noqa: F401
from cryptography.hazmat.backends.openssl import backend  # noqa: F401
from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: F401
from dbt.cli.main import dbtRunner

from siyu.clock import utc_now
from siyu.engine import connect
from siyu.errors import SiyuError
from siyu.orchestration import alerts, files, night
from siyu.orchestration.ingest import extract_channel
from siyu.orchestration.journal import Step, recorded
from siyu.orchestration.runs import Run
from siyu.privacy import Request, erase
from siyu.publication import candidate_folder, resume, rollback
from siyu.publication.postgres.target import open_target  # noqa: F401
from siyu.recovery import back_up
from siyu.settings import FileSource, Home, Settings, load_settings
from siyu.warehouse import build, records
from siyu.warehouse.dbt_runner import DBT_PROJECT
from tests.faults.forking import AFTER_PUBLISHING, STEPS
from tests.publication.processes import changes_something
from tests.publication.small_candidates import write_verdict

PROJECT = Path(__file__).parent / "small_project"
# what dbt makes of it; this program's own
PARSED = Path(tempfile.gettempdir()) / f"siyu-parsed-{os.getpid()}"
# the same, of a home that has a channel; see wide.py
PARSED_WIDE = PARSED.with_name(f"{PARSED.name}-wide")
MODELS, WIDE_MODELS = ("fct_orders", "kpi_daily"), ("wide/ads_daily", "wide/member_orders", "wide/members")
_IS_WIDE = "select 1 from duckdb_views() where view_name = 'ocean_engine__campaign_daily'"


def run_night(
    home: str,
    run_id: str,
    mapping: str,
    path: str,
    *,
    steps: Sequence[str] = STEPS,
    with_: str = "dbt",
    fail_at: str | None = None,
    params: Mapping[str, str] | None = None,
) -> list[str]:
    """Steps of the four DAGs of a night in their order, each in its journal; returns the names of those done.

    `with_`: "dbt": the small project, and for a gate a verdict that passed; "sql": the same, with dbt left out, whose
    SQL goes to DuckDB as it is; "all": the real project and the real gate. `fail_at`: this step raises at its end.
    With "tell" among the steps people are told, as by the DAGs: of a failure too.
    `params`: of the DAG runs; with `from_date` it is a backfill, of ads.
    """
    os.environ["SIYU_HOME"] = home  # where those who tell look
    place = Home(Path(home)).create()
    asked = dict(params or {})
    run = Run(home=place, settings=load_settings(place), run_id=run_id, run_after=utc_now(), params=asked)
    sources = [FileSource(mapping=Path(mapping), path=Path(path))]
    if with_ == "sql":
        build.run_dbt_build = _run_models  # type: ignore[attr-defined]
    do: dict[str, Callable[[Step], object]] = {
        "extract_and_land": partial(extract_channel, run, "ocean_engine")
        if "from_date" in asked
        else partial(files.land_sources, run, sources),
        "check_ready": partial(night.is_time_to_build, run),
        "build": partial(night.build_night, run, project=DBT_PROJECT if with_ == "all" else PROJECT),
        "export": partial(night.export_night, run),
        "audit": partial(night.audit_night if with_ == "all" else _pass, run),
        "publish": partial(night.publish_night, run),
        "report": partial(night.report_night, run),
        "enforce_retention": partial(night.enforce_retention, run),
        "compact_raw": partial(night.compact_raw, run),
    }
    done: list[str] = []
    is_new = True
    for name in steps:
        if not is_new and name not in {"tell", *AFTER_PUBLISHING}:
            continue
        if name == "tell":
            alerts.tell_success(_context("publish_marts" if is_new else "transform_warehouse", name, run_id))
            done.append(name)
            continue
        try:
            with recorded(place, run_id, name) as step:
                found = do[name](step)
                if name == fail_at:
                    raise InterruptedError(name)
        except Exception:
            if "tell" in steps:
                alerts.tell_failure(_context("publish_marts", name, run_id))
            raise
        if name == "check_ready":
            is_new = bool(found)
        done.append(name)
    return done


def _context(dag: str, step: str, run_id: str) -> dict[str, Any]:
    """What Airflow hands the callback of a DAG's run, as far as it is read."""
    named = {"dag": SimpleNamespace(dag_id=dag), "task_instance": SimpleNamespace(task_id=step)}
    return named | {"params": {"run_id": run_id}, "run_id": run_id, "reason": "task_failure"}


def _pass(run: Run, step: Step) -> None:
    """In the place of the gate: a verdict that passed, if there is a candidate to judge."""
    folder = candidate_folder(run.home, run.run_id)
    step.facts = {"is_candidate": folder.exists()}
    if folder.exists():
        write_verdict(folder)


def _run_models(
    warehouse: Path, folder: Path, settings: Settings, *, variables: Mapping[str, object], project: Path
) -> list[records.Step]:
    """In the place of dbt: the models of the small project, their jinja replaced, and the manifest of a parse."""
    with connect(warehouse, settings=settings) as connection:
        is_wide = connection.execute(_IS_WIDE).fetchone()
        parsed, models = (PARSED_WIDE, (*MODELS, *WIDE_MODELS)) if is_wide else (PARSED, MODELS)
        shutil.copytree(parsed, folder / "target")
        for model in models:
            text = (project / "models" / f"{model}.sql").read_text(encoding="utf-8")
            text = re.sub(r"{{ source\('raw', '(\w+)'\) }}", r"raw.\1", text)
            text = re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", text)
            text = re.sub(r'{{ var\("(\w+)"\) }}', lambda found: str(variables[found[1]]), text)
            connection.execute(f"create table {Path(model).name} as {text}")
    return []


def roll_back(home: str, publication_id: int) -> int:
    """Bring a publication back."""
    place = Home(Path(home))
    return rollback(place, load_settings(place), publication_id, by="li.na", reason="wrong prices").id


def release(home: str) -> bool:
    """End the hold."""
    place = Home(Path(home))
    return resume(place, load_settings(place), by="li.na", reason="mended") is not None


def take_backup(home: str, target: str) -> str:
    """Back the home up."""
    place = Home(Path(home))
    return str(back_up(place, load_settings(place), Path(target)).folder)


def forget(home: str, member_id: str) -> int:
    """Erase a person; how many were found."""
    place = Home(Path(home))
    asked = [Request(kind="member_id", value=member_id)]
    return erase(place, load_settings(place), asked, by="li.na", reason="letter 7").persons


ACTIONS: dict[str, Callable[..., Any]] = {
    action.__name__: action for action in (run_night, roll_back, release, take_backup, forget)
}


def _watch(root: str, die_before: int | None) -> Callable[[], int]:
    """Count from now on the changes below `root`, openings of its database, and what goes to PostgreSQL or to a robot;
    die by SIGKILL just before the n-th.
    """
    seen = 0

    def pass_point() -> None:
        nonlocal seen
        seen += 1
        if seen == die_before:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        is_of_state = event == "sqlite3.connect" and str(arguments[0]).startswith(root)
        if is_of_state or event == "socket.connect" or changes_something(event, arguments, root):
            pass_point()

    sys.addaudithook(hook)
    plain_wait = psycopg.Connection.wait

    def wait(self: psycopg.Connection, *arguments: Any, **named: Any) -> Any:
        pass_point()
        return plain_wait(self, *arguments, **named)

    psycopg.Connection.wait = wait  # type: ignore[method-assign]
    return lambda: seen


def _act(request: dict[str, Any], answer: int) -> None:
    """In a process of its own: do what is asked, write the answer, end."""
    counted = _watch(request["arguments"][0], request["die_before"])
    try:
        found = {"result": ACTIONS[request["action"]](*request["arguments"], **request["named"])}
    except SiyuError as error:
        found = {"error": {"exit_code": int(error.exit_code), "message": str(error)}}
    except BaseException as error:  # noqa: BLE001 - this process ends here, and its answer names the error
        if request["named"].get("fail_at") is None:
            traceback.print_exc()
        found = {"error": {"exit_code": 4, "message": type(error).__name__}}
    told = found | {"changes": counted()}
    os.write(answer, json.dumps(told, default=str).encode())
    os._exit(0)


def _supervise(request: dict[str, Any]) -> None:
    """Start the process, wait for its end, however it comes, and answer."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.setpgid(0, 0)
        _act(request, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        content = file.read()
    _, status, used = os.wait4(child, 0)
    told = json.loads(content) if content else {}
    told |= {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "cpu_seconds": used.ru_utime + used.ru_stime,
    }
    Path(request["answer"]).write_text(json.dumps(told), encoding="utf-8")
    os._exit(0)


def _leave_out_what_is_wide() -> None:
    """The manifest of a home without a channel; a second parse would take seconds."""
    manifest = json.loads((PARSED_WIDE / "manifest.json").read_text(encoding="utf-8"))
    manifest["nodes"] = {name: node for name, node in manifest["nodes"].items() if "wide" not in node["fqn"]}
    PARSED.mkdir()
    (PARSED / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the supervisors
    # what dbt imports and compiles at its first parse; its static parser has threads that a fork would lose
    quiet = ["--quiet", "--log-level", "none", "--log-level-file", "none", "--no-send-anonymous-usage-stats"]
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--vars", "{is_wide: true}"]
    places += ["--target-path", str(PARSED_WIDE), "--log-path", str(PARSED_WIDE)]
    dbtRunner().invoke([*quiet, "--no-static-parser", "--no-partial-parse", "parse", *places])
    apprise.Apprise.instantiate("json://127.0.0.1")  # it imports all its robots at the first
    _leave_out_what_is_wide()
    gc.collect()
    gc.freeze()  # else each process looks through what this one has made, and gets a copy of it
    print("ready", flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # GX talks, and nobody would read it
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _supervise(json.loads(line))
    for folder in (PARSED, PARSED_WIDE):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
