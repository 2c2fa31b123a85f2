from switch.model.fault import FaultReason
from switch.model.terminal import TerminalClass
from switch.server.rights import RIGHTS, SETTLE
from switch.server.status import STATUS, Action, status_number


def test_every_fault_has_a_status_of_its_own() -> None:
    assert set(STATUS) == set(FaultReason)
    codes = [code for code, _ in STATUS.values()]
    assert len(set(codes)) == len(codes)
    assert all(status_number(code) > 0 for code in codes)


def test_only_faults_that_did_nothing_may_be_retried_blindly() -> None:
    unknown = {r for r, (_, action) in STATUS.items() if action is Action.QUERY_OR_REVERSE}
    assert unknown == {FaultReason.UNDECIDED, FaultReason.INTERNAL}


def test_agencies_do_not_settle() -> None:
    assert TerminalClass.AGENCY not in RIGHTS[SETTLE]
