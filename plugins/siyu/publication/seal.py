"""The seal on a verdict: only the audit of this home can write one that publishing believes.

Here: making and comparing it. Not here: what a verdict says (gate), who asks for it (publish).

It keeps a person with an editor from passing a candidate that was refused. Its key lies in `state/`, for the owner
alone: who may read that may write the marts as well.
"""

import hmac
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from siyu.settings import Home
from siyu.storage import PRIVATE_FILE, make_folder

SEAL = "seal"
_KEY_BYTES = 32


def sealed(home: Home, verdict: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict with its seal; the key is made at the first one."""
    _make_key(home)
    return {**verdict, SEAL: _seal(home, verdict)}


def is_sealed(home: Home, verdict: Mapping[str, Any]) -> bool:
    """Whether the verdict is, word for word, one that this home sealed."""
    try:
        return hmac.compare_digest(str(verdict.get(SEAL)).encode(), _seal(home, verdict).encode())
    except FileNotFoundError:  # nothing was ever sealed here
        return False


def _seal(home: Home, verdict: Mapping[str, Any]) -> str:
    content = {key: value for key, value in verdict.items() if key != SEAL}
    text = json.dumps(content, sort_keys=True, default=str)
    return hmac.digest(_key_file(home).read_bytes(), text.encode(), "sha256").hex()


def _key_file(home: Home) -> Path:
    return home.state / "verdict.key"


def _make_key(home: Home) -> None:
    """Make the key unless there is one; of two processes that make it at once, the first one's holds."""
    key = _key_file(home)
    if not key.exists():
        staged = make_folder(home.state) / f".verdict.key.{os.getpid()}.tmp"
        staged.touch(mode=PRIVATE_FILE)
        staged.write_bytes(os.urandom(_KEY_BYTES))
        with suppress(FileExistsError, FileNotFoundError):  # the other one was first, and has tidied up
            os.link(staged, key)
    for leftover in key.parent.glob(".verdict.key.*.tmp"):  # ours, or of a process that was killed
        leftover.unlink(missing_ok=True)
