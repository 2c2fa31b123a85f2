"""Decision → postings, and postings → their undoing. Zero amounts post nothing."""

from collections.abc import Iterable, Mapping

from switch.ledger import chart
from switch.model.decision import Decision
from switch.model.ids import InstitutionCode, MemberId, RegionCode
from switch.model.journal import Posting
from switch.model.money import Fen


def postings_of(
    decision: Decision, member_id: MemberId, institution: InstitutionCode
) -> tuple[Posting, ...]:
    """Return the postings of a decision, the whole bill in them.

    At home funds and accounts go to the institution in one book. Across regions they go to DUE in
    the home book and from DUE to the institution in the care book, so that each book balances
    alone. Cash and the hospital's part are memos at the place of care.
    """
    home, care = decision.region_insured, decision.region_care
    to = chart.institution(institution) if home == care else chart.due(home, care)
    split = decision.split
    rows = [(home, chart.fund(home, payer.fund), to, payer.amount_fen) for payer in split.payers]
    rows.append((home, chart.member_current(member_id), to, split.account_current_fen))
    rows.append((home, chart.member_earlier(member_id), to, split.account_earlier_fen))
    if home != care:
        owed = Fen(split.fund_fen + split.account_fen)
        rows.append((care, to, chart.institution(institution), owed))
    rows.append((care, chart.outside(care), chart.cash(institution), split.cash_fen))
    rows.append((care, chart.outside(care), chart.borne(institution), split.hospital_fen))
    return tuple(
        Posting(RegionCode(book), debit, credit, amount)
        for book, debit, credit, amount in rows
        if amount
    )


def opening_postings(
    region: RegionCode, member_id: MemberId, current_fen: Fen, earlier_fen: Fen
) -> tuple[Posting, ...]:
    """Return the postings that bring a person's account balances into a book from outside."""
    source = chart.outside(region)
    rows = (
        (chart.member_current(member_id), current_fen),
        (chart.member_earlier(member_id), earlier_fen),
    )
    return tuple(Posting(region, source, account, amount) for account, amount in rows if amount)


def undone(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Return the postings negated: debit and credit change places, amounts stay positive."""
    return tuple(
        Posting(posting.book, posting.credit, posting.debit, posting.amount_fen)
        for posting in postings
    )


def sums(postings: Iterable[Posting]) -> dict[str, int]:
    """Return credits minus debits by "book account": what a batch adds to each balance."""
    totals: dict[str, int] = {}
    for posting in postings:
        debit = f"{posting.book} {posting.debit}"
        credit = f"{posting.book} {posting.credit}"
        totals[debit] = totals.get(debit, 0) - posting.amount_fen
        totals[credit] = totals.get(credit, 0) + posting.amount_fen
    return totals


def moved(deltas: Mapping[str, Mapping[str, int]]) -> frozenset[str]:
    """Return the accumulators ("year key#name") that deltas really change."""
    return frozenset(
        f"{key}#{name}" for key, names in deltas.items() for name, change in names.items() if change
    )
