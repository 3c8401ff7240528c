"""`siyu notify`: send what is waiting, or a test message.

Here: arguments and what is printed. Not here: what is said and when (orchestration.alerts).
"""

from typing import Annotated

import typer

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_result
from siyu.errors import EnvironmentFaultError, UsageError


def notify(
    *,
    test: Annotated[bool, typer.Option("--test", help="Send a message that says it is a test.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send the messages that are waiting; for a cron.

    These are messages that a robot missed, and summaries of repeated failures that are due.

    Example: siyu notify --test
    """
    from siyu.orchestration.alerts import send_pending, send_test
    from siyu.orchestration.robots import ADDRESSES_VARIABLE, addresses
    from siyu.settings import existing_home

    place = existing_home(home)
    known = addresses(place)
    if not known:
        raise UsageError(
            "no address is configured",
            expected=f"apprise URLs in {place.keys / 'notify'}, one per line, or in {ADDRESSES_VARIABLE}",
            do="docs/how-to/be-told.md shows one for each kind of robot",
        )
    waiting = send_test(place) if test else send_pending(place)
    if waiting:
        raise EnvironmentFaultError(
            f"{waiting} deliveries to {len(known)} addresses did not arrive",
            expected="each robot to take its messages",
            do="the log above says which service; they are kept, and sent again at the next occasion",
        )
    print_result({"addresses": len(known)}, f"{len(known)} addresses have every message", as_json=as_json)
