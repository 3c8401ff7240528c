"""Lint and conventions of the dbt project, part of `make check`: `python -m tests.check_dbt`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from siyu.settings import PROJECT

BIN = Path(sys.executable).parent
DBT_PROJECT = PROJECT / "dbt_project"


def run(*command: str) -> None:
    """Run one tool quietly; on failure show what it said and end with its code."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit(f"{command[0]} failed")


if __name__ == "__main__":
    project = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    with tempfile.TemporaryDirectory() as folder:
        # the conventions are read from the manifest, which dbt-bouncer looks for in the project's target folder
        run("dbt", "--quiet", "parse", *project, "--log-path", folder)
        run("dbt-bouncer", "--config-file", "dbt-bouncer.yml")
    run(
        "sqlfluff",
        "lint",
        "--disable-progress-bar",
        "--processes",
        "2",
        "dbt_project/models",
        "dbt_project/tests",
    )
