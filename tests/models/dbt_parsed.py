"""dbt's command line over siyu's project, with the parse that was kept: `python -m tests.models.dbt_parsed build …`."""

import os
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner

from siyu.settings import PROJECT
from siyu.warehouse.parsed import find_parsed, keep_parsed, parsed_file

if __name__ == "__main__":
    arguments = sys.argv[1:]
    kept = parsed_file(PROJECT / "dbt_project", {})
    manifest = find_parsed(kept, Path(os.environ["SIYU_WAREHOUSE_PATH"]).stem)
    answer = dbtRunner(manifest=manifest).invoke(arguments)
    keep_parsed(kept, Path(arguments[arguments.index("--target-path") + 1]))
    sys.exit(0 if answer.success else 1)
