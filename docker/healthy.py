"""End with 0 when Airflow says that one of its parts is healthy: `python docker/healthy.py scheduler`.

It asks the API server, which reads the heartbeats: `airflow jobs check` would cost seconds of CPU each time.
"""

import json
import os
import sys
import urllib.error
import urllib.request

SECONDS = 5


def status_of(part: str) -> str:
    """What Airflow says of a part, or why it says nothing."""
    url = f"{os.environ['SIYU_AIRFLOW_URL']}/api/v2/monitor/health"
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - our own address
            return str(json.load(answer)[part]["status"])
    except (urllib.error.URLError, TimeoutError) as silent:
        return f"unknown, the API server does not answer ({type(silent).__name__})"


if __name__ == "__main__":
    status = status_of(sys.argv[1])
    sys.exit(0 if status == "healthy" else f"{sys.argv[1]}: {status}")
