"""The channels of a home as they are read: connectors with what `channels.yml` says of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from siyu.channel_settings import AccountEntry, ChannelEntry, Policy, StreamRule, read_channels
from siyu.channels.api.declare import Connector, Stream
from siyu.channels.catalogue import connector
from siyu.settings import Home


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel as a home reads it.

    connector: With the home's look-backs, hours and rates, and without the streams it does not read.
    since: The first day that is read; None: what the look-back of the first night reaches.
    """

    connector: Connector
    accounts: tuple[AccountEntry, ...]
    policies: Mapping[str, Policy]
    since: date | None

    @property
    def name(self) -> str:
        """Of the channel, as in the catalogue."""
        return self.connector.channel


def load_channels(home: Home) -> dict[str, Channel]:
    """The channels of a home, in the order of its file; no file, no channels.

    Raises:
        UsageError: As `read_channels`; or a stream that the connector does not have.
    """
    return {name: _channel(name, entry) for name, entry in read_channels(home).items()}


def _channel(name: str, entry: ChannelEntry) -> Channel:
    known = connector(name)
    for stream in entry.streams:
        known.stream(stream)  # an unknown one is named
    rules = {stream.name: entry.streams.get(stream.name, StreamRule()) for stream in known.streams}
    read = tuple(_ruled(stream, rules[stream.name]) for stream in known.streams if rules[stream.name].read)
    return Channel(
        connector=replace(known, streams=read),
        accounts=tuple(entry.accounts),
        policies={stream.name: rules[stream.name].policy or entry.policy for stream in read},
        since=entry.since,
    )


def _ruled(stream: Stream, rule: StreamRule) -> Stream:
    """The stream with what the home says of it in the place of what the connector declares."""
    window = stream.window
    if rule.look_back is not None:
        window = replace(window, look_back=rule.look_back)
    return replace(
        stream,
        window=window,
        ready_at=stream.ready_at if rule.ready_at is None else rule.ready_at,
        lag_days=rule.lag_days or stream.lag_days,
        per_second=rule.per_second or stream.per_second,
    )
