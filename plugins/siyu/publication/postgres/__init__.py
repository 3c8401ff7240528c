"""The marts in PostgreSQL, for BI: who may do what there, and how a publication arrives without a torn read.

Here: connecting, installing, loading, merging. Not here: when to publish (publish), what stands elsewhere (serving).
"""

import os
from pathlib import Path

from siyu.settings import Home

# the name that Airflow gives connection `postgres_serving` in the environment
VARIABLE = "AIRFLOW_CONN_POSTGRES_SERVING"


def uri_file(home: Home) -> Path:
    """Where a home keeps the URI: one line, readable by its owner alone."""
    return home.keys / "postgres_serving"


def is_configured(home: Home) -> bool:
    """Whether there is a PostgreSQL to publish into; asked before psycopg, which takes its time, is imported."""
    return bool(os.environ.get(VARIABLE, "").strip()) or uri_file(home).exists()
