"""Whether a candidate may be published: every registered check, carried out on the exported bytes.

Here: the audit and its verdict. Not here: what is expected (top-level package `expectations`), publishing.
"""

from siyu.gate.audit import audit_candidate
from siyu.gate.verdict import CheckResult, Status, Verdict

__all__ = ["CheckResult", "Status", "Verdict", "audit_candidate"]
