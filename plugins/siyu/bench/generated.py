"""The order log that a night is measured over: any number of orders and members, written by DuckDB in seconds.

Here: running bench/generated_log.sql. Not here: the rows (that file), how they are mapped (bench/generated_log.yml).
"""

import os
from pathlib import Path

import duckdb

from siyu.settings import PROJECT
from siyu.storage import make_folder

LOG_SQL = PROJECT / "bench" / "generated_log.sql"
LOG_MAPPING = PROJECT / "bench" / "generated_log.yml"
LAST_FILE = "costs.parquet"  # written last, and the smallest


def write_log(folder: Path, *, orders: int, members: int, seed: int = 1, memory_limit: str = "6GB") -> Path:
    """Write the log into `folder`, which is made; the same numbers give the same rows.

    Args:
        folder: Gets the Parquet files.
        orders: Their number, cancelled ones among them.
        members: From how many persons the buyers are drawn; a few of them never buy.
        seed: Another one gives another log.
        memory_limit: DuckDB's; what does not fit goes to a folder beside.
    """
    make_folder(folder)
    before = Path.cwd()
    with duckdb.connect(config={"memory_limit": memory_limit}) as connection:
        for name, value in (("orders", orders), ("members", members), ("seed", seed)):
            connection.execute(f"set variable {name} = ?", [value])
        os.chdir(folder)  # the file names its outputs relative to the current folder
        try:
            connection.execute(LOG_SQL.read_text(encoding="utf-8"))
        finally:
            os.chdir(before)
    return folder
