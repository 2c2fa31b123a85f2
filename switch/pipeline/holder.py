"""What a person who is present asks of himself: balances, yearly sums, a year's settlements."""

from typing import Final

from switch.ledger.entries import relative_part
from switch.model.answer import DeclineAnswer, HolderAnswer, Settled
from switch.model.decision import Decline
from switch.model.journal import Journal
from switch.model.money import Fen
from switch.model.stages import GetHolder
from switch.pipeline.credential import Asked, prove
from switch.pipeline.ports import CardVault
from switch.pipeline.view import View, named
from switch.security.card_proof import CardOperation

SETTLEMENTS_MAX: Final = 500
"""Settlements that one reply tells."""


def get_holder(vault: CardVault, view: View, inquiry: GetHolder) -> HolderAnswer | DeclineAnswer:
    """Answer GetHolder. The credential answers as for ReadMember: it names no amount."""
    terminal = inquiry.call.received.terminal_id
    asked = Asked(CardOperation.READ_MEMBER, terminal, inquiry.request_id, 0)
    proven = prove(vault, view, inquiry.evidence, asked)
    if isinstance(proven, Decline):
        return DeclineAnswer(inquiry.request_id, proven)
    if proven.decline is not None:
        return DeclineAnswer(inquiry.request_id, proven.decline)
    member = proven.member
    found = view.years.get((member.member_id, inquiry.year), [])
    told = tuple(_settled(journal, undone=undone) for journal, undone in found[-SETTLEMENTS_MAX:])
    return HolderAnswer(inquiry.request_id, member, told, more=len(found) > SETTLEMENTS_MAX)


def _settled(journal: Journal, *, undone: bool) -> Settled:
    account = -(journal.account_current_delta_fen + journal.account_earlier_delta_fen)
    relative = relative_part(journal.postings)
    cash, hospital = _credited(journal, "CASH:"), _credited(journal, "BORNE:")
    fund = 0
    if journal.total_fen:  # else a relative's bill that this person's account helped to pay
        fund = journal.total_fen - account - relative - cash - hospital
    return Settled(
        named(journal.ref),
        journal.ref.day,
        journal.posted_at,
        journal.institution,
        journal.region_care,
        journal.insurance,
        journal.total_fen,
        Fen(fund),
        Fen(account),
        Fen(relative),
        Fen(cash),
        Fen(hospital),
        undone,
    )


def _credited(journal: Journal, prefix: str) -> int:
    return sum(p.amount_fen for p in journal.postings if p.credit.startswith(prefix))
