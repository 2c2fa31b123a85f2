"""A recorded settlement stated anew: the same message under another id, with a corrected bill."""

from medswitch.v1 import settlement_pb2
from switch.model.claim import Claim
from switch.model.ids import RequestId


def restated(body: bytes, request_id: RequestId, claim: Claim) -> bytes:
    """Return the body of a Settle with the lines and the total of a claim, under an id of its own.

    What the terminal sent beside is kept; it replaces nothing. Raises: DecodeError.
    """
    message = settlement_pb2.SettleRequest.FromString(body)
    message.ClearField("replaces")
    message.claim.request_id = request_id
    kept = {line.number: line for line in claim.lines}
    lines = list(message.claim.lines)
    del message.claim.lines[:]
    for line in lines:
        corrected = kept.get(line.number)
        if corrected is not None:
            line.quantity_e4 = corrected.quantity_e4
            line.amount_fen = corrected.amount_fen
            message.claim.lines.append(line)
    message.claim.total_fen = claim.total_fen
    return message.SerializeToString(deterministic=True)
