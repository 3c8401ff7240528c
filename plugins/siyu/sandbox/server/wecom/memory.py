"""What callers have done to the platform: tags put on, messages and transfers asked for, ids handed out.

The world itself is read-only; handlers lay these over it.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class AskedMessage:
    """A mass message made through the API; its senders confirm it an hour later.

    Args:
        chat_type: single or group.
        created_at: World's time, UTC without a zone.
        receivers: Of each sender's own userid: external_userids or chat_ids, the corp's own.
        content: Its text.
    """

    msgid: str
    chat_type: str
    created_at: datetime
    receivers: dict[str, list[str]]
    content: str


@dataclass(frozen=True, kw_only=True)
class AskedTransfer:
    """A customer whose transfer was asked for through the API; it takes effect after 24 hours."""

    kind: str
    handover: str
    takeover: str
    external: str
    requested_at: datetime


@dataclass
class Memory:
    """Guarded by its lock; forgotten by a reset."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    added_tags: dict[tuple[str, str], set[str]] = field(
        default_factory=dict
    )  # by own (userid, external_userid)
    removed_tags: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    messages: dict[str, AskedMessage] = field(default_factory=dict)
    transfers: list[AskedTransfer] = field(default_factory=list)
    pending_ids: dict[str, tuple[str, int]] = field(
        default_factory=dict
    )  # id and seconds of its making, by unionid

    def forget(self) -> None:
        """As if nobody had called."""
        with self.lock:
            for kept in (self.added_tags, self.removed_tags, self.messages, self.transfers, self.pending_ids):
                kept.clear()
