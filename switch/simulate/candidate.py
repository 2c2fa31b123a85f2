"""The rules a settlement is decided by again: the candidate's, beside those it was decided by."""

from collections.abc import Iterable
from datetime import date

from switch.audit.recompute import Books
from switch.model.decision import Decision, Decline
from switch.model.member import Member
from switch.rules.adjudicate import Rules, adjudicate
from switch.rules.book import RuleBook
from switch.simulate.replay import Settled


class Candidate:
    """Candidate books over those that stood; a region without one keeps each decision's book."""

    def __init__(
        self, books: Books, stood: Iterable[RuleBook], candidates: Iterable[RuleBook]
    ) -> None:
        """`stood`: every book that was ever in force in the candidates' regions."""
        self._books = books
        self._candidates = {book.region: book for book in candidates}
        self._rules: dict[tuple[str, str, date], Rules] = {}
        both = (*stood, *self._candidates.values())
        self._stocked = {book.region for book in both if book.catalogue is not None}

    def touches(self, insured: str, care: str) -> bool:
        """Say whether the candidate may decide otherwise: it is the policy, or the catalogue."""
        return insured in self._candidates or care in self._stocked

    def decide(self, settled: Settled, member: Member) -> Decision | Decline:
        """Decide a settlement for a person. Raises: LookupError, ValueError."""
        return adjudicate(
            settled.claim,
            member,
            settled.institution,
            self._rules_for(settled),
            prescriber=settled.prescriber,
            by_identity=settled.by_identity,
        )

    def _rules_for(self, settled: Settled) -> Rules:
        """Return the rules of a settlement's day, each made once: a year has few of them."""
        key = (settled.region, settled.rule_book, settled.day)
        if key not in self._rules:
            stood = self._books.rules(*key)
            self._rules[key] = Rules({**stood.books, **self._candidates}, stood.catalogues)
        return self._rules[key]
