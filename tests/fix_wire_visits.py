"""Good requests about visits to start from."""

from typing import Any

from google.protobuf.message import Message

from medswitch.v1 import common_pb2, visit_pb2

VISIT = "0001V0000000549755815936"


def good_visit_requests(
    request_id: str, member_id: str, lines: list[common_pb2.FeeLine]
) -> dict[str, Message]:
    """Return a good request of each method about visits."""
    reason = common_pb2.Reason(operator="赵三", why="医嘱")
    named: dict[str, Any] = {
        "request_id": request_id, "member_id": member_id, "visit_id": VISIT, "reason": reason,
    }  # fmt: skip
    details = visit_pb2.VisitDetails(
        kind="21", begun_on="2018-11-20", department="神经内科", doctor="李四",
        diagnoses=["I63.900"],
    )  # fmt: skip
    return {
        "Register": visit_pb2.RegisterRequest(
            request_id=request_id, member_id=member_id, number="ZY0001", region_insured="330299",
            insurance="310", details=details, continues=VISIT, reason=reason,
        ),
        "Update": visit_pb2.UpdateRequest(**named, details=details),
        "UploadLines": visit_pb2.UploadLinesRequest(**named, lines=lines),
        "WithdrawLines": visit_pb2.WithdrawLinesRequest(
            **named, lines=[visit_pb2.LineNumber(number=1), visit_pb2.LineNumber(number=3)]
        ),
        "Discharge": visit_pb2.DischargeRequest(
            **named, ended_on="2018-12-01", diagnoses=["I63.900"]
        ),
        "CancelVisit": visit_pb2.CancelVisitRequest(
            **named, what=visit_pb2.VISIT_CANCELLATION_ADMISSION
        ),
        "GetVisit": visit_pb2.GetVisitRequest(
            request_id=request_id, member_id=member_id, visit_id=VISIT, with_lines=True,
            after_line=500,
        ),
    }  # fmt: skip
