"""Ids as an app sees them: the corp's own for a self-built app, others for a provider's (WD-95884)."""

import hashlib
import threading

from siyu.sandbox.server.apps import App
from siyu.sandbox.server.world import World


class Ids:
    """Both directions between the corp's ids and those shown to one app.

    Args:
        app: With `grants["ids"] == "provider"` customers get other external_userids and employees open_userids.
        world: Knows all ids there are.
    """

    def __init__(self, app: App, world: World) -> None:
        self.is_provider = app.grants.get("ids") == "provider"
        self._salt = app.secret
        self._world = world
        self._lock = threading.Lock()
        self._own: dict[str, str] = {}

    def external(self, own: str) -> str:
        """The external_userid that this app sees for the corp's own."""
        return f"wm{self._digest(own)}" if self.is_provider else own

    def userid(self, own: str) -> str:
        """The userid, or open_userid, that this app sees for the corp's own."""
        return f"wo{self._digest(own)}" if self.is_provider else own

    def own_external(self, shown: str) -> str:
        """The corp's own external_userid; "" for one that this app was never shown."""
        return self._back(shown) if self.is_provider else shown

    def own_userid(self, shown: str) -> str:
        """The corp's own userid; "" for one that this app was never shown."""
        return self._back(shown) if self.is_provider else shown

    def _digest(self, own: str) -> str:
        return hashlib.blake2b(own.encode(), key=self._salt.encode()[:64], digest_size=15).hexdigest()

    def _back(self, shown: str) -> str:
        with self._lock:
            if not self._own:
                customers = self._world.rows(
                    "select wecom_external_userid as id from accounts where wecom_external_userid is not null"
                )
                self._own = {self.external(row["id"]): row["id"] for row in customers}
                staff = self._world.rows("select wecom_userid as id from staff")
                self._own |= {self.userid(row["id"]): row["id"] for row in staff}
        return self._own.get(shown, "")
