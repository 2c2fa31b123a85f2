"""Invariant 3: a split's parts add up to the claim, and its journal to the split.

The claim is the stored body, the split the stored reply: what the institution said and what it was
told, against what was posted.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from medswitch.v1 import common_pb2, settlement_pb2
from switch.audit.findings import Violation
from switch.audit.replies import SETTLED
from switch.audit.rows import Case, JournalRow
from switch.ledger import chart
from switch.model.reply import ReplyCode
from switch.model.stages import Settle

_FOLLOWING: Final = frozenset({"DUE", "OUTSIDE"})


def check_split(case: Case) -> Iterator[Violation]:
    """Claim, reply and journal of one request say the same amounts."""
    row = case.row
    if row.code != ReplyCode.OK or row.method not in {*SETTLED, "Cancel", "Reverse"}:
        return
    if case.reply is None:
        yield Violation(3, row.key, "its stored reply cannot be read")
    elif row.method not in SETTLED:
        if case.journal is not None:
            yield from _check_undone(row.key, case.reply.undone, case.journal)
    else:
        split = case.reply.decision.split
        yield from _check_parts(row.key, split)
        if isinstance(case.operation, Settle):
            yield from _check_claim(row.key, case.operation, split)
        if case.journal is not None:
            yield from _check_posted(row.key, split, case.journal)


def check_account_deltas(journal: JournalRow) -> Iterator[Violation]:
    """What a journal says of the person's account is what its postings move there."""
    current, earlier = account_changes(journal)
    stated = (journal.account_current_delta_fen, journal.account_earlier_delta_fen)
    if stated != (current, earlier):
        yield Violation(
            3, journal.key,
            f"states {stated[0]} and {stated[1]} fen on the person's accounts and posts "
            f"{current} and {earlier}",
        )  # fmt: skip


def account_changes(journal: JournalRow) -> tuple[int, int]:
    """Return what the postings move on the person's current and earlier account."""
    changes: dict[str, int] = {}
    for (_, account), change in journal.balance_changes().items():
        changes[account] = changes.get(account, 0) + change
    return (
        changes.get(chart.member_current(journal.member_id), 0),
        changes.get(chart.member_earlier(journal.member_id), 0),
    )


def _check_parts(key: str, split: common_pb2.Split) -> Iterator[Violation]:
    """Hold the identities that the contract states beside `Split`."""
    funds = sum(payer.amount_fen for payer in split.payers)
    sums = (
        ("total", split.total_fen, split.own_expense_fen + split.over_limit_fen
            + split.first_self_pay_fen + split.in_scope_fen),
        ("total", split.total_fen, split.fund_fen + split.hospital_fen + split.person_fen),
        ("person", split.person_fen, split.account_fen + split.account_relative_fen
            + split.cash_fen),
        ("fund", split.fund_fen, funds),
        ("account", split.account_fen, split.account_current_fen + split.account_earlier_fen),
    )  # fmt: skip
    for name, whole, parts in sums:
        if whole != parts:
            yield Violation(3, key, f"its reply says {name} {whole}, whose parts come to {parts}")


def _check_claim(key: str, operation: Settle, split: common_pb2.Split) -> Iterator[Violation]:
    claim = operation.claim
    lines = sum(line.amount_fen for line in claim.lines)
    if not lines == claim.total_fen == split.total_fen:
        yield Violation(
            3, key,
            f"its lines come to {lines}, its claim to {claim.total_fen}, its split to "
            f"{split.total_fen} fen",
        )  # fmt: skip


def _check_posted(key: str, split: common_pb2.Split, journal: JournalRow) -> Iterator[Violation]:
    home = journal.region_insured
    expected: dict[str, int] = {
        chart.member_current(journal.member_id): -split.account_current_fen,
        chart.member_earlier(journal.member_id): -split.account_earlier_fen,
        chart.family(home): -split.account_relative_fen,
        chart.institution(journal.institution): split.fund_fen
        + split.account_fen
        + split.account_relative_fen,
        chart.cash(journal.institution): split.cash_fen,
        chart.borne(journal.institution): split.hospital_fen,
    }
    for payer in split.payers:
        account = f"FUND:{home}:{payer.fund_pay_type}"
        expected[account] = expected.get(account, 0) - payer.amount_fen
    yield from _compare(key, expected, _changes(journal))
    if journal.total_fen != split.total_fen:
        yield Violation(
            3, key, f"its split is of {split.total_fen} fen, {journal.key} of {journal.total_fen}"
        )


def _check_undone(
    key: str, undone: settlement_pb2.Undone, journal: JournalRow
) -> Iterator[Violation]:
    changes = _changes(journal)
    funds = sum(change for account, change in changes.items() if account.startswith("FUND:"))
    posted = {
        "total": -journal.total_fen,
        "fund": funds,
        "account": sum(account_changes(journal)),
        "relatives' account": changes.get(chart.family(journal.region_insured), 0),
        "cash": -changes.get(chart.cash(journal.institution), 0),
        "hospital": -changes.get(chart.borne(journal.institution), 0),
    }
    said = {
        "total": undone.total_fen,
        "fund": undone.fund_fen,
        "account": undone.account_fen,
        "relatives' account": undone.account_relative_fen,
        "cash": undone.cash_fen,
        "hospital": undone.hospital_fen,
    }
    yield from _compare(key, said, posted)


def _changes(journal: JournalRow) -> dict[str, int]:
    """Return credits minus debits by account, DUE and OUTSIDE left out: they follow."""
    return {
        account: change
        for (_, account), change in journal.balance_changes().items()
        if account.partition(":")[0] not in _FOLLOWING
    }


def _compare(
    key: str, expected: Mapping[str, int], posted: Mapping[str, int]
) -> Iterator[Violation]:
    for name in sorted(set(expected) | set(posted)):
        said, done = expected.get(name, 0), posted.get(name, 0)
        if said != done:
            yield Violation(3, key, f"{name}: its reply says {said} fen, its journal {done}")
