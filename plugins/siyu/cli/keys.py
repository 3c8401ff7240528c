"""`siyu init`, `siyu keys …`: a home before its first night, and what its persons are protected with."""

from typing import Any

import typer

from siyu.cli.options import ByOption, HomeOption, JsonOption, ReasonOption
from siyu.cli.terminal import print_result

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """What persons are protected with: the keys of a home."""


def init(
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a home and its keys, and say what comes next.

    A home that is there stays as it is. The first night would make both too; made before, the keys can be backed up
    before anything depends on them.

    Example: siyu init --home /srv/siyu
    """
    from siyu.landing.personal import open_keys
    from siyu.settings import find_home

    place = find_home(home)
    is_new = not place.version_file.exists()
    open_keys(place.create())
    facts: dict[str, Any] = {"home": str(place), "keys": str(place.keys), "is_new": is_new}
    words = [
        f"{place} {'is made' if is_new else 'was there already, and is as it was'}",
        f"keys: {place.keys}; copy them to a safe place now: without them no token can be made again, and the vault",
        "      cannot be opened",
        f"next: name accounts in {place.channels_file} (docs/how-to/connect-a-channel.md)",
        f"      or files in {place.settings_file} (docs/how-to/bring-your-own-data.md),",
        f"      then siyu doctor --home {place}",
    ]
    print_result(facts, "\n".join(words), as_json=as_json)


@app.command("rekey")
def rekey_command(
    *,
    by: ByOption,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give everybody a new token, after the key of the tokens has leaked. No member_id changes.

    Everything that has landed and is published is written anew; nights wait meanwhile. Cut off, it goes on when it is
    run again. Backups from before it still open with the leaked key. Kept in the audit log.

    Example: siyu keys rekey --by li.na --reason "leaked" --home /srv/siyu
    """
    from siyu.privacy import rekey
    from siyu.settings import existing_home, load_settings

    place = existing_home(home)
    done = rekey(place, load_settings(place), by=by, reason=reason)
    shown = f"published as {done.published}" if done.published else "nothing is published that has tokens"
    words = [
        f"{done.tokens} tokens are new in {place}; {shown}, {done.revised} publications are revised",
        *(f"commit {name}: it names new tokens" for name in done.seeds),
        f"back {place.keys} up again, and let go of the backups that are older",
    ]
    print_result(done, "\n".join(words), as_json=as_json)


@app.command("rotate")
def rotate(
    *,
    by: ByOption,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace the master key. No token changes; the vault opens as before.

    Old backups open with the keys that are in them. Kept in the audit log.

    Example: siyu keys rotate --by li.na --reason "yearly" --home /srv/siyu
    """
    from siyu.landing.personal import rotate_master_key
    from siyu.settings import existing_home
    from siyu.state import audit_log

    place = existing_home(home)
    entry = audit_log.record(place, by=by, reason=reason, action="rotate_master_key", details={})
    rotate_master_key(place)
    print_result(
        entry, f"{place.keys}: the master key is a new one; back the folder up again", as_json=as_json
    )
