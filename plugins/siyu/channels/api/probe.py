"""One cheap call with an account: does the platform let us in, and if not, what is to be repaired."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

from siyu.channels.api.calls import Caller, Patience
from siyu.channels.api.declare import Account, Connector
from siyu.channels.api.paging import Reader
from siyu.channels.api.transport import Limits
from siyu.clock import local_date, utc_now
from siyu.landing.personal import open_state_key
from siyu.settings import Home, Settings
from siyu.state.sealing import Box

_SHORT = Patience(first_seconds=0.5, longest_seconds=5, tries=3, whole_seconds=15)


def probe(
    home: Home,
    settings: Settings,
    connector: Connector,
    account: Account,
    *,
    clock: Callable[[], datetime] = utc_now,
    patience: Patience = _SHORT,
) -> str:
    """Ask for the first page of the first stream of yesterday; nothing lands. A token is fetched where none is kept.

    Returns:
        What was asked, in words.

    Raises:
        UsageError: A setting is missing, or the platform refuses the account (AccountFailedError).
        ConsentNeededError: A person must let us in again.
        StreamStoppedError: A permission is missing.
        QuotaGoneError, UnavailableError: The platform does not answer now.
    """
    connector.check(account)
    stream = connector.streams[0]
    yesterday = local_date(clock(), settings.business_timezone) - timedelta(days=1)
    day = replace(stream.window, look_back=0).of_day(yesterday, settings.business_timezone)
    piece = stream.window.pieces(day)[0]
    request = stream.request(account, piece)
    box = Box(open_state_key(home))
    with closing(
        Caller(
            home,
            settings,
            connector,
            account,
            box=box,
            clock=clock,
            patience=patience,
            limits=Limits(),
            in_flight=1,
        )
    ) as caller:
        reader = Reader(
            read=lambda asked: caller.page(
                replace(request, params={**request.params, **asked}),
                items=stream.items,
                per_second=stream.per_second,
            ),
            ask=lambda other, items: caller.page(other, items=items, per_second=None),
            account=account,
            window=piece,
        )
        next(iter(stream.paging.pages(reader, None)), None)
    return f"{stream.name} of {yesterday} can be read"
