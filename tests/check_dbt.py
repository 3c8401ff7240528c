"""Lint and conventions of the dbt project, part of `make check`: `python -m tests.check_dbt`.

dbt parses the project once: sqlfluff's templater, asked for the same profile and variables, finds that parse, and it is
kept for the pages of docs/ and for the tests.
"""

import json
import subprocess
import sys
import tempfile
from configparser import ConfigParser
from pathlib import Path

from siyu.settings import PROJECT
from siyu.warehouse.parsed import keep_parsed, parsed_file

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


def as_sqlfluff_parses() -> list[str]:
    """Arguments that let dbt parse what sqlfluff's templater would, so that it need not parse again."""
    configured = ConfigParser()
    configured.read(PROJECT / ".sqlfluff")
    variables = dict(configured["sqlfluff:templater:dbt:context"])
    return ["--profile", configured["sqlfluff:templater:dbt"]["profile"], "--vars", json.dumps(variables)]


if __name__ == "__main__":
    project = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    with tempfile.TemporaryDirectory() as folder:
        # the conventions are read from the manifest, which dbt-bouncer looks for in the project's target folder
        run("dbt", "--quiet", "parse", *project, *as_sqlfluff_parses(), "--log-path", folder)
        keep_parsed(parsed_file(DBT_PROJECT, {}), DBT_PROJECT / "target")
        run("dbt-bouncer", "--config-file", "dbt-bouncer.yml")
    folders = ("dbt_project/models", "dbt_project/tests")
    run("sqlfluff", "lint", "--disable-progress-bar", "--processes", "2", *folders)
