"""What a holder is told, as a message."""

from medswitch.v1 import card_pb2
from switch.model.answer import HolderAnswer, Settled
from switch.wire.outcome import done, epoch_ms
from switch.wire.person import member_message


def holder_response(answer: HolderAnswer) -> card_pb2.GetHolderResponse:
    """Return the reply to GetHolder."""
    return card_pb2.GetHolderResponse(
        outcome=done(answer.request_id),
        member=member_message(answer.member),
        settlements=[_settlement(one) for one in answer.settlements],
        more=answer.more,
    )


def _settlement(one: Settled) -> card_pb2.HolderSettlement:
    return card_pb2.HolderSettlement(
        settlement_id=one.settlement_id,
        business_day=one.business_day.isoformat(),
        settled_at_ms=epoch_ms(one.settled_at),
        institution=one.institution,
        region_care=one.region_care,
        insurance=one.insurance,
        total_fen=one.total_fen,
        fund_fen=one.fund_fen,
        account_fen=one.account_fen,
        account_relative_fen=one.account_relative_fen,
        cash_fen=one.cash_fen,
        hospital_fen=one.hospital_fen,
        undone=one.undone,
    )
