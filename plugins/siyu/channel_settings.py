"""Which accounts of which platforms a home reads, and how: `channels.yml` in the home.

Here: the file, and when its channels are read. Not here: what a platform offers (channels), secrets (connections).
A DAG file imports this module every few seconds, so it knows no connector.

    wecom:                             # a channel of the catalogue
      accounts:
        - name: ww0123456789abcdef     # the platform's own id
          connection: wecom_main       # holds the secrets
          surface: wecom               # of seed channels; brand: of seed brands
      since: 2026-01-01                # how far back the first night reads
      streams:
        fund_flow: {policy: publish_without}
"""

import re
from datetime import date, time
from enum import StrEnum
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from siyu.errors import UsageError
from siyu.settings import Home

# the channels with a connector, and the local times of a night's runs: the first, and one when later streams are ready
CHANNELS: dict[str, tuple[time, ...]] = {
    "ocean_engine": (time(9, 5),),
    "taobao": (time(1),),
    "wecom": (time(1), time(8, 5), time(11, 5)),
    "youzan": (time(1),),
}


class Policy(StrEnum):
    """What a night does when a stream is not there in time."""

    BLOCK = "block"  # nothing is published, and somebody is told
    PUBLISH_WITHOUT = "publish_without"  # the publication says that it is incomplete


def _time_of_day(value: object) -> object:
    if isinstance(value, int):  # YAML reads 10:30 without quotes as sixty times ten and thirty
        value = f"{value // 60:02d}:{value % 60:02d}"
    if value is not None and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", str(value)):
        raise ValueError(f"{value!r} is no time of day like 08:00")
    return value


def _times_of_day(values: object) -> object:
    return [_time_of_day(value) for value in values] if isinstance(values, list) else values


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StreamRule(_Strict):
    """What a home says of one stream; empty: as the connector declares it, and `block`."""

    read: bool = True
    policy: Policy | None = None
    look_back: int | None = Field(default=None, ge=0, le=366)  # days read again
    ready_at: time | None = None  # local time at which the platform has finished a day
    lag_days: int | None = Field(default=None, ge=1, le=30)  # so many days later
    per_second: float | None = Field(default=None, gt=0, le=1000)  # calls of its endpoint

    _times = field_validator("ready_at", mode="before")(_time_of_day)


class AccountEntry(_Strict):
    """One account of a platform. Secrets are in its connection, never here."""

    name: str = Field(min_length=1, max_length=100, coerce_numbers_to_str=True)
    connection: str = Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")
    surface: str = Field(min_length=1)
    brand: str = "default"
    settings: dict[str, str] = Field(default_factory=dict)  # of the account, where they are no secret


class ChannelEntry(_Strict):
    """One channel of a home."""

    accounts: list[AccountEntry] = Field(min_length=1)
    since: date | None = None
    runs_at: list[time] | None = Field(default=None, min_length=1)  # local; None: as CHANNELS has it
    policy: Policy = Policy.BLOCK
    streams: dict[str, StreamRule] = Field(default_factory=dict)

    _times = field_validator("runs_at", mode="before")(_times_of_day)


def read_channels(home: Home) -> dict[str, ChannelEntry]:
    """What `channels.yml` says, by channel in its order; no file, no channels.

    Raises:
        UsageError: An unknown channel, setting or value, or an account twice; the message names the place.
    """
    if not home.channels_file.exists():
        return {}
    try:
        content = yaml.safe_load(home.channels_file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise UsageError(f"{home.channels_file} is not YAML{line}", do="mend it") from None
    if not isinstance(content, dict):
        raise UsageError(f"{home.channels_file} holds a list or a word", expected="one entry per channel")
    return {str(name): _entry(home, str(name), entry) for name, entry in content.items()}


def run_times(channel: str, entry: ChannelEntry) -> list[time]:
    """Local times of a night's runs of a channel, in order."""
    return sorted(entry.runs_at or CHANNELS[channel])


def _entry(home: Home, name: str, content: Any) -> ChannelEntry:
    if name not in CHANNELS:
        raise UsageError(
            f"{home.channels_file} has a channel {name!r}",
            expected=", ".join(CHANNELS),
            do="name one of them",
        )
    try:
        entry = ChannelEntry.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join([name, *(str(part) for part in first["loc"])])
        raise UsageError(
            f"{place}: {first['msg']}",
            expected="see docs/how-to/connect-a-channel.md",
            do=f"mend {home.channels_file}",
        ) from None
    names = [account.name for account in entry.accounts]
    if doubles := {one for one in names if names.count(one) > 1}:
        raise UsageError(f"{name}: account {min(doubles)} twice", do=f"mend {home.channels_file}")
    return entry
