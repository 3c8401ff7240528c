"""`bench/plain_night.sql` in one process: `python -m siyu.bench.plain FILE AS_OF TIMEZONE CURRENCY MEMORY THREADS`.

FILE is a DuckDB file whose schema `raw` shows the registered files; tables go into it, Parquet into the current folder.
Standard output gets one JSON document: seconds by statement that took longer than a tenth of one.
No other room is imported, so that what is measured is DuckDB.
"""

import json
import re
import sys
import time
from pathlib import Path

import duckdb

PROJECT = Path(__file__).resolve().parents[3]
PLAIN_NIGHT = PROJECT / "bench" / "plain_night.sql"
SEEDS = PROJECT / "dbt_project" / "seeds"
_WORTH_TELLING_SECONDS = 0.1
_WHAT_IT_MAKES = re.compile(r"(?:create (?:temp )?table|to) '?([a-z_.]+)")


def run_plain_night(
    file: Path, variables: dict[str, str], *, memory_limit: str, threads: int
) -> dict[str, float]:
    """Seconds by the name of what a statement makes."""
    seconds = {}
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": threads,
        "disabled_optimizers": "top_n_window_elimination",  # it errs; see siyu.engine
    }
    with duckdb.connect(str(file), config=config) as connection:
        for name, value in variables.items():
            connection.execute(f"set variable {name} = ?", [value])
        for statement in connection.extract_statements(PLAIN_NIGHT.read_text(encoding="utf-8")):
            started = time.monotonic()
            connection.execute(statement)
            if (took := time.monotonic() - started) > _WORTH_TELLING_SECONDS:
                made = _WHAT_IT_MAKES.search(statement.query)
                seconds[made[1] if made else statement.query[:40]] = round(took, 2)
    return seconds


if __name__ == "__main__":
    file, as_of_date, timezone, currency, memory_limit, threads = sys.argv[1:]
    given = {
        "as_of_date": as_of_date,
        "business_timezone": timezone,
        "reporting_currency": currency,
        "seeds": str(SEEDS),
    }
    json.dump(run_plain_night(Path(file), given, memory_limit=memory_limit, threads=int(threads)), sys.stdout)
