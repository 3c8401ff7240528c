"""`siyu export`: a published table as a file for a spreadsheet.

Here: arguments and what is printed. Not here: how cells are written (publication.exports).
"""

from pathlib import Path
from typing import Annotated

import typer

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_result


def export(
    model: Annotated[str, typer.Argument(metavar="TABLE", help="A published table, e.g. kpi_daily.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What to write; its ending, .csv or .xlsx, says how.")
    ],
    *,
    publication: Annotated[
        int | None,
        typer.Option("--publication", metavar="ID", help="Id of a publication; default the current one."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a published table as CSV or XLSX, for Excel.

    Example: siyu export kpi_daily kpi_daily.xlsx
    """
    from siyu.publication.exports import export_table
    from siyu.settings import existing_home

    made = export_table(existing_home(home), model, file, publication_id=publication, force=force)
    words = f"{made.rows:,} rows of {made.model}, publication {made.publication}: {made.file}"
    print_result(made, words, as_json=as_json)
