"""`siyu report`: the page about what is published.

Here: arguments and what is printed. Not here: what is on the page (report).
"""

from typing import Annotated

import typer

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_result


def report(
    *,
    publication: Annotated[
        int | None,
        typer.Option("--publication", metavar="ID", help="Id of a publication; default the current one."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report about a publication, and print where it is.

    Every night does the same for what it publishes.

    Example: siyu report --home .siyu/mine
    """
    from siyu.report import write_report
    from siyu.settings import existing_home, load_settings

    place = existing_home(home)
    written = write_report(place, load_settings(place), publication_id=publication)
    print_result(written, str(written.file), as_json=as_json)
