"""The audit: the invariants of the design, checked over a whole database by its own rows.

Read `findings` first (what is promised and how a breach is named), then `run` (what is read, in
which order, and why a switch at work does not disturb it), then one module a group of invariants.

It only reads. It must not know: the server, gRPC, how anything is shown.
"""

from switch.audit.findings import INVARIANTS, Invariant, Progress, Report, Violation
from switch.audit.run import audit_database

__all__ = ["INVARIANTS", "Invariant", "Progress", "Report", "Violation", "audit_database"]
