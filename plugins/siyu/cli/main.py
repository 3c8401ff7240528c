"""The `siyu` command: its sub-commands, and how an error becomes one paragraph and an exit code."""

import sys
import traceback
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from siyu import __version__
from siyu.cli import (
    audit,
    bench,
    doctor,
    export,
    keys,
    mapping,
    member,
    notify,
    postgres,
    privacy,
    publication,
    recovery,
    report,
    sandbox,
    sandbox_nights,
)
from siyu.cli.help import BEGIN, EVERY_NIGHT, KEEPING, MENDING, Story
from siyu.cli.options import HomeOption, JsonOption, day
from siyu.cli.terminal import one_paragraph, print_json, visible
from siyu.cli.usage import is_help, usage_error
from siyu.errors import ExitCode, SiyuError

if TYPE_CHECKING:
    from siyu.orchestration.nightly import Night
    from siyu.settings import Home

app = typer.Typer(
    name="siyu",
    cls=Story,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: it fits a screen, and rich need not be loaded to show it
    subcommand_metavar="COMMAND",
    help="siyu 私域: member, segment and ROI marts every night, audited, then published.",
    epilog="siyu COMMAND --help shows its options and an example; siyu --version.",
)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Everything that is not a sub-command."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


def nightly(
    *,
    mappings: Annotated[
        list[Path] | None,
        typer.Option("--mapping", metavar="FILE", help="A mapping; repeat in pairs with --path."),
    ] = None,
    paths: Annotated[
        list[Path] | None, typer.Option("--path", metavar="PATH", help="The file or folder that it reads.")
    ] = None,
    as_of: Annotated[
        date | None,
        typer.Option(
            "--as-of", parser=day, metavar="DAY", help="Last business day; default the newest order's."
        ),
    ] = None,
    business_date: Annotated[
        date | None,
        typer.Option(
            "--business-date", parser=day, metavar="DAY", help="Day to read channels for; default yesterday."
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Land files and channels, build, audit, publish or refuse.

    It reads the channels of channels.yml in the home and, without --mapping and --path, the `files` of its siyu.yml.
    Its steps are shown on a terminal alone.

    Example: siyu nightly --mapping mine.yml --path exports/ --home .siyu/mine
    """
    from siyu.orchestration.nightly import parse_sources, run_night
    from siyu.settings import find_home

    sources = parse_sources(mappings or [], paths or [])
    _show_night(
        partial(run_night, find_home(home), sources, as_of=as_of, business_date=business_date),
        find_home(home),
        as_json=as_json,
    )


def backfill(
    channels: Annotated[
        list[str] | None, typer.Argument(metavar="[CHANNEL]…", help="Of channels.yml; default all of them.")
    ] = None,
    *,
    first: Annotated[
        date, typer.Option("--from", parser=day, metavar="DAY", help="First day to read again.")
    ],
    last: Annotated[date, typer.Option("--to", parser=day, metavar="DAY", help="Last day, included.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read days of channels again, then build and publish once.

    Rows that are there already are not landed again. Lists that are only ever read as they are now, such as contacts,
    have no past to read.

    Example: siyu backfill youzan taobao --from 2026-03-01 --to 2026-03-07
    """
    from siyu.orchestration.nightly import run_backfill
    from siyu.settings import existing_home

    place = existing_home(home)
    again = partial(run_backfill, place, channels or [], first=first, last=last)
    _show_night(again, place, as_json=as_json)


def _show_night(run_: Callable[..., "Night"], home: "Home", *, as_json: bool) -> None:
    from rich.console import Console

    from siyu.cli.night_report import StepProgress, print_night

    with StepProgress(Console(stderr=True), quiet=as_json) as progress:
        night = run_(on_step=progress.step_ended)
    if as_json:
        print_json(night)
    else:
        print_night(Console(), night, home)


# in the order in which a person meets them
sandbox.app.command("nights")(sandbox_nights.nights)
app.add_typer(
    sandbox.app,
    name="sandbox",
    rich_help_panel=BEGIN,
    help="A simulated brand, to try siyu without an account.",
)
app.add_typer(
    mapping.app, name="mapping", rich_help_panel=BEGIN, help="Say how your files become orders; try it dry."
)
app.command("init", rich_help_panel=BEGIN)(keys.init)
app.command("nightly", rich_help_panel=EVERY_NIGHT)(nightly)
app.command("status", rich_help_panel=EVERY_NIGHT)(publication.status)
app.command("report", rich_help_panel=EVERY_NIGHT)(report.report)
app.command("export", rich_help_panel=EVERY_NIGHT)(export.export)
app.command("doctor", rich_help_panel=MENDING)(doctor.doctor)
app.add_typer(
    audit.app, name="audit", rich_help_panel=MENDING, help="Accept a warning of the audit for a while."
)
app.add_typer(
    member.app, name="member", rich_help_panel=MENDING, help="Say why accounts are one person, or are not."
)
app.command("erase", rich_help_panel=MENDING)(privacy.erase)
app.command("export-member", rich_help_panel=MENDING)(privacy.export_member)
app.command("backfill", rich_help_panel=MENDING)(backfill)
app.command("rollback", rich_help_panel=MENDING)(publication.rollback)
app.command("publish", rich_help_panel=MENDING)(publication.publish)
app.command("notify", rich_help_panel=MENDING)(notify.notify)
app.add_typer(
    postgres.app, name="postgres", rich_help_panel=KEEPING, help="Prepare a PostgreSQL to serve BI."
)
app.add_typer(keys.app, name="keys", rich_help_panel=KEEPING, help="Replace what persons are protected with.")
app.command("backup", rich_help_panel=KEEPING)(recovery.backup)
app.command("restore", rich_help_panel=KEEPING)(recovery.restore)
app.add_typer(bench.app, name="bench", rich_help_panel=KEEPING, help="Measure what a night takes.")


def run() -> None:
    """Entry point: an error ends as one paragraph on standard error, with its exit code.

    A program that asked for JSON finds the same as a document on standard output: `{"error": …, "exit_code": …}`.
    """
    try:
        sys.exit(app(standalone_mode=False) or ExitCode.DONE)
    except typer.TyperException as error:
        if is_help(error):
            typer.echo(error.message)
        else:
            _end(str(usage_error(error)), ExitCode.USAGE)
    except SiyuError as error:
        _end(str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: a bug must not end with the code of a refusal
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        # the text of an unknown error may hold a person's value
        _end(f"unexpected {type(error).__name__} at {place}; this is a defect of siyu", ExitCode.UNEXPECTED)


def _end(message: str, code: ExitCode) -> NoReturn:
    typer.echo(visible(one_paragraph(f"siyu: {message}")), err=True)
    if "--json" in sys.argv:
        print_json({"error": one_paragraph(message), "exit_code": int(code)})
    sys.exit(int(code))
