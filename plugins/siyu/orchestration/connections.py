"""Connections of accounts: where a platform answers, and the secrets that it asks for.

Here: finding one by its name, making the account that a connector is given. Not here: tokens (state), what a secret is
good for (connectors).

A connection is a JSON object as Airflow writes one: `host` is the base URL, absent for the platform itself; `extra`
holds the account's settings, secrets among them. It is looked for in the variable `AIRFLOW_CONN_<NAME>`, then in
`keys/connections/<name>.json` of the home, then, inside a task, in Airflow.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from siyu.channel_settings import AccountEntry
from siyu.channels.api import Account
from siyu.channels.configured import Channel
from siyu.clock import SHIFT_VARIABLE, clock_shift
from siyu.errors import UsageError
from siyu.landing.rules import known_codes
from siyu.settings import Home
from siyu.storage import written_whole


@dataclass(frozen=True, kw_only=True)
class Connection:
    """`base_url`: None for the platform itself."""

    base_url: str | None
    settings: Mapping[str, str] = field(repr=False)


def account_of(home: Home, channel: Channel, entry: AccountEntry, *, ask_airflow: bool = False) -> Account:
    """The account with its connection's settings, and those of `channels.yml` where they are no secret.

    Raises:
        UsageError: There is no such connection, it cannot be read, a setting that the connector needs is missing, or
            the brand or surface is in no seed.
    """
    connection = find_connection(home, entry.connection, ask_airflow=ask_airflow)
    account = Account(
        name=entry.name,
        brand_code=entry.brand,
        channel_code=entry.surface,
        base_url=connection.base_url,
        connection=entry.connection,
        settings={**connection.settings, **entry.settings},
    )
    if clock_shift() and urlsplit(connection.base_url or "").hostname not in {"127.0.0.1", "localhost"}:
        raise UsageError(
            f"{SHIFT_VARIABLE} is set, and connection {entry.connection} leads to the platform",
            expected="a shifted clock for a sandbox on this machine alone",
            do=f"unset {SHIFT_VARIABLE}",
        )
    for name, code in (("brand_code", entry.brand), ("channel_code", entry.surface)):
        if code not in (known := known_codes(name)):
            raise UsageError(
                f"{channel.name} account {entry.name}: {name} {code!r}",
                expected=f"one of its seed: {', '.join(sorted(known))}",
                do=f"mend {home.channels_file}, or add the code to the seed",
            )
    channel.connector.check(account)
    return account


def find_connection(home: Home, name: str, *, ask_airflow: bool = False) -> Connection:
    """The connection called so.

    Raises:
        UsageError: There is none, or it is no JSON object as Airflow writes one; its text is not quoted.
    """
    variable, file = f"AIRFLOW_CONN_{name.upper()}", connection_file(home, name)
    if text := os.environ.get(variable, "").strip():
        return _read(text, origin=variable)
    if file.exists():
        return _read(file.read_text(encoding="utf-8"), origin=str(file))
    if ask_airflow and (found := _of_airflow(name)) is not None:
        return found
    raise UsageError(
        f"there is no connection {name}",
        expected=f"{variable}, {file}, or a connection of Airflow",
        do="write it: docs/how-to/connect-a-channel.md",
    )


def connection_file(home: Home, name: str) -> Path:
    """Where a home keeps a connection, readable by its owner alone."""
    return home.keys / "connections" / f"{name}.json"


def save_connection(home: Home, name: str, connection: Connection) -> None:
    """Write a connection into the home."""
    content: dict[str, Any] = {"conn_type": "http", "extra": dict(connection.settings)}
    if connection.base_url is not None:
        content["host"] = connection.base_url
    with written_whole(connection_file(home, name)) as staged:
        staged.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _read(text: str, *, origin: str) -> Connection:
    try:
        content = json.loads(text)
        extra = content.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        settings = {str(name): str(value) for name, value in extra.items()}
    except (ValueError, AttributeError):
        raise UsageError(
            f"{origin} holds no connection",
            expected='{"host": "https://…", "extra": {"secret": "…"}}; host is absent for the platform itself',
            do="write it so",
        ) from None
    return Connection(base_url=content.get("host") or None, settings=settings)


def _of_airflow(name: str) -> Connection | None:
    from airflow.sdk import Connection as AirflowConnection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = AirflowConnection.get(name)
    except AirflowNotFoundException:
        return None
    settings = {str(key): str(value) for key, value in found.extra_dejson.items()}
    return Connection(base_url=found.host or None, settings=settings)
