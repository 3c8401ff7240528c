"""One DuckDB file per run: who may write it, how dbt fills it, what the run leaves on record.

Here: the lock and life of a warehouse file, the dbt runner, the record of a build. Not here: what lands in raw
(landing), what readers see (publication), when a run starts (orchestration).
"""

from siyu.warehouse.build import build_warehouse, code_revision, show_sources
from siyu.warehouse.members import explain_member
from siyu.warehouse.opening import LOCK_NAME, open_warehouse, prune_warehouses, warehouse_lock
from siyu.warehouse.published import Published
from siyu.warehouse.records import Build, Step, checked_run_id, dbt_folder, read_build

__all__ = [
    "LOCK_NAME",
    "Build",
    "Published",
    "Step",
    "build_warehouse",
    "checked_run_id",
    "code_revision",
    "dbt_folder",
    "explain_member",
    "open_warehouse",
    "prune_warehouses",
    "read_build",
    "show_sources",
    "warehouse_lock",
]
