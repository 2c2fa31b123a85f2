"""What is said of a message, in the two languages of its readers; and the states of an identity."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence, in Chinese and in English."""

    zh: str
    en: str

    def as_json(self) -> dict[str, str]:
        """Return both sentences under the names of their languages."""
        return {"zh": self.zh, "en": self.en}


class State(StrEnum):
    """What became of one identity on one message."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "not decidable"
