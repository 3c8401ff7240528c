"""Who did what, why and when: the table `audit_log` in `state/state.db`.

Here: writing and reading entries. Not here: deciding who may do what.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from siyu.clock import utc_now
from siyu.errors import UsageError
from siyu.settings import Home
from siyu.state.database import database_file, opened

_CREATE = """
create table if not exists audit_log (
    id integer primary key,
    at text not null,
    by text not null,
    reason text not null,
    action text not null,
    details text not null
)
"""
_INSERT = "insert into audit_log (at, by, reason, action, details) values (?, ?, ?, ?, ?)"
_SELECT = "select at, by, reason, action, details from audit_log order by id"


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One act of a person: when (aware, UTC), by whom, why, what, and its particulars."""

    at: datetime
    by: str
    reason: str
    action: str
    details: dict[str, Any]


def record(home: Home, *, by: str, reason: str, action: str, details: Mapping[str, Any]) -> AuditEntry:
    """Append one entry; it is on disk when this returns.

    `details` names things by id (a load, a publication), never by a person's value.

    Raises:
        UsageError: `by` or `reason` is blank. Nothing has been recorded.
    """
    for name, value in (("by", by), ("reason", reason)):
        if not value.strip():
            raise UsageError(f"--{name} is empty", expected="who does this and why", do=f"give --{name}")
    entry = AuditEntry(at=utc_now(), by=by, reason=reason, action=action, details=dict(details))
    values = (
        entry.at.isoformat(),
        by,
        reason,
        action,
        json.dumps(entry.details, ensure_ascii=False, sort_keys=True),
    )
    with opened(home, _CREATE) as connection, connection:
        connection.execute(_INSERT, values)
    return entry


def entries(home: Home, *, action: str | None = None) -> tuple[AuditEntry, ...]:
    """All entries, oldest first; those of one action when named. None yet: empty."""
    if not database_file(home).exists():
        return ()
    with opened(home, _CREATE) as connection:
        rows = connection.execute(_SELECT).fetchall()
    found = (
        AuditEntry(
            at=datetime.fromisoformat(at), by=by, reason=reason, action=did, details=json.loads(details)
        )
        for at, by, reason, did, details in rows
    )
    return tuple(entry for entry in found if action in (None, entry.action))
