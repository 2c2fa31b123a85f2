"""An institution's side of reconciliation: totals (3201), details (3202), and what stands."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from clients.faults import read_fault
from clients.link import Link, Reply, SigninFault
from clients.streams import FrameStream, StreamFault, read_list
from medswitch.v1 import reconciliation_pb2 as pb
from switch.security.suite import Suite

_SERVICE: Final = "/medswitch.v1.ReconciliationService/"
RECORDS_AT_ONCE: Final = 4_000
RECORDS_AT_ONCE_TDES: Final = 300
"""Some 140 bytes each, within the 64 KiB that a TDES terminal may sign."""
TIMEOUT_S: Final = 900.0

Group = tuple[str, str, str, str]
"""Business day, insurance, clearing type, insured region."""


class Desk:
    """Compares over one terminal's link. Every verb raises Unproven when an answer is not proven,
    SwitchFault for a proven fault; then nothing of what came before may be believed.
    """

    def __init__(self, link: Link, timeout_s: float = TIMEOUT_S) -> None:
        self._link = link
        self._timeout_s = timeout_s
        tdes = link.identity.suite == Suite.TDES
        self._records_at_once = RECORDS_AT_ONCE_TDES if tdes else RECORDS_AT_ONCE

    def totals(
        self, since: str, until: str, stated: Iterable[pb.GroupTotal]
    ) -> pb.CompareTotalsResponse:
        """Compare totals by day, insurance, clearing type and region."""
        request = pb.CompareTotalsRequest(since=since, until=until, totals=stated)
        body = request.SerializeToString()
        try:
            reply = self._link.call(_SERVICE + "CompareTotals", body, self._timeout_s)
        except SigninFault as fault:
            raise read_fault(fault.details) from None
        return pb.CompareTotalsResponse.FromString(_proven(reply))

    def compare(
        self,
        since: str,
        until: str,
        records: Iterable[pb.CompareRecord],
        found: Callable[[pb.Difference], None],
        stated: pb.CompareTotal | None = None,
    ) -> pb.CompareDetailsSummary:
        """Compare every act; tell each difference as it is found, and return the end."""
        try:
            with FrameStream(self._link, _SERVICE + "CompareDetails", self._timeout_s) as stream:
                for part in self._parts(since, until, records, stated):
                    more = self._send(stream, part, found)
                    while more and part.complete:
                        more = self._send(stream, pb.CompareDetailsPart(complete=True), found)
                return pb.CompareDetailsSummary.FromString(_proven(stream.send(b"")))
        except StreamFault as fault:
            raise read_fault(fault.reply.body) from None
        except SigninFault as fault:
            raise read_fault(fault.details) from None

    def standing(self, since: str, until: str) -> list[pb.ListDifferencesResponse]:
        """Return what the last comparisons found and nobody has mended."""
        request = pb.ListDifferencesRequest(since=since, until=until)
        method, body = _SERVICE + "ListDifferences", request.SerializeToString()
        try:
            messages = list(read_list(self._link, method, body, self._timeout_s))
        except StreamFault as fault:
            raise read_fault(fault.reply.body) from None
        except SigninFault as fault:
            raise read_fault(fault.details) from None
        return [pb.ListDifferencesResponse.FromString(message) for message in messages]

    def _parts(
        self,
        since: str,
        until: str,
        records: Iterable[pb.CompareRecord],
        stated: pb.CompareTotal | None,
    ) -> Iterator[pb.CompareDetailsPart]:
        left = iter(records)
        part = pb.CompareDetailsPart(since=since, until=until)
        while True:
            part.records.extend(islice(left, self._records_at_once))
            following = next(left, None)
            if following is None:
                part.complete = True
                if stated is not None:
                    part.stated.CopyFrom(stated)
                yield part
                return
            yield part
            part = pb.CompareDetailsPart(records=[following])

    def _send(
        self,
        stream: FrameStream,
        part: pb.CompareDetailsPart,
        found: Callable[[pb.Difference], None],
    ) -> bool:
        body = _proven(stream.send(part.SerializeToString()))
        findings = pb.CompareDetailsFindings.FromString(body)
        for difference in findings.differences:
            found(difference)
        return findings.more


def group_totals(records: Iterable[pb.CompareRecord]) -> list[pb.GroupTotal]:
    """Return what records come to by group: what CompareTotals is asked with."""
    sums: dict[Group, pb.CompareTotal] = {}
    for one in records:
        group = (one.business_day, one.insurance, one.clearing_type, one.region_insured)
        total = sums.setdefault(group, pb.CompareTotal())
        total.count += -1 if one.undone else 1
        total.amounts.total_fen += one.total_fen
        total.amounts.fund_fen += one.fund_fen
        total.amounts.account_fen += one.account_fen
    return [
        pb.GroupTotal(
            business_day=day, insurance=insurance, clearing_type=clearing,
            region_insured=region, institution=total,
        )
        for (day, insurance, clearing, region), total in sorted(sums.items())
    ]  # fmt: skip


def _proven(reply: Reply) -> bytes:
    if reply.status != 0:
        raise read_fault(reply.body)
    return reply.body
