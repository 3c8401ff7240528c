"""How far a window of an API has been read: the table `checkpoints` in `state/state.db`.

Here: keeping, finding and forgetting a position. Not here: what a position means (channels.api).

A position may hold ids of persons (a cursor, the next customer), so it is sealed; what is beside it is not secret.
"""

from dataclasses import dataclass
from typing import Any

from siyu.clock import utc_now
from siyu.settings import Home
from siyu.state.database import opened
from siyu.state.sealing import Box

_CREATE = """
create table if not exists checkpoints (
    window text primary key,
    revision text not null,
    sealed blob not null,
    changed_at text not null
)
"""
_PUT = """
insert into checkpoints (window, revision, sealed, changed_at) values (?, ?, ?, ?)
on conflict (window) do update set
    revision = excluded.revision, sealed = excluded.sealed, changed_at = excluded.changed_at
"""
_GET = "select sealed from checkpoints where window = ? and revision = ?"
_FORGET = "delete from checkpoints where window = ?"
_FORGET_ALL = "delete from checkpoints"


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of a home."""

    home: Home
    box: Box

    def put(self, window: str, revision: str, position: Any) -> None:
        """Keep a JSON position; it is on disk when this returns.

        Args:
            window: Names what is read: channel, account, stream, from, to.
            revision: Of the declaration that reads it: another one cannot go on from here.
            position: JSON.
        """
        values = (window, revision, self.box.seal(window, position), utc_now().isoformat())
        with opened(self.home, _CREATE) as connection, connection:
            connection.execute(_PUT, values)

    def get(self, window: str, revision: str) -> Any | None:
        """The position kept for a window by this revision; None without one."""
        with opened(self.home, _CREATE) as connection:
            row = connection.execute(_GET, (window, revision)).fetchone()
        return self.box.open(window, row[0]) if row else None

    def forget(self, window: str) -> None:
        """Remove a window's position, whatever its revision."""
        with opened(self.home, _CREATE) as connection, connection:
            connection.execute(_FORGET, (window,))


def forget_all_checkpoints(home: Home) -> None:
    """Remove every window's position: each is read anew."""
    with opened(home, _CREATE) as connection, connection:
        connection.execute(_FORGET_ALL)
