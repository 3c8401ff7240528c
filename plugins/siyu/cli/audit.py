"""`siyu audit …`: accept a warning for a while, list what is accepted, withdraw it.

Here: arguments and what is printed. Not here: what may be accepted (gate.acceptance).
"""

from datetime import datetime
from typing import Annotated

import typer

from siyu.cli.options import ByOption, HomeOption, JsonOption, ReasonOption
from siyu.cli.terminal import print_json, visible
from siyu.settings import existing_home, load_settings

app = typer.Typer(no_args_is_help=True)

CheckArgument = Annotated[str, typer.Argument(metavar="CHECK", help="The id of a check, as in verdict.html.")]


@app.callback()
def about() -> None:
    """Accept warnings of the audit for a while. Critical checks cannot be overridden."""


@app.command("accept")
def accept(
    check: CheckArgument,
    by: ByOption,
    reason: ReasonOption,
    until: Annotated[
        datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day on which it is not told.")
    ],
    home: HomeOption = None,
) -> None:
    """Do not tell of a warning again until the end of a day.

    Example: siyu audit accept channels_still_sell --by li.na --reason "stock-taking" --until 2026-12-31
    """
    from siyu.gate.acceptance import accept_warning

    place = existing_home(home)
    made = accept_warning(place, load_settings(place), check, by=by, reason=reason, until=until.date())
    typer.echo(visible(f"{made.check_id} is accepted until {made.until} by {made.by}"))


@app.command("withdraw")
def withdraw(check: CheckArgument, by: ByOption, reason: ReasonOption, home: HomeOption = None) -> None:
    """Tell of a warning again, from the next audit on."""
    from siyu.gate.acceptance import withdraw_acceptance

    place = existing_home(home)
    withdraw_acceptance(place, load_settings(place), check, by=by, reason=reason)
    typer.echo(visible(f"{check} is told again"))


@app.command("accepted")
def accepted(
    home: HomeOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the warnings that are accepted today, with by whom, until when and why."""
    from siyu.gate.acceptance import accepted_warnings

    place = existing_home(home)
    found = accepted_warnings(place, load_settings(place))
    if as_json:
        print_json([found[name] for name in sorted(found)])
        return
    for name in sorted(found):
        one = found[name]
        typer.echo(visible(f"{name}  until {one.until}  by {one.by}: {one.reason}"))
    if not found:
        typer.echo("no warning is accepted")
