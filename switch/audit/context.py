"""One audit under way: what is read with, what is kept, what was found so far."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from switch.audit.findings import Findings, Progress, Violation
from switch.audit.in_force import InForce
from switch.audit.keys import Keys
from switch.audit.opened import Openings
from switch.audit.reader import Reader
from switch.audit.recompute import Books
from switch.audit.scratch import Scratch


@dataclass(frozen=True, slots=True)
class Run:
    """What every part of an audit works with. `heads`: each lane's last batch when it began."""

    reader: Reader
    scratch: Scratch
    keys: Keys
    books: Books
    in_force: InForce
    findings: Findings
    progress: Progress
    heads: dict[int, int]
    openings: Openings = field(default_factory=Openings)

    def note(self, invariant: int, key: str, found: Iterable[Violation]) -> None:
        """Note what a check finds; a row that breaks the check itself is a finding, too."""
        try:
            self.findings.note(list(found))
        except Exception as error:  # noqa: BLE001  # tampered rows may hold anything
            detail = f"could not be checked: {type(error).__name__}: {error}"
            self.findings.note([Violation(invariant, key, detail)])

    def is_late(self, lane: int, batch: int) -> bool:
        """Say whether a batch had not committed when the audit began."""
        return batch > self.heads.get(lane, 0)

    def tell(self, what: str, count: int, total: int = 0) -> None:
        """Count rows read, and tell how far the audit is."""
        self.progress(what, self.findings.add_read(what, count), total)
