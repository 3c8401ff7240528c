"""The corp as it stands: staff and friendships at the clock's moment, kept until the clock moves.

Nearly every call reads them, and most calls find the clock where the last one left it.
"""

import threading
from datetime import datetime
from pathlib import Path

from siyu.sandbox.server.clock import Clock
from siyu.sandbox.server.world import World


class Present:
    """Keeps the tables wecom_staff and wecom_edges (present.sql) up to date."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world, self._clock = world, clock
        folder = Path(__file__).parent
        text = (folder / "present.sql").read_text(encoding="utf-8")
        self._statements = [statement for statement in text.split(";\n") if statement.strip()]
        self._lock = threading.Lock()
        self._made_for: datetime | None = None
        self.bring_up()
        world.define((folder / "world.sql").read_text(encoding="utf-8"))

    def bring_up(self) -> None:
        """Make the tables anew when the clock has moved; a query that runs meanwhile ends on the old ones."""
        with self._lock:
            now, day = self._clock.utc(), self._clock.china_day()
            if now == self._made_for:
                return
            for statement in self._statements:
                known = {"t": now, "day": day}
                self._world.rows(
                    statement, **{name: value for name, value in known.items() if f"${name}" in statement}
                )
            self._made_for = now
