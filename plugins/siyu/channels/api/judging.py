"""What a refusal of a platform means for us.

Here: the reactions, a judge made from a platform's table of codes, and the errors that reactions end in.
Not here: carrying them out (calls), the tables (the connectors).

An error of a platform is told by its code and by our own words for it. Its message is not repeated: platforms quote
ids, addresses and tokens in theirs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

from siyu.errors import EnvironmentFaultError, RefusedError, UsageError


class Reaction(Enum):
    """What to do about a refusal."""

    REFRESH = auto()  # get another token once, send the same again
    BACK_OFF = auto()  # send the same again after a while that grows
    WAIT = auto()  # send the same again after the time the platform asks for; where that is long, as QUOTA
    QUOTA = auto()  # nothing more today: keep the position and stop
    RESTART = auto()  # the position is void: read the stream from its first page, once
    SKIP_ITEM = auto()  # this one item cannot be had: count it and go on
    STOP_STREAM = auto()  # this stream cannot be had: other streams go on
    CONSENT = auto()  # a person must let us in again
    FAIL = auto()  # a fault of the connection's settings or of ours: nothing of this account will work


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A refusal: what it means, in our words, and what to do about it."""

    reaction: Reaction
    meaning: str
    do: str = ""
    seconds: float | None = None  # for WAIT, and for QUOTA where it is known
    code: str = ""


Judge = Callable[[Any], Trouble | None]


def by_code(
    key: str, table: Mapping[int | str, Trouble], *, fine: tuple[int | str | None, ...] = (0,)
) -> Judge:
    """A judge for platforms that put a code at the top of every reply.

    Args:
        key: Where the code is, e.g. `code`, `errcode`.
        table: What each code means; a code that is not in it stops the stream.
        fine: Codes of success; None among them: a reply without the key is fine.
    """

    def judge(document: Any) -> Trouble | None:
        if not isinstance(document, dict):
            return Trouble(reaction=Reaction.BACK_OFF, meaning="the reply is no JSON object")
        code = document.get(key)
        if code in fine and not isinstance(code, bool):
            return None
        if code is None:
            return Trouble(reaction=Reaction.BACK_OFF, meaning=f"the reply has no {key}")
        return known_trouble(code, table)

    return judge


def known_trouble(code: Any, table: Mapping[Any, Trouble]) -> Trouble:
    """What a platform's table says of a code, whatever came as one; a code that is not in it stops the stream."""
    known = table.get(code) if isinstance(code, int | str) else None
    if known is None:
        known = Trouble(reaction=Reaction.STOP_STREAM, meaning="a code that the contract does not know")
    return replace(known, code=str(code)[:20])


class StreamStoppedError(RefusedError):
    """This stream cannot be read now; others can. What was read of the window is kept."""


class AccountFailedError(UsageError):
    """Nothing of this account can be read: its settings, or our code, are wrong."""


class UnavailableError(EnvironmentFaultError):
    """The platform did not answer well for as long as we were willing to try. What was read is kept."""


class QuotaGoneError(EnvironmentFaultError):
    """The platform answers no more until `until` (aware, UTC). What was read is kept; the next run goes on there."""

    def __init__(self, found: str, *, until: datetime) -> None:
        self.until = until
        super().__init__(
            found,
            expected="calls left",
            do=f"run it again after {until.isoformat(timespec='minutes')}: it goes on from the page reached",
        )


class RestartError(Exception):
    """The position on the platform is void."""


class ItemRefusedError(Exception):
    """One item cannot be had."""
