"""Options that several commands have, each said once.

Nothing here, and nothing that a command module imports at its head, may load DuckDB, Arrow, Airflow, pydantic or rich:
`siyu --help` and an error of usage answer at once.
"""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer


def day(text: str | date) -> date:
    """A calendar day from the command line; a default is one already.

    Raises:
        ValueError: It is none; the text says what is expected.
    """
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day such as 2026-12-31") from None


HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Where state lives; default $SIYU_HOME or .siyu."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this; kept in the audit log.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit log.")]
