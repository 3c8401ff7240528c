"""Whether a candidate may be published: every registered check, carried out on the exported bytes.

Here: the audit and its verdict. Not here: what is expected (top-level package `expectations`), publishing.
"""

from siyu.gate.acceptance import Acceptance, accept_warning, accepted_warnings, withdraw_acceptance
from siyu.gate.audit import audit_candidate
from siyu.gate.verdict import CheckResult, Status, Verdict

__all__ = [
    "Acceptance",
    "CheckResult",
    "Status",
    "Verdict",
    "accept_warning",
    "accepted_warnings",
    "audit_candidate",
    "withdraw_acceptance",
]
