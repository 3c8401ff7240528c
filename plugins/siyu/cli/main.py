"""The `siyu` command: its sub-commands, and how an error becomes one paragraph and an exit code."""

import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from siyu import __version__
from siyu.cli import audit, bench, doctor, export, mapping, notify, postgres, publication, recovery, sandbox
from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_json, visible
from siyu.errors import ExitCode, SiyuError
from siyu.settings import find_home

app = typer.Typer(
    name="siyu",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Nightly member, segment and ROI marts for private-domain (私域) marketing.",
)
app.add_typer(mapping.app, name="mapping", help="Draft a mapping, or see what it would land.")
app.add_typer(
    sandbox.app, name="sandbox", help="Generated input, so that siyu runs with no account anywhere."
)
app.add_typer(postgres.app, name="postgres", help="The PostgreSQL that serves the marts to BI.")
app.add_typer(bench.app, name="bench", help="Figures that a choice rests on.")
app.add_typer(audit.app, name="audit", help="Accept warnings of the audit for a while.")


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Everything that is not a sub-command."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def nightly(
    mappings: Annotated[
        list[Path] | None, typer.Option("--mapping", help="A mapping; repeat in pairs.")
    ] = None,
    paths: Annotated[list[Path] | None, typer.Option("--path", help="The file or folder it reads.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Last business day; default the newest order's."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a whole night: land the files, build the marts, audit them, publish or refuse.

    Example: siyu nightly --mapping examples/mappings/tmall_orders.yml --path exports/ --home .siyu/tmall
    """
    from siyu.cli.night_report import StepProgress, print_night
    from siyu.orchestration.nightly import parse_sources, run_night

    sources = parse_sources(mappings or [], paths or [])
    with StepProgress(Console(stderr=True), quiet=as_json) as progress:
        night = run_night(
            find_home(home), sources, as_of=as_of.date() if as_of else None, on_step=progress.step_ended
        )
    if as_json:
        print_json(night)
    else:
        print_night(Console(), night, find_home(home))


# in the order of the help: what a person asks most first
app.command("status")(publication.status)
app.command("doctor")(doctor.doctor)
app.command("rollback")(publication.rollback)
app.command("publish")(publication.publish)
app.command("export")(export.export)
app.command("backup")(recovery.backup)
app.command("restore")(recovery.restore)
app.command("notify")(notify.notify)


def run() -> None:
    """Entry point: an error ends as one paragraph on standard error, with its exit code."""
    try:
        app()
    except SiyuError as error:
        _end(str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: a bug must not end with the code of a refusal
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        # the text of an unknown error may hold a person's value
        _end(f"unexpected {type(error).__name__} at {place}; this is a defect of siyu", ExitCode.UNEXPECTED)


def _end(message: str, code: ExitCode) -> NoReturn:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(visible(f"siyu: {message}"))
    sys.exit(int(code))
