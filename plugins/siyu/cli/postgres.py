"""`siyu postgres install`: a database made ready to serve the marts.

Here: where the administrator's address and the passwords come from, and what is said at the end. Not here: what is
made (publication.postgres.install).
"""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_result
from siyu.errors import UsageError

ADMIN_VARIABLE = "SIYU_POSTGRES_ADMIN"

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """The PostgreSQL that serves the marts to BI."""


@app.command("install")
def install(
    publisher_password_file: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Its first line becomes the password of role publisher."),
    ],
    reader_password_file: Annotated[
        Path, typer.Option(metavar="FILE", help="Its first line becomes the password of role bi_reader.")
    ],
    admin_uri_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"Its first line is the administrator's URI; default: variable {ADMIN_VARIABLE}.",
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make schemas, roles and functions in a database; safe to repeat.

    It brings an older installation up to date. siyu publishes as role publisher, BI reads as role bi_reader. The
    address of the administrator comes from a file or a variable, never from the command line, which others can see.

    \b
    Example: siyu postgres install --admin-uri-file admin \\
        --publisher-password-file publisher --reader-password-file bi_reader
    """
    from siyu.publication.postgres import VARIABLE, uri_file
    from siyu.publication.postgres import install as installing
    from siyu.publication.postgres.connection import checked_uri, described
    from siyu.settings import find_home

    uri = checked_uri(
        _first_line(admin_uri_file) if admin_uri_file else os.environ.get(ADMIN_VARIABLE, "").strip(),
        origin=str(admin_uri_file or ADMIN_VARIABLE),
    )
    installing.install(
        uri,
        publisher_password=_first_line(publisher_password_file),
        reader_password=_first_line(reader_password_file),
    )
    made = {
        "server": described(uri),
        "version": installing.version(),
        "schemas": ["marts", "restricted", "marts_candidate", "publishing"],
        "roles": ["marts_owner", "publisher", "bi_reader"],
    }
    server, _, database = described(uri).rpartition("/")
    serving = f"postgresql://publisher:PASSWORD@{server}/{quote(database)}"
    print_result(
        made,
        f"PostgreSQL at {made['server']}: {made['version']} stands\n"
        f"  schemas {', '.join(made['schemas'])}\n"
        f"  roles   {', '.join(made['roles'])}\n"
        "connection postgres_serving, either of:\n"
        f"  {VARIABLE}='{serving}'\n"
        f"  that URI as the one line of {uri_file(find_home(home))}, mode 0600\n"
        "BI logs in as bi_reader and reads schema marts. Then: siyu doctor",
        as_json=as_json,
    )


def _first_line(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(
            f"{file} cannot be read ({type(fault).__name__})",
            expected="a text file with one line",
            do="name the right file",
        ) from None
    return lines[0].strip() if lines else ""
