"""The rules a settlement is decided by again: the candidate's, beside those it was decided by."""

from collections.abc import Iterable

from switch.audit.recompute import Books
from switch.model.decision import Decision, Decline
from switch.model.member import Member
from switch.rules.adjudicate import Rules, adjudicate
from switch.rules.book import RuleBook
from switch.simulate.replay import Settled


class Candidate:
    """Candidate books over today's; a region without one keeps the book of each decision."""

    def __init__(self, books: Books, today: Rules, candidates: Iterable[RuleBook]) -> None:
        self._books = books
        self._today = today
        self._candidates = {book.region: book for book in candidates}
        self._rules = Rules({**today.books, **self._candidates}, today.catalogues)
        self._beside: dict[tuple[str, str], Rules] = {}
        self._touched: dict[tuple[str, str], bool] = {}

    def touches(self, insured: str, care: str) -> bool:
        """Say whether the candidate may decide otherwise: its policy, or its catalogue, is new."""
        key = (insured, care)
        if key not in self._touched:
            before, after = self._today.catalogue_of(care), self._rules.catalogue_of(care)
            other = (before and before.hash) != (after and after.hash)
            self._touched[key] = insured in self._candidates or other
        return self._touched[key]

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
        if settled.region in self._candidates:
            return self._rules
        key = (settled.region, settled.rule_book)
        if key not in self._beside:
            stood = self._books.rules(*key).books[settled.region]
            self._beside[key] = Rules(
                {**self._rules.books, settled.region: stood}, self._rules.catalogues
            )
        return self._beside[key]
