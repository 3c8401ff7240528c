"""The environment of an Airflow that is siyu's own: its DAGs, plugins, database and logs, telemetry off."""

import os
import sys
from pathlib import Path

from siyu.settings import PROJECT, Home


def airflow_environment(home: Home, airflow_home: Path) -> dict[str, str]:
    """The variables a process of this Airflow needs to find its own state and that of `home`.

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
