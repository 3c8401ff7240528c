"""What `siyu doctor` looks at in the channels of a home: the file, and one cheap call with each account."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from siyu.cli.doctor import Finding, editing, looked_at, mended_by

if TYPE_CHECKING:
    from siyu.channel_settings import AccountEntry
    from siyu.channels.configured import Channel
    from siyu.settings import Home


def channel_findings(home: "Home") -> Iterator[Finding]:
    """One finding about `channels.yml`, then one per account; none where the home has no channels."""
    if not home.channels_file.exists():
        return
    from siyu.channels.configured import load_channels

    yield (found := looked_at("channels", partial(channels_read, home)))
    if found.is_ok:
        for channel in load_channels(home).values():
            for entry in channel.accounts:
                yield looked_at(
                    f"{channel.name} {entry.name}", partial(account_answers, home, channel, entry)
                )


def channels_read(home: "Home") -> str:
    """`channels.yml` can be read."""
    from siyu.channels.configured import load_channels

    with mended_by(
        editing(home.channels_file), expected="channels as docs/how-to/connect-a-channel.md has them"
    ):
        channels = load_channels(home)
    accounts = sum(len(channel.accounts) for channel in channels.values())
    return f"{len(channels)} channels, {accounts} accounts"


def account_answers(home: "Home", channel: "Channel", entry: "AccountEntry") -> str:
    """The platform lets the account in."""
    from siyu.channels.api import probe
    from siyu.orchestration.connections import account_of, connection_file
    from siyu.settings import load_settings

    command = editing(connection_file(home, entry.connection))
    with mended_by(command, expected="an account that the platform lets in"):
        account = account_of(home, channel, entry)
        return probe(home, load_settings(home), channel.connector, account)
