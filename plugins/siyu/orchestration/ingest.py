"""The steps of `ingest_<channel>`: what is due of every stream of every account, read and landed, then checked.

One stream that cannot be read does not keep the others from landing: the step fails at its end, and what has landed
is not read again by its retry. Whether the night can do without is decided where it is built (night).
"""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from siyu.channels.api import Account, Stream, Window, extract_window
from siyu.channels.api.calls import Patience
from siyu.channels.api.judging import AccountFailedError
from siyu.channels.configured import Channel, load_channels
from siyu.channels.due import due_windows, had_days, windows_between
from siyu.clock import utc_now
from siyu.errors import EnvironmentFaultError, RefusedError, SiyuError, UsageError
from siyu.landing import Extraction, LoadRecord, live, read_records
from siyu.orchestration.connections import account_of
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.state.tokens import ConsentNeededError

_PATIENCE = Patience()


@dataclass
class _Outcome:
    landed: list[LoadRecord] = field(default_factory=list)
    refused: list[SiyuError] = field(default_factory=list)


def configured_channel(run: Run, name: str) -> Channel:
    """The channel as `channels.yml` of the run's home has it.

    Raises:
        UsageError: It is not there, or the file is wrong.
    """
    channels = load_channels(run.home)
    if name not in channels:
        raise UsageError(
            f"{run.home.channels_file} has no channel {name}",
            expected="an entry with its accounts",
            do="write it: docs/how-to/connect-a-channel.md",
        )
    return channels[name]


def extract_channel(run: Run, name: str, step: Step, *, patience: Patience = _PATIENCE) -> list[str]:
    """Read and land what is due of a channel, or the days that the params `from_date` and `to_date` name.

    Args:
        run: Its home, business date and params.
        name: The channel.
        step: Gets what was read, window by window.
        patience: How long a call is tried.

    Returns:
        The load ids, in the order of landing.

    Raises:
        UsageError: The channel is not configured, or of one account nothing can be read.
        SiyuError: At least one stream could not be read; the message names each. The others have landed.
    """
    channel = configured_channel(run, name)
    outcome = _Outcome()
    records = live(read_records(run.home))
    for entry in channel.accounts:
        try:
            account = account_of(run.home, channel, entry, ask_airflow=True)
            _extract_account(run, channel, account, records, outcome, patience=patience)
        except (UsageError, ConsentNeededError) as error:  # of this account; the next one may be well
            outcome.refused.append(error)
    loads = [_facts(record, read) for record in outcome.landed if (read := record.extraction)]
    step.facts = {"business_date": run.business_date.isoformat(), "loads": loads}
    step.api_calls = sum(load["calls"] for load in loads)
    step.rows = sum(load["landed"] for load in loads)
    if outcome.refused:
        raise _as_one(outcome.refused)
    return [record.load_id for record in outcome.landed]


def _extract_account(
    run: Run,
    channel: Channel,
    account: Account,
    records: tuple[LoadRecord, ...],
    outcome: _Outcome,
    *,
    patience: Patience,
) -> None:
    for stream in channel.connector.streams:
        for window in _windows(run, channel, account, stream, records):
            try:
                outcome.landed.append(
                    extract_window(
                        run.home,
                        run.settings,
                        channel.connector,
                        account,
                        stream.name,
                        window,
                        clock=utc_now,
                        patience=patience,
                    )
                )
            except (AccountFailedError, ConsentNeededError):
                raise
            except SiyuError as error:
                outcome.refused.append(error)
                break  # the stream's later windows wait for the earlier one


def _windows(
    run: Run, channel: Channel, account: Account, stream: Stream, records: tuple[LoadRecord, ...]
) -> list[Window]:
    timezone = run.settings.business_timezone
    if asked := run.params.get("from_date"):
        first, last = (date.fromisoformat(day) for day in (asked, run.params.get("to_date") or asked))
        return windows_between(stream, first, last, timezone=timezone, now=utc_now())
    had = had_days(records, stream, channel.name, account.name, timezone)
    return due_windows(stream, had, run.business_date, since=channel.since, timezone=timezone, now=utc_now())


def _as_one(refused: list[SiyuError]) -> SiyuError:
    """One error that says all of them; where a retry may mend one, the task is retried."""
    message = "\nalso: ".join(str(error) for error in refused)
    for kind in (EnvironmentFaultError, RefusedError, UsageError):
        if any(isinstance(error, kind) for error in refused):
            return kind(message)
    return SiyuError(message)


def _facts(record: LoadRecord, read: Extraction) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for resource in record.resources.values():
        one = asdict(resource.counts)
        counts.update({name: one[name] for name in ("landed", "unchanged", "quarantined")})
    return {
        "load_id": record.load_id,
        "account": read.account,
        "stream": read.stream,
        "window": str(Window(start=read.window_start, end=read.window_end)),
        "is_complete": read.is_complete,
        "calls": read.calls.calls,
        "waited_seconds": round(read.calls.waited_seconds, 1),
        "skipped": read.skipped,
        "notes": list(read.notes),
        "drift": [f"{one.resource}.{one.field}: {one.what}" for one in read.drift],
        **counts,
    }
