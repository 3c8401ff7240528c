"""Warnings that a person accepted for a while: a check that is known to fail, by whom, why and until when.

Here: accepting and withdrawing, kept in the audit log, and which acceptances hold on a day. Not here: the audit.
Only a warning can be accepted. An acceptance changes what is told, never whether a candidate may be published.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from siyu.clock import local_date, utc_now
from siyu.errors import RefusedError, UsageError
from siyu.settings import Home, Settings
from siyu.state import audit_log

ACCEPT, WITHDRAW = "accept_warning", "withdraw_acceptance"
LONGEST = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """A warning that is not told again until the end of a business day."""

    check_id: str
    by: str
    reason: str
    at: datetime  # aware, UTC
    until: date  # last business day on which it holds


def accept_warning(
    home: Home, settings: Settings, check_id: str, *, by: str, reason: str, until: date
) -> Acceptance:
    """Accept that a warning fails, until the end of a day; a later acceptance of the same check replaces it.

    Raises:
        RefusedError: The check is critical: nobody can override it.
        UsageError: No check has this id, `by` or `reason` is blank, or `until` is past or over a year away.
            Nothing has been recorded.
    """
    _refuse_all_but_warnings(check_id)
    today = local_date(utc_now(), settings.business_timezone)
    if not today <= until <= today + LONGEST:
        raise UsageError(
            f"--until {until}",
            expected=f"a day from {today} to {today + LONGEST}",
            do="accept a warning for as long as it takes to mend, and again if need be",
        )
    details = {"check": check_id, "until": until.isoformat()}
    entry = audit_log.record(home, by=by, reason=reason, action=ACCEPT, details=details)
    return Acceptance(check_id=check_id, by=entry.by, reason=entry.reason, at=entry.at, until=until)


def withdraw_acceptance(home: Home, settings: Settings, check_id: str, *, by: str, reason: str) -> None:
    """Tell of a warning again from the next audit on.

    Raises:
        UsageError: The check is not accepted now, or `by` or `reason` is blank. Nothing has been recorded.
    """
    if check_id not in accepted_warnings(home, settings):
        raise UsageError(f"check {check_id!r} is not accepted", do="siyu audit accepted lists those that are")
    audit_log.record(home, by=by, reason=reason, action=WITHDRAW, details={"check": check_id})


def accepted_warnings(home: Home, settings: Settings) -> dict[str, Acceptance]:
    """What is accepted today, by check id; today is the current day in the business time zone.

    The log is not believed: an entry that `accept_warning` would not have written counts for nothing.
    """
    today = local_date(utc_now(), settings.business_timezone)
    found: dict[str, Acceptance] = {}
    for entry in audit_log.entries(home):
        if entry.action == WITHDRAW:
            found.pop(_named(entry), None)
        elif entry.action == ACCEPT and (acceptance := _read(entry)) is not None:
            found[acceptance.check_id] = acceptance
    return {check_id: one for check_id, one in found.items() if today <= one.until <= today + LONGEST}


def _read(entry: audit_log.AuditEntry) -> Acceptance | None:
    from expectations.registry import CHECKS

    check = CHECKS.get(_named(entry))
    if check is None or check.severity != "warning" or not entry.by.strip() or not entry.reason.strip():
        return None
    try:
        until = date.fromisoformat(str(entry.details["until"]))
    except (KeyError, ValueError):
        return None
    return Acceptance(check_id=check.id, by=entry.by, reason=entry.reason, at=entry.at, until=until)


def _named(entry: audit_log.AuditEntry) -> str:
    details: object = entry.details  # of a record that a person may have edited
    return str(details.get("check")) if isinstance(details, dict) else ""


def _refuse_all_but_warnings(check_id: str) -> None:
    from expectations.registry import CHECKS

    check = CHECKS.get(check_id)
    if check is None:
        raise UsageError(
            f"no check is called {check_id!r}",
            expected="the whole id of one check",
            do="read it in verdict.html; docs/checks.md lists them all",
        )
    if check.severity != "warning":
        raise RefusedError(
            f"check {check.id} is critical: it protects that {check.protects}",
            expected="a warning; nobody can override a critical check",
            do="mend the data or the model, then run the night again",
        )
