"""One writer at a time: the lock around a fresh warehouse file, and the removal of old ones.

Here: life and death of the files in `warehouse/`. Not here: what is written into them.
"""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from siyu.settings import Home, Settings
from siyu.state.locks import Holder, hold
from siyu.storage import make_folder
from siyu.warehouse.records import build_file, checked_run_id

LOCK_NAME = "warehouse.lock"


def warehouse_lock(home: Home, settings: Settings, *, run_id: str) -> AbstractContextManager[Holder]:
    """The lock that whoever writes or exports a warehouse file holds; LockedError names its holder."""
    return hold(home.state / LOCK_NAME, run_id=run_id, wait_seconds=settings.lock_wait_seconds)


def spill_folder(warehouse: Path) -> Path:
    """Where DuckDB puts rows of this file's connections that do not fit in memory; its own default."""
    return warehouse.with_name(f"{warehouse.name}.tmp")


@contextmanager
def open_warehouse(home: Home, settings: Settings, *, run_id: str) -> Iterator[Path]:
    """Hold the warehouse lock and yield the path of this run's DuckDB file, which does not exist yet.

    What a killed run of the same id left behind (file, log, spilled rows, record of the build) is removed first,
    so a rerun starts from nothing. Spilled rows are not encrypted: nor is the file beside them, which holds the
    same rows and no clear personal value; they are gone when the block ends.

    Raises:
        LockedError: Another run holds the lock for longer than `lock_wait_seconds`.
    """
    warehouse = home.warehouses / f"{checked_run_id(run_id)}.duckdb"
    with warehouse_lock(home, settings, run_id=run_id):
        make_folder(home.warehouses)
        build_file(home, run_id).unlink(missing_ok=True)
        remove_warehouse(warehouse)
        try:
            yield warehouse
        finally:
            shutil.rmtree(spill_folder(warehouse), ignore_errors=True)


def remove_warehouse(warehouse: Path) -> None:
    """Remove a warehouse file with its write-ahead log and spilled rows; absent ones are fine."""
    warehouse.unlink(missing_ok=True)
    warehouse.with_name(f"{warehouse.name}.wal").unlink(missing_ok=True)
    shutil.rmtree(spill_folder(warehouse), ignore_errors=True)


def prune_warehouses(home: Home, settings: Settings) -> dict[str, int]:
    """Remove all but the newest `keep_warehouses` files, and spilled rows of killed runs.

    The caller holds the warehouse lock. Returns bytes freed per run id; empty when there was nothing to remove.
    """
    newest_first = sorted(
        home.warehouses.glob("*.duckdb"), key=lambda file: (file.stat().st_mtime_ns, file.name), reverse=True
    )
    removed = {}
    for warehouse in newest_first[settings.keep_warehouses :]:
        removed[warehouse.stem] = warehouse.stat().st_size
        remove_warehouse(warehouse)
    for orphan in home.warehouses.glob("*.duckdb.tmp"):
        shutil.rmtree(orphan, ignore_errors=True)
    return removed
