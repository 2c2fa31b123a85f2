"""Decision → postings, and postings → their undoing. Zero amounts post nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from switch.ledger import accumulators, chart
from switch.model.decision import Decision
from switch.model.ids import InstitutionCode, MemberId, RegionCode
from switch.model.journal import Journal, Paid, Posting
from switch.model.member import Member
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
    rows.append((home, chart.family(home), to, split.account_relative_fen))
    if home != care:
        owed = Fen(split.fund_fen + split.account_fen + split.account_relative_fen)
        rows.append((care, to, chart.institution(institution), owed))
    rows.append((care, chart.outside(care), chart.cash(institution), split.cash_fen))
    rows.append((care, chart.outside(care), chart.borne(institution), split.hospital_fen))
    return tuple(
        Posting(RegionCode(book), debit, credit, amount)
        for book, debit, credit, amount in rows
        if amount
    )


def shared_postings(
    region: RegionCode, relative: MemberId, current_fen: Fen, earlier_fen: Fen
) -> tuple[Posting, ...]:
    """Return the postings of what a relative's accounts pay, in a journal of the relative's own."""
    to = chart.family(region)
    rows = (
        (chart.member_current(relative), current_fen),
        (chart.member_earlier(relative), earlier_fen),
    )
    return tuple(Posting(region, account, to, amount) for account, amount in rows if amount)


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


def negated(journal: Journal) -> Journal:
    """Return a journal that undoes another: its amounts, postings and deltas turned about."""
    return replace(
        journal,
        total_fen=Fen(-journal.total_fen),
        account_current_delta_fen=-journal.account_current_delta_fen,
        account_earlier_delta_fen=-journal.account_earlier_delta_fen,
        deltas=accumulators.negated(journal.deltas),
        consulted=frozenset(),
        undoes=journal.ref,
        postings=undone(journal.postings),
    )


def undone(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Return the postings negated: debit and credit change places, amounts stay positive."""
    return tuple(
        Posting(posting.book, posting.credit, posting.debit, posting.amount_fen)
        for posting in postings
    )


def relative_part(postings: Iterable[Posting]) -> int:
    """Return what relatives' accounts paid of a settlement, by its own postings, in fen."""
    return sum(p.amount_fen for p in postings if p.debit.startswith(chart.FAMILY))


def paid(journal: Journal) -> Paid:
    """Return who paid what of a settlement, by its own journal."""
    current, earlier = -journal.account_current_delta_fen, -journal.account_earlier_delta_fen
    relative = relative_part(journal.postings)
    cash = _credited(journal, chart.CASH)
    hospital = _credited(journal, chart.BORNE)
    beside = current + earlier + relative + cash + hospital
    return Paid(
        total_fen=journal.total_fen,
        fund_fen=Fen(journal.total_fen - beside),
        account_current_fen=Fen(current),
        account_earlier_fen=Fen(earlier),
        account_relative_fen=Fen(relative),
        cash_fen=Fen(cash),
        hospital_fen=Fen(hospital),
    )


def moved_on(member: Member, journal: Journal) -> Member:
    """Return a person as a journal of his leaves him, at the version that it makes."""
    return replace(
        member,
        version=journal.member_version,
        account_current_fen=Fen(member.account_current_fen + journal.account_current_delta_fen),
        account_earlier_fen=Fen(member.account_earlier_fen + journal.account_earlier_delta_fen),
        accumulators=accumulators.applied(member.accumulators, journal.deltas),
    )


def shared(postings: Iterable[Posting]) -> bool:
    """Say whether relatives' accounts pay of a settlement, or get back of it, by its postings."""
    return any(chart.FAMILY in {p.debit[:7], p.credit[:7]} for p in postings)


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


def _credited(journal: Journal, prefix: str) -> int:
    return sum(p.amount_fen for p in journal.postings if p.credit.startswith(prefix))
