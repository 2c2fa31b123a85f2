"""Who changes what is on file, and why, on the wire: of filings, visits and cards."""

from medswitch.v1 import common_pb2
from switch.model.act import Act, Reason
from switch.model.fault import malformed
from switch.wire import checks
from switch.wire.outcome import epoch_ms


def reason_of(message: common_pb2.Reason | None, field: str = "reason") -> Reason:
    """Return who asks for a change, and why. `field`: where it stands. Raises: Fault MALFORMED."""
    if message is None:
        raise malformed(field, f"{field} is missing; say who asks for the change, and why")
    return Reason(
        checks.text_of(f"{field}.operator", message.operator, 1, 50),
        checks.text_of(f"{field}.why", message.why, 1, 200),
    )


def act_message(act: Act) -> common_pb2.Act:
    """Return who changed something, when and why."""
    return common_pb2.Act(
        request_id=act.request_id,
        institution=act.institution,
        terminal_id=act.terminal_id,
        operator=act.operator,
        why=act.why,
        at_ms=epoch_ms(act.at),
    )
