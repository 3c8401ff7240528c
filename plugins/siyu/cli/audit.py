"""`siyu audit …`: accept a warning for a while, list what is accepted, withdraw it.

Here: arguments and what is printed. Not here: what may be accepted (gate.acceptance).
"""

from datetime import date
from typing import Annotated

import typer

from siyu.cli.options import ByOption, HomeOption, JsonOption, ReasonOption, day
from siyu.cli.terminal import print_result

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
        date, typer.Option("--until", parser=day, metavar="DAY", help="Last day on which it is not told.")
    ],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do not tell of a warning again until the end of a day.

    \b
    Example: siyu audit accept channels_still_sell \\
        --by li.na --reason "stock-taking" --until 2026-12-31
    """
    from siyu.gate.acceptance import accept_warning
    from siyu.settings import existing_home, load_settings

    place = existing_home(home)
    made = accept_warning(place, load_settings(place), check, by=by, reason=reason, until=until)
    print_result(made, f"{made.check_id} is accepted until {made.until} by {made.by}", as_json=as_json)


@app.command("withdraw")
def withdraw(
    check: CheckArgument,
    by: ByOption,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell of a warning again, from the next audit on.

    \b
    Example: siyu audit withdraw channels_still_sell \\
        --by li.na --reason "they sell again"
    """
    from siyu.gate.acceptance import withdraw_acceptance
    from siyu.settings import existing_home, load_settings

    place = existing_home(home)
    withdraw_acceptance(place, load_settings(place), check, by=by, reason=reason)
    print_result({"withdrawn": check}, f"{check} is told again", as_json=as_json)


@app.command("accepted")
def accepted(
    home: HomeOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the warnings that are accepted today, by whom and why.

    Example: siyu audit accepted --home /srv/siyu
    """
    from siyu.gate.acceptance import accepted_warnings
    from siyu.settings import existing_home, load_settings

    place = existing_home(home)
    found = [one for _, one in sorted(accepted_warnings(place, load_settings(place)).items())]
    lines = [f"{one.check_id}  until {one.until}  by {one.by}: {one.reason}" for one in found]
    print_result(found, "\n".join(lines) or "no warning is accepted", as_json=as_json)
