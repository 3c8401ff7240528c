"""The made-up applications that may call, and the file their secrets lie in."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class App:
    """One application on one platform. Ids and secrets are made up and open nothing but this sandbox.

    Args:
        channel: The channel's name.
        label: What the app is, such as `self_built`; a channel that shows ids per app tells them apart by app_id.
        app_id: The id a caller names (corp id, client id, app key).
        secret: What proves it.
        grants: What a person's consent gave this app beside, by name: a shop's id, a session, an auth_code.
    """

    channel: str
    label: str
    app_id: str
    secret: str
    grants: dict[str, str] = field(default_factory=dict, hash=False)


def made_up(channel: str, label: str, *, seed: str, prefix: str = "", digits: int | None = None) -> App:
    """An application whose id and secret follow from the seed, so that a restarted server knows its callers.

    Args:
        channel: The channel's name.
        label: Different labels give different apps.
        seed: Equal seeds give equal apps.
        prefix: What ids of this platform begin with (`ww` for WeCom).
        digits: Ids of so many digits, for platforms that number their apps.
    """

    def word(what: str) -> str:
        return hashlib.sha256(f"{seed}|{channel}|{label}|{what}".encode()).hexdigest()

    app_id = str(int(word("id"), 16))[:digits] if digits else prefix + word("id")[:16]
    return App(channel=channel, label=label, app_id=app_id, secret=word("secret")[:43])


def write_secrets(path: Path, apps: tuple[App, ...]) -> None:
    """Write the apps with their secrets as JSON, readable by the owner alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        path.chmod(0o600)  # a file that was there keeps its mode otherwise
        json.dump({"apps": [asdict(app) for app in apps]}, file, indent=2)
