"""What people are to be told, kept in `state/state.db` until each address has it: incidents and their messages.

Here: when a failure becomes a message, and which messages are still to be sent. Not here: words, and how they travel
(orchestration).

An incident is one failing thing, a step of a DAG, from its first failure until it is over. Its first failure is told
at once; what follows within `HOUR` is counted and told as one summary when the hour is over, or when the incident is.
Addresses hold secrets, so a delivery is kept under a fingerprint of its address.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from siyu.settings import Home
from siyu.state.database import database_file, opened

HOUR = timedelta(hours=1)
_CREATE = """
create table if not exists incidents (
    id integer primary key,
    dag text not null,
    step text not null,
    words text not null,              -- of the last failure
    failures integer not null,
    first_at text not null,           -- moments are ISO 8601 in UTC
    last_at text not null,
    hour_began_at text not null,      -- when the last alert was written
    untold integer not null,          -- failures since then
    mended_at text,                   -- a later run of the DAG succeeded
    over_at text
);
create unique index if not exists incidents_open on incidents (dag, step) where over_at is null;
create table if not exists messages (
    id integer primary key,
    written_at text not null,
    title text not null,
    body text not null,
    done_at text                      -- every address of that moment has it
);
create table if not exists deliveries (
    message_id integer not null references messages (id),
    address text not null,            -- fingerprint
    delivered_at text not null,
    primary key (message_id, address)
);
"""
_OPEN = """
select id, dag, step, words, failures, first_at, last_at, hour_began_at, untold, mended_at
from incidents
where over_at is null
order by first_at, id
"""
_NEW_INCIDENT = """
insert into incidents (dag, step, words, failures, first_at, last_at, hour_began_at, untold)
values (:dag, :step, :words, 1, :at, :at, :at, 0)
"""
_AGAIN = """
update incidents
set words = :words, failures = failures + 1, last_at = :at, hour_began_at = :hour_began_at, untold = :untold,
    mended_at = null
where id = :id
"""
_MENDED = "update incidents set mended_at = ? where dag = ? and over_at is null and mended_at is null"
_OVER = "update incidents set over_at = ?, untold = 0 where id = ?"
_TOLD = "update incidents set untold = 0 where id = ?"
_NEW_MESSAGE = "insert into messages (written_at, title, body) values (?, ?, ?)"
_UNDELIVERED = """
select id, title, body
from messages
where done_at is null
    and not exists (
        select 1 from deliveries where deliveries.message_id = messages.id and deliveries.address = ?
    )
order by id
"""
_DELIVERED = "insert or ignore into deliveries (message_id, address, delivered_at) values (?, ?, ?)"
_DONE = """
update messages
set done_at = ?
where done_at is null
    and (select count(*) from deliveries where message_id = messages.id and address in (select value from json_each(?)))
        = json_array_length(?)
"""

_ASIDE = {"maintain_warehouse", "erase_members"}  # DAGs without which the numbers are as good


@dataclass(frozen=True, kw_only=True)
class Incident:
    """A failing thing that is not over; moments are aware, UTC."""

    id: int
    dag: str
    step: str
    words: str  # what the last failure said
    failures: int
    first_at: datetime
    last_at: datetime
    hour_began_at: datetime
    untold: int
    mended_at: datetime | None  # its DAG has succeeded since; what is missing is a publication

    @property
    def name(self) -> str:
        """`publish_marts.audit`."""
        return f"{self.dag}.{self.step}"

    @property
    def is_of_a_night(self) -> bool:
        """Whether it keeps new numbers from being published; the report comes after them."""
        return self.dag not in _ASIDE and self.step != "report"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message that an address has not got yet."""

    id: int
    title: str
    body: str


