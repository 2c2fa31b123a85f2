"""What officers found a suspicion to be: the content of `resolve-suspicion`."""

from dataclasses import dataclass
from typing import Self

from switch.model.ids import MemberId, parse_member_id
from switch.model.suspicion import Verdict
from switch.office.canonical import Content
from switch.office.officer import require_keys


@dataclass(frozen=True, slots=True)
class SuspicionResolution:
    """A suspicion by its person and the version that it made, and the verdict on it."""

    member_id: MemberId
    version: int
    verdict: Verdict

    def content(self) -> Content:
        """Return the resolution as a change says it."""
        return {
            "member_id": self.member_id,
            "version": str(self.version),
            "verdict": self.verdict.value,
        }

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the resolution that a change says. Raises: ValueError."""
        require_keys(content, "member_id", "version", "verdict")
        version = str(content["version"])
        if not (version.isascii() and version.isdecimal() and str(int(version)) == version):
            raise ValueError("a suspicion is named by its person and a version")
        return cls(
            parse_member_id(str(content["member_id"])),
            int(version),
            Verdict(str(content["verdict"])),
        )
