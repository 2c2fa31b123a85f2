"""pain.002.001.12: a payment status report, read.

A report may say something of single payments, or of the whole message when it names none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from switch.bank.schema import PAIN_002, NotThisMessage, check, namespace
from switch.clearing.payment import Reported

_NAMES: Final = {"n": namespace(PAIN_002)}
_WORDS: Final = {"ACSC": Reported.DONE, "ACCC": Reported.DONE, "RJCT": Reported.REFUSED}


@dataclass(frozen=True, slots=True)
class Report:
    """What a bank says. `end_to_end_id` "": of every payment of the message."""

    message_id: str
    end_to_end_id: str
    reported: Reported
    reason: str


def read(content: bytes) -> tuple[Report, ...]:
    """Return what a status report says. Raises: NotThisMessage."""
    root = check(PAIN_002, content)
    report = root.find("n:CstmrPmtStsRpt", _NAMES)
    group = None if report is None else report.find("n:OrgnlGrpInfAndSts", _NAMES)
    if report is None or group is None:
        raise NotThisMessage("the report names no message")
    message_id = _text(group, "n:OrgnlMsgId")
    found = tuple(_single(report, message_id))
    if found:
        return found
    return (_said(group, message_id, "", "n:GrpSts"),)


def _single(report: ET.Element, message_id: str) -> Iterator[Report]:
    for order in report.findall("n:OrgnlPmtInfAndSts", _NAMES):
        for one in order.findall("n:TxInfAndSts", _NAMES):
            yield _said(one, message_id, _text(one, "n:OrgnlEndToEndId"), "n:TxSts")


def _said(element: ET.Element, message_id: str, end_to_end_id: str, status: str) -> Report:
    reason = _text(element, "n:StsRsnInf/n:Rsn/n:Cd") or _text(element, "n:StsRsnInf/n:AddtlInf")
    word = _text(element, status)
    return Report(message_id, end_to_end_id, _WORDS.get(word, Reported.PENDING), reason)


def _text(element: ET.Element, path: str) -> str:
    return element.findtext(path, "", _NAMES).strip()