def fingerprint(address: str) -> str:
    """Names an address without telling it."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def open_incidents(home: Home) -> tuple[Incident, ...]:
    """What is failing, oldest first. Reads only: nothing in the home changes, not even a time stamp."""
    database = database_file(home)
    if not database.exists():
        return ()
    # opened as any reader, SQLite would put a shared-memory file beside the database; without a log there is no
    # writer to share with
    mode = "ro" if database.with_name(f"{database.name}-wal").exists() else "ro&immutable=1"
    with closing(sqlite3.connect(f"{database.as_uri()}?mode={mode}", uri=True)) as connection:
        known = connection.execute("select 1 from sqlite_schema where name = 'incidents'").fetchone()
        return _incidents(connection) if known else ()


def failed(home: Home, *, dag: str, step: str, title: str, words: str, at: datetime) -> None:
    """Record a failure; the first one of an incident, and the first after a quiet hour, becomes a message.

    `at` is aware. `words` never hold a person's value: they are kept and sent.
    """
    with opened(home, _CREATE) as connection, connection:
        connection.execute("begin immediate")
        _tell_hours_that_are_over(connection, at)
        known = next((i for i in _incidents(connection) if (i.dag, i.step) == (dag, step)), None)
        if known is None:
            connection.execute(_NEW_INCIDENT, {"dag": dag, "step": step, "words": words, "at": _text(at)})
            _write(connection, title, words, at)
            return
        is_quiet = at - known.hour_began_at < HOUR
        if not is_quiet:
            _write(connection, title, words, at)
        connection.execute(
            _AGAIN,
            {
                "id": known.id,
                "words": words,
                "at": _text(at),
                "hour_began_at": _text(known.hour_began_at if is_quiet else at),
                "untold": known.untold + 1 if is_quiet else 0,
            },
        )


def mended(home: Home, *, dag: str, at: datetime) -> None:
    """A run of the DAG succeeded: its incidents are over once that is published, too."""
    with opened(home, _CREATE) as connection, connection:
        connection.execute(_MENDED, (_text(at), dag))


def recovered(
    home: Home, *, dags: Sequence[str], title: str, words: str, at: datetime
) -> tuple[Incident, ...]:
    """End the mended incidents of these DAGs, with one message for all of them; none to end: nothing is said."""
    with opened(home, _CREATE) as connection, connection:
        connection.execute("begin immediate")
        over = tuple(i for i in _incidents(connection) if i.dag in dags and i.mended_at is not None)
        for incident in over:
            connection.execute(_OVER, (_text(at), incident.id))
        if over:
            _write(connection, title, "\n".join([words, *map(_history, over)]), at)
    return over


def write_message(home: Home, *, title: str, words: str, at: datetime) -> None:
    """A message that belongs to no incident."""
    with opened(home, _CREATE) as connection, connection:
        _write(connection, title, words, at)


def tell_summaries(home: Home, at: datetime) -> None:
    """Write the summary of every hour that is over."""
    with opened(home, _CREATE) as connection, connection:
        connection.execute("begin immediate")
        _tell_hours_that_are_over(connection, at)


def undelivered(home: Home, address: str) -> tuple[Message, ...]:
    """What this address has not got, oldest first."""
    with opened(home, _CREATE) as connection:
        rows = connection.execute(_UNDELIVERED, (fingerprint(address),)).fetchall()
    return tuple(Message(id=id_, title=title, body=body) for id_, title, body in rows)


def delivered(home: Home, message: Message, address: str, at: datetime) -> None:
    """An address has taken a message."""
    with opened(home, _CREATE) as connection, connection:
        connection.execute(_DELIVERED, (message.id, fingerprint(address), _text(at)))


def settle(home: Home, addresses: Sequence[str], at: datetime) -> None:
    """Close the messages that all of these addresses have; with no address there is nobody to wait for."""
    prints = "[" + ",".join(f'"{fingerprint(address)}"' for address in addresses) + "]"
    with opened(home, _CREATE) as connection, connection:
        connection.execute(_DONE, (_text(at), prints, prints))


def _tell_hours_that_are_over(connection: sqlite3.Connection, at: datetime) -> None:
    for incident in _incidents(connection):
        if incident.untold and at - incident.hour_began_at >= HOUR:
            title = f"siyu: {incident.name} failed {incident.untold} more times"
            _write(connection, title, f"{_history(incident)}\nthe last time:\n{incident.words}", at)
            connection.execute(_TOLD, (incident.id,))


def _history(incident: Incident) -> str:
    times = "once" if incident.failures == 1 else f"{incident.failures} times"
    return (
        f"{incident.name} failed {times}, first {incident.first_at:%Y-%m-%d %H:%M} UTC,"
        f" last {incident.last_at:%Y-%m-%d %H:%M} UTC"
    )


def _write(connection: sqlite3.Connection, title: str, body: str, at: datetime) -> None:
    connection.execute(_NEW_MESSAGE, (_text(at), title, body))


def _incidents(connection: sqlite3.Connection) -> tuple[Incident, ...]:
    return tuple(
        Incident(
            id=id_,
            dag=dag,
            step=step,
            words=words,
            failures=failures,
            first_at=datetime.fromisoformat(first_at),
            last_at=datetime.fromisoformat(last_at),
            hour_began_at=datetime.fromisoformat(hour_began_at),
            untold=untold,
            mended_at=datetime.fromisoformat(mended_at) if mended_at else None,
        )
        for (
            id_,
            dag,
            step,
            words,
            failures,
            first_at,
            last_at,
            hour_began_at,
            untold,
            mended_at,
        ) in connection.execute(_OPEN).fetchall()
    )


def _text(moment: datetime) -> str:
    return moment.isoformat()
