"""Invariants 1 and 2: whole fen in 64 bits; positive postings between accounts of one book."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from switch.audit.findings import Violation
from switch.audit.rows import BatchRow, JournalRow, PostingRow
from switch.ledger.chart import FAMILY
from switch.model.journal import INTERCITY
from switch.model.money import AMOUNT_FEN_MAX

MONEY_COLUMNS: Final = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'medswitch' AND column_name LIKE '%%\\_fen' AND data_type <> 'bigint'
ORDER BY table_name, column_name
"""
INT64_MAX: Final = 2**63 - 1


def check_columns(columns: Iterable[Sequence[str]]) -> Iterator[Violation]:
    """Every column of money is a BIGINT; `columns` are those that are not."""
    for table, column, kind in columns:
        yield Violation(1, f"column {table}.{column}", f"holds {kind}, not bigint")


def check_amounts(journal: JournalRow) -> Iterator[Violation]:
    """A journal's amounts are whole, and none is above what one claim may come to."""
    amounts = {
        "total_fen": journal.total_fen,
        "account_current_delta_fen": journal.account_current_delta_fen,
        "account_earlier_delta_fen": journal.account_earlier_delta_fen,
        **{f"posting {p.number} amount_fen": p.amount_fen for p in journal.postings},
    }
    for name, amount in amounts.items():
        if not _whole(amount) or abs(amount) > AMOUNT_FEN_MAX:
            yield Violation(1, journal.key, f"{name} is {amount}")
    yield from check_counts(journal.key, journal.deltas)


def check_counts(key: str, values: Mapping[str, Mapping[str, int]]) -> Iterator[Violation]:
    """Accumulators and their changes are whole numbers of 64 bits."""
    for year, names in values.items():
        for name, value in names.items():
            if not _whole(value) or abs(value) > INT64_MAX:
                yield Violation(1, key, f"{year}#{name} is {value!r}")


def check_balances(key: str, balances: Mapping[str, object]) -> Iterator[Violation]:
    """Balances and sums of balances are whole numbers of 64 bits."""
    for name, value in balances.items():
        if not isinstance(value, int) or not _whole(value) or abs(value) > INT64_MAX:
            yield Violation(1, key, f"{name} is {value!r}")


def check_postings(journal: JournalRow) -> Iterator[Violation]:
    """Each posting is positive, between two accounts, and both lie in its one book.

    What is debited in a book is credited in it, so each book balances by the shape of a posting.
    """
    for p in journal.postings:
        key = f"{journal.key} posting {p.number}"
        if p.amount_fen <= 0:
            yield Violation(2, key, f"moves {p.amount_fen} fen")
        if p.debit == p.credit:
            yield Violation(2, key, f"debits and credits {p.debit}")
        if p.book not in {journal.region_insured, journal.region_care}:
            yield Violation(2, key, f"stands in book {p.book}, which the journal has no part in")
        for account in (p.debit, p.credit):
            if not _belongs(account, p, journal):
                yield Violation(2, key, f"{account} is no account of book {p.book} here")


def check_sums(batch: BatchRow, totals: Mapping[str, int]) -> Iterator[Violation]:
    """A batch carries exactly what its postings add to each account of each book.

    What relatives pay is taken up in the same batch: nothing of it is left.
    """
    stored = {account: change for account, change in batch.sums.items() if change}
    posted = {account: change for account, change in totals.items() if change}
    for account in sorted(posted):
        if account.partition(" ")[2].startswith(FAMILY):
            left = posted[account]
            yield Violation(2, batch.key, f"{account}: {left} fen of relatives' parts are left")
    for account in sorted(set(stored) | set(posted)):
        there, here = stored.get(account, 0), posted.get(account, 0)
        if there != here:
            yield Violation(2, batch.key, f"{account}: the batch says {there}, postings {here} fen")


def _belongs(account: str, posting: PostingRow, journal: JournalRow) -> bool:
    """Say whether an account may be moved by this journal in this book (design section 7)."""
    kind, *rest = account.split(":")
    book, home, care = posting.book, journal.region_insured, journal.region_care
    match kind, rest:
        case "FUND", [region, _]:
            return region == book == home
        case "MEMBER", [member, "current" | "earlier"]:
            return member == journal.member_id and book == home
        case "INSTITUTION" | "CASH" | "BORNE", [code]:
            return code == journal.institution and book == care
        case "DUE", [debtor, creditor]:
            crosses = journal.window_book == INTERCITY and home != care
            return crosses and (debtor, creditor) == (home, care)
        case "FAMILY", [region]:
            return region == book == home
        case "OUTSIDE", [region]:
            return region == book
        case _:
            return False


def _whole(value: object) -> bool:
    return type(value) is int
