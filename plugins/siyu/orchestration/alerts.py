"""Telling people: one message when a night fails, one when it is published again, one when it is late.

Here: what a message says, when one is due, sending what waits in the outbox. Not here: when a failure is repeated
(state.outbox), how a message travels (robots).

`tell_failure` and `tell_success` are callbacks of each DAG's *run*: Airflow calls them once, after the last retry,
also when a task was killed or timed out and could not speak for itself. Under a scheduler the DAG processor calls
them, in `siyu nightly` the process of the night. Nothing they meet changes the run they tell about.

DAG files import this module: what is heavy is imported when somebody is told.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import wraps
from threading import Thread
from typing import Any, ParamSpec

from siyu.channel_settings import CHANNELS
from siyu.clock import local_date, utc_now
from siyu.errors import LockedError, SiyuError
from siyu.orchestration.journal import Step, read_steps
from siyu.settings import PROJECT, Home, find_home, load_settings
from siyu.state import outbox
from siyu.state.locks import hold

SENDING_SECONDS = 20.0  # for all addresses together; a robot that hangs keeps nobody waiting longer
INGEST = ("ingest_files", *(f"ingest_{channel}" for channel in CHANNELS))
NIGHT = (*INGEST, "transform_warehouse", "publish_marts")
# what can fail besides the steps of a DAG: the process of `siyu nightly`, and the hour by which it should be published
WHOLE = "night"
PROCESS = "siyu_nightly"
DEADLINE = "published_by"
# a home so damaged is told as it is, rather than not at all
_UNREADABLE = (SiyuError, OSError, ValueError, KeyError, TypeError)
_FOUND_CHARACTERS = 800
_LOCK = "outbox.lock"

logger = logging.getLogger(__name__)
_Parameters = ParamSpec("_Parameters")


def _beside_the_run(tell: Callable[_Parameters, None]) -> Callable[_Parameters, None]:
    """What goes wrong while telling is logged by its kind and forgotten: the night is worth more than the message."""

    @wraps(tell)
    def told(*arguments: _Parameters.args, **named: _Parameters.kwargs) -> None:
        try:
            tell(*arguments, **named)
        except (SiyuError, sqlite3.Error, OSError) as error:
            logger.error("nobody could be told: %s", type(error).__name__)

    return told


@_beside_the_run
def tell_failure(context: Any) -> None:
    """A run of a DAG failed: record it under its step, and send what is due."""
    from siyu.orchestration.runs import run_id_of

    home, at = find_home(), utc_now()
    dag, run_id = context["dag"].dag_id, run_id_of(context)
    task = context.get("task_instance")
    step = task.task_id if task is not None else "run"
    error = _error_of(home, run_id, step, str(context.get("reason", "")))
    _failed(home, error, dag=dag, step=step, run_id=run_id, at=at)


@_beside_the_run
def tell_success(context: Any) -> None:
    """A run of a DAG succeeded: whatever it and a publication end is over, and that is told once."""
    from siyu.orchestration.runs import run_id_of

    home, at = find_home(), utc_now()
    dag, run_id = context["dag"].dag_id, run_id_of(context)
    outbox.mended(home, dag=dag, at=at)
    if dag not in NIGHT:
        outbox.recovered(
            home,
            dags=[dag],
            title=f"siyu: {dag} works again",
            words=f"run: {run_id}\n{_standing(home)}",
            at=at,
        )
    elif dag == "publish_marts" or _found_nothing_new(read_steps(home, run_id)):
        # with nothing new, what publish_marts would do is done: by a night that was killed before it could say so
        for mended in ("publish_marts", WHOLE):
            outbox.mended(home, dag=mended, at=at)
        outbox.recovered(
            home,
            dags=[*NIGHT, WHOLE],
            title="siyu: the night has recovered",
            words=f"{_standing(home)}\nrun: {run_id}",
            at=at,
        )
    send_pending(home)


@_beside_the_run
def tell_late(context: Any) -> None:
    """The hour has come and a DAG of the night is still running: say so, unless it is published or told already."""
    home, at = find_home(), utc_now()
    settings = load_settings(home)
    today = local_date(at, settings.business_timezone)
    if not _is_published(home, today, settings.business_timezone) and not any(
        incident.dag in {*NIGHT, WHOLE} and local_date(incident.last_at, settings.business_timezone) == today
        for incident in outbox.open_incidents(home)
    ):
        dag_run = context["dag_run"]
        error = {
            "found": f"{dag_run['dag_id']} has not finished",
            "expected": f"tonight's publication by {settings.published_by} {settings.business_timezone}",
            "do": "look at its running task in Airflow; siyu status names who holds a lock",
        }
        _failed(home, error, dag=WHOLE, step=DEADLINE, run_id=str(dag_run["dag_run_id"]), at=at)
        return
    send_pending(home)


@_beside_the_run
def tell_lost_night(home: Home, run_id: str, found: str) -> None:
    """The process of `siyu nightly` ended outside its steps, so no callback of a DAG has told it."""
    error = {
        "found": found,
        "expected": "the night to end by itself",
        "do": "read its log, run siyu nightly again",
    }
    _failed(home, error, dag=WHOLE, step=PROCESS, run_id=run_id, at=utc_now())


def send_test(home: Home) -> int:
    """Send a message that says it is a test; returns how many messages are still waiting for an address."""
    words = f"{_standing(home)}\nThis is a test: nothing failed."
    outbox.write_message(home, title="siyu: test message", words=words, at=utc_now())
    return send_pending(home)


def send_pending(home: Home) -> int:
    """Send what each address has not got, for `SENDING_SECONDS` at most; what stays waits for the next occasion.

    Returns:
        How many deliveries are still to be made.
    """
    from siyu.orchestration.robots import addresses

    targets = addresses(home)
    if targets:
        import apprise  # noqa: F401 - before the time begins to run: its import takes a second, many on a busy machine
    end = time.monotonic() + SENDING_SECONDS
    try:
        with hold(home.state / _LOCK, run_id="outbox", wait_seconds=SENDING_SECONDS):
            outbox.tell_summaries(home, utc_now())
            threads = [
                Thread(target=_send_all, args=(home, number, address, end), daemon=True)
                for number, address in enumerate(targets, start=1)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(max(0.0, end - time.monotonic()))
            outbox.settle(home, targets, utc_now())
    except LockedError:
        logger.warning("another process is telling people; what it leaves waits for the next occasion")
    return sum(len(outbox.undelivered(home, address)) for address in targets)


def _send_all(home: Home, number: int, address: str, end: float) -> None:
    from siyu.orchestration.robots import described, send

    for message in outbox.undelivered(home, address):
        if time.monotonic() >= end:
            return
        if send(address, title=message.title, body=message.body):
            outbox.delivered(home, message, address, utc_now())
        else:
            logger.warning("address %d (%s) did not take message %d", number, described(address), message.id)


def _failed(home: Home, error: dict[str, str], *, dag: str, step: str, run_id: str, at: datetime) -> None:
    words = "\n".join(
        [
            f"dag: {dag}, step: {step}, run: {run_id}",
            *(f"{name}: {_short(error[name])}" for name in ("found", "expected", "do") if error.get(name)),
            _standing(home),
            f"runbook: {_runbook(dag)}",
        ]
    )
    title = f"siyu: {dag} failed at {step}" if step != DEADLINE else "siyu: the night is late"
    outbox.failed(home, dag=dag, step=step, title=title, words=words, at=at)
    send_pending(home)


def _error_of(home: Home, run_id: str, step: str, reason: str) -> dict[str, str]:
    """What the step wrote into the journal when it failed; a step that was killed has written nothing."""
    with suppress(*_UNREADABLE):
        for recorded in reversed(read_steps(home, run_id)):
            if recorded.name == step and recorded.error:
                return {"found": recorded.error["message"], **recorded.error}
    return {
        "found": f"the step left no word of its own ({reason or 'no reason given'}): it was killed, or never began",
        "expected": "it to end by itself",
        "do": "read the task's log, then clear the task",
    }


def _found_nothing_new(steps: list[Step]) -> bool:
    return any(step.name == "check_ready" and step.facts.get("new") is False for step in steps)


def _is_published(home: Home, day: Any, timezone: str) -> bool:
    from siyu.publication import current_publication

    current = None
    with suppress(*_UNREADABLE):
        current = current_publication(home)
    return current is not None and local_date(current.published_at, timezone) == day


def _standing(home: Home) -> str:
    """What readers see whatever happened."""
    from siyu.publication import current_publication

    try:
        current = current_publication(home)
    except _UNREADABLE as fault:
        return f"published: cannot be read ({type(fault).__name__})"
    if current is None:
        return "published: nothing yet"
    return (
        f"published: publication {current.id}, as of {current.as_of_date},"
        f" since {current.published_at:%Y-%m-%d %H:%M} UTC"
    )


def _runbook(dag: str) -> str:
    page = f"docs/runbooks/{dag}.md"
    return page if (PROJECT / page).exists() else "docs/runbooks/publish_marts.md"


def _short(text: str) -> str:
    return text if len(text) <= _FOUND_CHARACTERS else f"{text[:_FOUND_CHARACTERS]} …"
