"""`siyu status`, `siyu rollback`, `siyu publish`: what is published, and how a person changes it.

Here: arguments and what is printed. Not here: what they do (publication).
"""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from siyu.cli.options import ByOption, HomeOption, JsonOption, ReasonOption
from siyu.cli.terminal import print_result, visible
from siyu.errors import ExitCode, SiyuError, UsageError

if TYPE_CHECKING:
    from siyu.settings import Home

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def status(
    fresh_within: Annotated[
        str | None,
        typer.Option(
            "--fresh-within",
            metavar="AGE",
            help="End with 1 when the answer is no; AGE (90m, 26h, 2d) replaces the night that was due last.",
        ),
    ] = None,
    *,
    details: Annotated[
        bool, typer.Option("--details", help="All there is: every failure, lock and kept publication.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Can this morning's numbers be trusted? Yes or no, and why.

    Yes: the night that was due last has published (`published_by` in siyu.yml), every target shows it, its bytes are
    what was published, the newest audit passed, nothing is on hold and nothing has failed since.

    Example, for an outside cron: siyu status --fresh-within 26h
    """
    from siyu import publication
    from siyu.clock import utc_now
    from siyu.settings import find_home, load_settings

    limit = None if fresh_within is None else _duration(fresh_within)
    place, now = find_home(home), utc_now()
    settings = load_settings(place)
    found = publication.status(place, now=now)
    age = publication.age_of_the_night_due(settings, now) if limit is None else limit
    doubts = found.doubts(age)
    words = publication.trust_text(found, doubts, settings)
    print_result(
        {"is_trusted": not doubts, "doubts": doubts, **vars(found)},
        f"{words}\n\n{publication.status_text(found)}" if details else words,
        as_json=as_json,
    )
    if limit is not None and doubts:
        raise typer.Exit(int(ExitCode.REFUSED))


def rollback(
    publication_id: Annotated[int, typer.Argument(metavar="ID", help="The publication to bring back.")],
    by: ByOption,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish an earlier publication again, and hold the nights.

    It gets a new id; nothing new is published until `siyu publish --resume`. `siyu status --details` lists the ids.

    Example: siyu rollback 41 --by li.na --reason "wrong price list in 42"
    """
    from siyu import publication
    from siyu.settings import existing_home, load_settings

    place = existing_home(home)
    restored = publication.rollback(place, load_settings(place), publication_id, by=by, reason=reason)
    write_report_of(place)
    words = (
        f"publication {restored.id} restores {publication_id}, as of {restored.as_of_date}; "
        "nothing new is published until: siyu publish --resume"
    )
    print_result(restored, words, as_json=as_json)


def publish(
    run_id: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Run whose audited candidate to publish.")
    ] = None,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="End the hold of a rollback.")] = False,
    by: ByOption = "",
    reason: ReasonOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish an audited candidate, or end a rollback's hold.

    Example: siyu publish --resume --by li.na --reason "price list mended"
    """
    from siyu import publication
    from siyu.settings import existing_home, load_settings

    if resume == bool(run_id):
        raise UsageError(
            "neither or both of RUN and --resume", expected="one of them", do="siyu publish --help shows both"
        )
    place = existing_home(home)
    settings = load_settings(place)
    if run_id:
        made = publication.publish_candidate(place, settings, run_id)
        write_report_of(place)
        words = f"publication {made.id}, as of {made.as_of_date}" + ("" if made.is_new else " (nothing new)")
        print_result(made, words, as_json=as_json)
        return
    ended = publication.resume(place, settings, by=by, reason=reason)
    words = f"no longer on hold since rollback to {ended.restores}" if ended else "nothing was on hold"
    print_result({"ended": ended}, words, as_json=as_json)


def write_report_of(home: "Home") -> None:
    """The page about what is published now; what was published stands, whatever happens here."""
    from siyu.report import write_report
    from siyu.settings import load_settings

    try:
        write_report(home, load_settings(home))
    except (SiyuError, OSError) as fault:
        typer.echo(visible(f"siyu: published, but the report was not written: {fault}"), err=True)


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if not found:
        raise UsageError(
            f"--fresh-within is {text!r}",
            expected="a number and m, h or d, such as 26h",
            do="siyu status --help shows an example",
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
