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
    purpose: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="PURPOSE",
            help="What rows about persons leave for: analysis, or e.g. marketing (who consented alone).",
        ),
    ] = None,
    contact_channel: Annotated[
        str | None,
        typer.Option("--via", metavar="CHANNEL", help="How they will be contacted, e.g. sms or wecom."),
    ] = None,
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

    made = export_table(
        existing_home(home),
        model,
        file,
        purpose=purpose,
        contact_channel=contact_channel,
        publication_id=publication,
        force=force,
    )
    words = f"{made.rows:,} rows of {made.model}, publication {made.publication}: {made.file}"
    if made.left_out:
        words += f"\n{made.left_out:,} rows left out: no consent to {purpose} by {contact_channel}"
    print_result(made, words, as_json=as_json)
