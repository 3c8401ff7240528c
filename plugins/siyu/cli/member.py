"""`siyu member …`: why accounts are one person, or are not.

Here: arguments and what is printed. Not here: where it is read (warehouse.members).
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_result

if TYPE_CHECKING:
    from siyu.warehouse.members import Explanation, NotFollowed

app = typer.Typer(no_args_is_help=True)

_REASONS = {
    "over_limit": "a person would have more of a type than the rule allows",
    "blocked_by_degree": "seen with so many that it names nobody",
    "noted_elsewhere": "a guide noted it, whose city is not that of the number's card",
    "blocked_by_list": "listed as nobody's",
    "recycled": "after that silence it is another owner's",
    "unlinked": "a decision says that they are two persons",
}


@app.callback()
def about() -> None:
    """Say why accounts are one person, or are not."""


@app.command("explain")
def explain(
    member_id: Annotated[str, typer.Argument(metavar="ID", help="A member_id, or a former one.")],
    *,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE.svg", dir_okay=False, help="Draw it too, without a token."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a member's identifiers, and why they are one person.

    With what was not followed, and what became of the member; of the night that is published. Identifiers are tokens,
    as the seeds of decisions take them.

    Example: siyu member explain m0123456789abcdef0123
    """
    from siyu.publication import standing_publication
    from siyu.report.member_picture import member_picture
    from siyu.settings import existing_home
    from siyu.storage import written_whole
    from siyu.warehouse import explain_member, read_build

    place = existing_home(home)
    explanation = explain_member(read_build(place, standing_publication(place).run_id).path, member_id)
    if picture:
        with written_whole(picture) as staged:
            staged.write_text(member_picture(explanation), encoding="utf-8")
    print_result(explanation, "\n".join(_lines(explanation)), as_json=as_json)


def _lines(told: "Explanation") -> Iterator[str]:
    if told.asked_for != told.member_id:
        yield f"{told.asked_for} is {told.member_id} today."
    if len(told.identifiers) <= 1:
        yield (
            f"{told.member_id} is one account of {told.channel_code}:"
            " it was never seen with an identifier that is followed."
        )
    else:
        yield f"{told.member_id} is one person with {len(told.identifiers)} identifiers:"
    numbers: dict[str, str] = {}
    for number, one in enumerate(told.identifiers, start=1):
        numbers.setdefault(one.identifier, str(number))
        gives = ", gives the id" if one.gives_the_id else ""
        yield f"  {number:>3}  {one.identifier}{gives}, {_span(one.valid_from, one.valid_to)}"
    if told.links:
        yield "Seen together:"
    for link in told.links:
        left, right = numbers[link.left_identifier], numbers[link.right_identifier]
        yield f"  {left:>3} + {right}: {link.source}, {_span(link.first_seen_at, link.last_seen_at)}"
    if told.not_followed:
        yield "Not followed:"
    for conflict in told.not_followed:
        yield f"  {_not_followed(conflict, numbers)}"
    if told.events:
        yield "What became of it:"
    for event in told.events:
        into = f" to {event.to_member_id}" if event.to_member_id else ""
        yield f"  {event.as_of_date} {event.event}: {event.from_member_id}{into} ({', '.join(event.reasons)})"


def _not_followed(conflict: "NotFollowed", numbers: dict[str, str]) -> str:
    ends = [
        numbers.get(end, end)
        for end in (conflict.left_identifier, conflict.right_identifier)
        if end is not None
    ]
    whom = f", which would have joined {conflict.other_member_id}" if conflict.other_member_id else ""
    counts = (
        f": {conflict.found_count} found, {conflict.allowed_count} allowed"
        if conflict.found_count is not None and conflict.allowed_count is not None
        else ""
    )
    return f"{' + '.join(ends)}{whom}: {conflict.reason}, {_REASONS[conflict.reason]}{counts}"


def _span(first: datetime | None, last: datetime | None) -> str:
    if first is None and last is None:
        return "at an unknown time"
    if last is None:
        return f"since {first:%Y-%m-%d}"
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}" if first else f"until {last:%Y-%m-%d}"
