"""`siyu backup` and `siyu restore`: a home's way through the loss of its disk.

Here: arguments and what is printed. Not here: what they do (recovery).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_result
from siyu.errors import DamagedFileError

if TYPE_CHECKING:
    from siyu.recovery import MadeBackup, Restored


_NAMED_IN_A_MESSAGE = 5


def backup(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of backups, best on another disk.")],
    home: HomeOption = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave out the keys; keep a copy of them elsewhere.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy what cannot be made again; nights may go on.

    Example: siyu backup /mnt/backups/siyu --home /srv/siyu
    """
    from siyu.recovery import back_up
    from siyu.settings import existing_home, load_settings

    place = existing_home(home)
    made = back_up(place, load_settings(place), target, with_keys=not without_keys)
    print_result(made, _made(made), as_json=as_json)
    if made.damaged:
        raise DamagedFileError(
            f"already damaged in {place}, and so in this backup: {_few(made.damaged)}",
            expected="the bytes that were registered",
            do="keep the older backups; siyu status and the next night name what mends it",
        )


def restore(
    folder: Annotated[Path, typer.Argument(metavar="BACKUP", help="One backup: DIR/<moment>.")],
    home: Annotated[
        Path, typer.Option("--home", metavar="DIR", help="Where the home shall be; nothing may be there yet.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Make a home from a backup, every byte checked.

    Example: siyu restore backups/20261121T190000.000000Z --home /srv/siyu
    """
    from siyu import recovery
    from siyu.settings import Home

    restored = recovery.restore(folder, Home(home))
    print_result(restored, _stands(restored), as_json=as_json)


def _made(made: "MadeBackup") -> str:
    published = "nothing published" if made.publication_id is None else f"publication {made.publication_id}"
    keys = "with its keys: guard it like the vault" if made.has_keys else "without keys"
    return (
        f"{made.folder}\n"
        f"{made.files:,} files, {_size(made.bytes)} ({made.new_files:,} new, {_size(made.new_bytes)}), "
        f"{made.seconds:.1f} s\n"
        f"{made.loads:,} loads, {published}, {keys}"
    )


def _stands(restored: "Restored") -> str:
    lines = [
        f"{restored.home}: as of the backup of {restored.made_at:%Y-%m-%d %H:%M} UTC",
        f"{restored.files:,} files, {_size(restored.bytes)}, checked, {restored.seconds:.1f} s; "
        f"{restored.loads:,} loads",
    ]
    if restored.publication_id is None:
        lines.append("nothing had been published")
    else:
        shown = "" if restored.served_id == restored.publication_id else ", NOT readable: it was damaged"
        lines.append(f"publication {restored.publication_id}, as of {restored.as_of_date}{shown}")
    if restored.hold:
        lines.append(f"ON HOLD since rollback to {restored.hold.restores}; siyu publish --resume")
    if restored.damaged:
        lines.append(f"damaged before the backup was taken: {_few(restored.damaged)}")
    lines.append("next:")
    if not restored.has_keys:
        lines.append(f"  put the keys into {restored.home}/keys: nothing can land before")
    lines += [
        f"  see that the paths in {restored.home}/siyu.yml are right on this machine",
        "  land again what came after the backup; what is there already is not written twice",
        f"  siyu nightly --home {restored.home}",
    ]
    return "\n".join(lines)


def _few(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED_IN_A_MESSAGE
    return ", ".join(names[:_NAMED_IN_A_MESSAGE]) + (f" and {more} more" if more > 0 else "")


def _size(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"
