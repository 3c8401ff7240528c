"""An Airflow home of siyu's own, for nights that run without a scheduler: `$SIYU_HOME/nightly`.

Here: its environment, and its metadata database made once per Airflow version. Not here: running DAGs.
"""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from siyu.errors import EnvironmentFaultError
from siyu.settings import PROJECT, Home
from siyu.storage import make_folder


def airflow_environment(home: Home, airflow_home: Path) -> dict[str, str]:
    """The variables a process of this Airflow home needs: DAGs, plugins and database of siyu, telemetry off.

    `AIRFLOW__…` variables of the caller are dropped, so that a night never touches another Airflow's database.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW__")}
    return inherited | {
        "SIYU_HOME": str(home.root),
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow_home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(airflow_home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
        # the `airflow` command must be found by the processes that Airflow starts
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def prepare_airflow(home: Home, airflow_home: Path) -> dict[str, str]:
    """Make the metadata database and the pool of the writer where this version of Airflow has not yet.

    Returns:
        The environment for processes of this Airflow home.

    Raises:
        EnvironmentFaultError: Airflow could not make its database; the message names the log.
    """
    make_folder(airflow_home)
    environment = airflow_environment(home, airflow_home)
    ready = airflow_home / f"ready-{version('apache-airflow')}"
    if ready.exists():
        return environment
    log = airflow_home / "prepare.log"
    with log.open("wb") as output:
        for command in (
            ["db", "migrate"],
            ["pools", "set", "warehouse_writer", "1", "One writer of the warehouse at a time"],
        ):
            done = subprocess.run(
                [sys.executable, "-m", "airflow", *command],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            if done.returncode:
                raise EnvironmentFaultError(
                    f"airflow {' '.join(command[:2])} ended with {done.returncode}",
                    expected="a metadata database",
                    do=f"read {log}",
                )
    ready.touch()
    return environment
