"""pain.001.001.09: a customer credit transfer initiation, written and checked.

The same file is the same bytes: everything in it stands in the books.
"""

from typing import Final
from xml.etree import ElementTree as ET

from switch.bank.schema import PAIN_001, check, namespace
from switch.clearing.payment import BankAccount, Payment, PaymentFile

CURRENCY: Final = "CNY"
_TEXT_MAX: Final = 140


def write(file: PaymentFile) -> bytes:
    """Return the message. Raises: NotThisMessage when the schema refuses it."""
    root = ET.Element("Document", xmlns=namespace(PAIN_001))
    initiation = _in(root, "CstmrCdtTrfInitn")
    head = _in(initiation, "GrpHdr")
    _text(head, "MsgId", file.message_id)
    _text(head, "CreDtTm", file.created_at.isoformat(timespec="seconds"))
    _text(head, "NbOfTxs", str(len(file.payments)))
    _text(head, "CtrlSum", _yuan(file.total_fen))
    _text(_in(head, "InitgPty"), "Nm", file.payer.name)
    order = _in(initiation, "PmtInf")
    _text(order, "PmtInfId", file.message_id)
    _text(order, "PmtMtd", "TRF")
    _text(order, "NbOfTxs", str(len(file.payments)))
    _text(order, "CtrlSum", _yuan(file.total_fen))
    _text(_in(order, "ReqdExctnDt"), "Dt", file.execute_on.isoformat())
    _text(_in(order, "Dbtr"), "Nm", file.payer.name)
    _account(order, "DbtrAcct", file.payer)
    _agent(order, "DbtrAgt", file.payer.bank)
    for payment in file.payments:
        _payment(order, payment)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    check(PAIN_001, content)
    return content


def _payment(order: ET.Element, payment: Payment) -> None:
    one = _in(order, "CdtTrfTxInf")
    _text(_in(one, "PmtId"), "EndToEndId", payment.end_to_end_id)
    amount = _text(_in(one, "Amt"), "InstdAmt", _yuan(payment.amount_fen))
    amount.set("Ccy", CURRENCY)
    _agent(one, "CdtrAgt", payment.payee.bank)
    _text(_in(one, "Cdtr"), "Nm", payment.payee.name)
    _account(one, "CdtrAcct", payment.payee)
    _text(_in(one, "RmtInf"), "Ustrd", payment.text[:_TEXT_MAX])


def _account(parent: ET.Element, name: str, account: BankAccount) -> None:
    _text(_in(_in(_in(parent, name), "Id"), "Othr"), "Id", account.account)


def _agent(parent: ET.Element, name: str, bank: str) -> None:
    _text(_in(_in(parent, name), "FinInstnId"), "BICFI", bank)


def _in(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, name)


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    made = _in(parent, name)
    made.text = text
    return made


def _yuan(amount_fen: int) -> str:
    whole, part = divmod(amount_fen, 100)
    return f"{whole}.{part:02d}"
