"""Part refunds as messages: what was replaced and what flows back, and what stands again."""

from medswitch.v1 import settlement_pb2
from switch.model.answer import Replaced, Restored
from switch.model.decision import Split
from switch.model.stages import Original


def original_message(original: Original) -> settlement_pb2.Original:
    """Return how a request is named."""
    return settlement_pb2.Original(
        request_id=original.request_id,
        method=original.method,
        member_id=original.member_id,
        total_fen=original.total_fen,
    )


def write_replaced(target: settlement_pb2.Replaced, replaced: Replaced, split: Split) -> None:
    """Write what was paid of the original, and what of it the new split leaves to flow back."""
    paid = replaced.paid
    target.original.CopyFrom(original_message(replaced.original))
    target.settlement_id = replaced.settlement
    target.undo_settlement_id = replaced.undo or ""
    target.fund_fen = paid.fund_fen
    target.account_fen = paid.account_fen
    target.account_relative_fen = paid.account_relative_fen
    target.cash_fen = paid.cash_fen
    target.hospital_fen = paid.hospital_fen
    target.fund_back_fen = paid.fund_fen - split.fund_fen
    target.account_current_back_fen = paid.account_current_fen - split.account_current_fen
    target.account_earlier_back_fen = paid.account_earlier_fen - split.account_earlier_fen
    target.account_relative_back_fen = paid.account_relative_fen - split.account_relative_fen
    target.cash_back_fen = paid.cash_fen - split.cash_fen
    target.hospital_back_fen = paid.hospital_fen - split.hospital_fen


def write_restored(target: settlement_pb2.Restored, restored: Restored) -> None:
    """Write who pays what of a settlement that stands again."""
    paid = restored.paid
    target.settlement_id = restored.settlement
    target.restoring_settlement_id = restored.restoration
    target.total_fen = paid.total_fen
    target.fund_fen = paid.fund_fen
    target.account_fen = paid.account_fen
    target.account_relative_fen = paid.account_relative_fen
    target.cash_fen = paid.cash_fen
    target.hospital_fen = paid.hospital_fen
