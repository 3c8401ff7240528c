"""Options that several commands have, each said once.

Nothing here, and nothing that a command module imports at its head, may load DuckDB, Arrow or Airflow: `siyu --help`
and an error of usage answer at once.
"""

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Where state lives; default $SIYU_HOME or .siyu.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
ByOption = Annotated[str, typer.Option("--by", help="Who does this; kept in the audit log.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.")]
