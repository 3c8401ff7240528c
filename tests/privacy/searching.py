"""Looking for persons in everything a home holds: what its formats compress or seal away is decoded first."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from siyu.errors import DamagedFileError
from siyu.landing import read_records
from siyu.landing.personal import open_private_key, unseal
from siyu.settings import Home
from tests.security.secrets import contents

# runs of letters that a phone, e-mail, id, token or member_id is one of, whatever stands around it
_RUN = re.compile(rb"[\w@.+-]{6,}")
_DATABASES = {"siyu.yml", "version"}


def places_of(home: Home) -> dict[str, list[Path]]:
    """The files of a home by place: each room, each publication, each file that is served."""
    places: dict[str, list[Path]] = defaultdict(list)
    for file in sorted(home.root.rglob("*")):
        if not file.is_file() or file.parent == home.keys or file.name in _DATABASES:
            continue
        room, *inner = file.relative_to(home.root).parts
        if room == "published":
            room = f"{room}/{inner[0]}"
        elif room in {"raw", "publications"} and len(inner) > 1:
            room = f"{room}/{inner[0] if room == 'publications' else inner[1]}"
        places[room].append(file)
    return places


def found_in(home: Home, needles: Mapping[str, str], *, with_private_key: bool = True) -> dict[str, set[str]]:
    """By place, whose names (values of `needles`, by what to look for) are there; a place without any has none.

    Without the private key the vault is looked at as whoever steals its files does.
    """
    by_bytes = {needle.encode(): owner for needle, owner in needles.items()}
    found: dict[str, set[str]] = {}
    for place, files in places_of(home).items():
        found[place] = {
            by_bytes[run]
            for file in files
            for content in _decoded(home, file, with_private_key=with_private_key)
            for run in set(_RUN.findall(content)) & by_bytes.keys()
        }
    return found


def unsealed(home: Home) -> list[dict[str, Any]]:
    """All records of the vault that loads name, in the order of the loads."""
    private = open_private_key(home)
    return [
        one
        for record in read_records(home)
        if record.vault
        for one in unseal(home.root / record.vault.file, private)
    ]


def _decoded(home: Home, file: Path, *, with_private_key: bool) -> Iterator[bytes]:
    yield from contents(file)
    if with_private_key and file.suffix == ".sealed":
        try:
            for record in unseal(file, open_private_key(home)):
                yield json.dumps(record).encode()
                yield str(record.get("row")).encode()
        except DamagedFileError:  # a landing that was killed left what it had written of it
            if not file.is_relative_to(home.staging):
                raise
