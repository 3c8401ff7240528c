"""`siyu erase` and `siyu export-member`: what a person may ask of the brand.

Here: arguments and what is printed. Not here: what they do (privacy).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siyu.cli.options import ByOption, HomeOption, JsonOption, ReasonOption
from siyu.cli.terminal import as_plain, print_result
from siyu.errors import UsageError

if TYPE_CHECKING:
    from siyu.privacy import Erasure, Request


def erase(
    member_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A member_id, or a former one.")
    ] = None,
    *,
    requests: Annotated[
        Path | None, typer.Option("--requests", metavar="FILE", help="CSV with the columns kind and value.")
    ] = None,
    by: ByOption,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget persons: everywhere, for good.

    Orders stay in the books, without the person. A request names a member_id, phone, email, unionid, openid or
    external_userid; a file keeps these out of the history of your shell. Remove the file afterwards. Without ID and
    --requests it finishes what was cut off.

    Example: siyu erase --requests requests.csv --by li.na --reason "letter 7"
    """
    from siyu import privacy
    from siyu.cli.publication import write_report_of
    from siyu.settings import existing_home, load_settings

    if member_id and requests:
        raise UsageError("both ID and --requests", expected="one of them", do="add the id to the file")
    place = existing_home(home)
    asked = privacy.read_requests(requests) if requests else _of_member(member_id)
    proof = privacy.erase(place, load_settings(place), asked, by=by, reason=reason)
    if proof.swept.publications.published:
        write_report_of(place)
    print_result(proof, _told(proof), as_json=as_json)


def export_member(
    member_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A member_id, or a former one.")
    ] = None,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Where to write; nothing may be there.")],
    request: Annotated[
        Path | None,
        typer.Option("--request", metavar="FILE", help="CSV with the columns kind and value, and one row."),
    ] = None,
    by: ByOption,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write all that is held of a person, clear, as JSON.

    For the person alone: identifiers, what was told of them, rows that landed, rows that were not understood, and
    what is published of them.

    Example: siyu export-member m0123 --to li.json --by li.na --reason "letter 7"
    """
    from siyu import privacy
    from siyu.settings import existing_home, load_settings
    from siyu.storage import PRIVATE_FILE

    asked = privacy.read_requests(request) if request else _of_member(member_id)
    if len(asked) != 1 or (member_id and request):
        raise UsageError(
            f"{len(asked)} requests", expected="one person: ID, or --request with one row", do="name one"
        )
    place = existing_home(home)
    exported = privacy.export_member(place, load_settings(place), asked[0], by=by, reason=reason)
    try:
        to.touch(mode=PRIVATE_FILE, exist_ok=False)
    except OSError as fault:
        raise UsageError(
            f"{to} cannot be made ({type(fault).__name__})", expected="a new file", do="name another"
        ) from None
    to.write_text(
        json.dumps(exported, ensure_ascii=False, indent=2, default=as_plain) + "\n", encoding="utf-8"
    )
    rows = sum(map(len, exported.rows.values()))
    told = {"file": str(to), "identifiers": len(exported.identifiers), "rows": rows}
    print_result(told, f"{to}: {len(exported.identifiers)} identifiers, {rows} rows", as_json=as_json)


def _of_member(member_id: str | None) -> "tuple[Request, ...]":
    from siyu.privacy import Request

    return (Request(kind="member_id", value=member_id),) if member_id else ()


def _told(proof: "Erasure") -> str:
    landed, publications = proof.swept.landed, proof.swept.publications
    lines = [
        f"{proof.persons} of {proof.requests} requests were about persons whom this home knew; they are forgotten.",
        f"landed: {landed.removed} rows gone, {landed.kept_without} stay in the books without the person,"
        f" {landed.quarantined} gone from quarantine, {landed.sealed} values gone from the vault",
        f"published: {publications.removed} rows gone from {publications.revised} publications,"
        f" {publications.kept_without} stay without the person"
        + (f"; publication {publications.published} shows the rest" if publications.published else ""),
        f"removed, to be made anew by the next night: {proof.swept.warehouses} warehouses,"
        f" {proof.swept.windows} half read windows",
        f"backups made before may hold them until {proof.backups_end_on} (backup_retention_days)",
    ]
    if publications.given_up:
        lines.append(f"{publications.given_up} older publications were damaged, and are removed")
    if proof.unknown:
        rows = ", ".join(map(str, proof.unknown))
        lines.append(f"nobody is known by: row {rows} of the requests")
    lines += [f"{line} still names somebody forgotten: remove it" for line in proof.seeds]
    return "\n".join(lines)
