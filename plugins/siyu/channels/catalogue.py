"""The connectors there are, by the name of their channel: one line each.

Here: finding one, and what all of them can land. Not here: files, which are no connector.
"""

from siyu.channels import ocean_engine, taobao, wecom, youzan
from siyu.channels.api.declare import Connector
from siyu.errors import UsageError
from siyu.resources import Resource

CONNECTORS: dict[str, Connector] = {
    "ocean_engine": ocean_engine.CONNECTOR,
    "taobao": taobao.CONNECTOR,
    "youzan": youzan.CONNECTOR,
    "wecom": wecom.CONNECTOR,
}


def connector(channel: str) -> Connector:
    """The connector of a channel.

    Raises:
        UsageError: There is none.
    """
    if channel not in CONNECTORS:
        raise UsageError(
            f"no channel is called {channel!r}", expected=", ".join(CONNECTORS), do="name one of them"
        )
    return CONNECTORS[channel]


def declared() -> dict[str, dict[str, Resource]]:
    """What each channel can land, by channel and resource: for `create_raw_views`."""
    return {channel: one.resources for channel, one in CONNECTORS.items()}
