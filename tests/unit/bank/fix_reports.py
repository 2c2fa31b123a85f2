"""Status reports as a bank would send them."""

from collections.abc import Mapping

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"><CstmrPmtStsRpt>
<GrpHdr><MsgId>BANK-1</MsgId><CreDtTm>2027-01-02T09:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
{group}</OrgnlGrpInfAndSts>{orders}</CstmrPmtStsRpt></Document>"""
ONE = (
    "<TxInfAndSts><OrgnlEndToEndId>{end_to_end}</OrgnlEndToEndId><TxSts>{word}</TxSts>"
    "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>"
)


def status_report(message_id: str, words: Mapping[str, str]) -> bytes:
    """A pain.002 about single payments, or under "" about the whole message."""
    group = f"<GrpSts>{words['']}</GrpSts>" if "" in words else ""
    singles = "".join(ONE.format(end_to_end=key, word=word) for key, word in words.items() if key)
    orders = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message_id}</OrgnlPmtInfId>{singles}"
        "</OrgnlPmtInfAndSts>" if singles else ""
    )  # fmt: skip
    return HEAD.format(message=message_id, group=group, orders=orders).encode()
