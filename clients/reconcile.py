"""`python -m clients.reconcile`: an institution's records against the switch's, and mending them.

    python -m clients.reconcile write records.tsv             # the records that the outboxes keep
    python -m clients.reconcile compare records.tsv           # totals and every difference
    python -m clients.reconcile compare records.tsv --repair  # and the institution's own repairs
    python -m clients.reconcile list                          # what stands at the switch

The file itself is never changed: `--repair` writes `records.mended.tsv` beside it. Exit status: 0
when nothing is left, 1 when a difference or a remainder is, 2 for what cannot be used.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from clients.comparison import Desk, group_totals
from clients.faults import SwitchFault
from clients.link import TerminalIdentity, Unproven
from clients.outbox import Entry, Outbox, OutboxBusy
from clients.province import Province
from clients.records import NotRecords, Records, of_entries, read_file, write_file, yuan
from clients.repair import Done, Mended, mend
from clients.terminal import TerminalClient
from medswitch.v1 import reconciliation_pb2 as pb
from switch.model.ids import BEIJING, InstitutionCode, TerminalId
from switch.security.suite import Suite

SHOWN_MAX: Final = 200
_KINDS: Final = {
    pb.DIFFERENCE_KIND_ONLY_SWITCH: "仅平台有 only at the switch",
    pb.DIFFERENCE_KIND_ONLY_INSTITUTION: "仅机构有 only here",
    pb.DIFFERENCE_KIND_CANCELLED_AT_SWITCH: "仅平台已撤销 undone at the switch only",
    pb.DIFFERENCE_KIND_CANCELLED_AT_INSTITUTION: "仅机构已撤销 undone here only",
    pb.DIFFERENCE_KIND_AMOUNTS: "金额不一致 amounts",
    pb.DIFFERENCE_KIND_TWICE: "机构重复 twice here",
    pb.DIFFERENCE_KIND_DAY: "业务日不一致 business day",
    pb.DIFFERENCE_KIND_PERSON: "人员不一致 person",
    pb.DIFFERENCE_KIND_GROUP: "归类不一致 insurance, clearing type or region",
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(words)
    try:
        match options.command:
            case "write":
                return _write(options)
            case "compare":
                return _compare(options)
            case _:
                return _list(options)
    except (NotRecords, OSError, OutboxBusy, SwitchFault, Unproven, KeyError) as error:
        print(f"reconcile: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m clients.reconcile", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("write", "compare", "list"):
        one = commands.add_parser(name)
        if name != "list":
            one.add_argument("file", type=Path, help="records: .tsv, or .csv with commas")
        one.add_argument("--address", default="127.0.0.1:50051")
        one.add_argument("--folder", type=Path, default=Path("medswitch-demo"),
            help="folder of the demonstration: keys and outboxes")  # fmt: skip
        one.add_argument("--terminal", default="ningbo_community_1",
            help="its name there, or a JSON file: terminal_id, institution, suite, key_version, "
            "master_key (hex), outbox")  # fmt: skip
        one.add_argument("--since", help="first business day; else the file's first")
        one.add_argument("--until", help="last business day; else the file's last")
    repair = commands.choices["compare"]
    repair.add_argument("--repair", action="store_true", help="do the institution's own repairs")
    return parser


def _write(options: argparse.Namespace) -> int:
    """Write the records of every outbox of the institution, perhaps of some days only."""
    since, until = options.since or "0001-01-01", options.until or "9999-12-31"
    with _Records() as records:
        entries: list[Entry] = []
        for outbox in _outboxes(options):
            entries += outbox.replied()
            outbox.close()
        records.add(of_entries(entries))
        count = write_file(options.file, _by_day(records, since, until))
    print(f"{count} 笔 records: {options.file}")
    return 0


def _by_day(records: Records, since: str, until: str) -> Iterator[pb.CompareRecord]:
    return (one for one in records.all() if since <= one.business_day <= until)


def _compare(options: argparse.Namespace) -> int:
    with _Records() as records:
        records.add(read_file(options.file))
        first, last = records.days() or (_today(), _today())
        since, until = options.since or first, options.until or last
        with _client(options) as client:
            desk = Desk(client.link)
            left = _show(desk, records, since, until)
            if not options.repair or not left:
                return 1 if left else 0
            others = [*_outboxes(options, but=options.terminal)]
            try:
                failed = _repaired(records, left, client, others)
            finally:
                for outbox in others:
                    outbox.close()
            mended = options.file.with_suffix(f".mended{options.file.suffix}")
            write_file(mended, records.all())
            print(f"已写 written: {mended}")
            # What a repair undid lies on today's business day.
            print("再核对 comparing again:")
            last = (records.days() or ("", until))[1]
            again = _show(desk, records, since, max(until, last))
            return 1 if failed or again else 0


def _show(desk: Desk, records: Records, since: str, until: str) -> list[pb.Difference]:
    """Compare totals and details, print both, and return the differences."""
    totals = desk.totals(since, until, group_totals(records.between(since, until)))
    unequal = [one for one in totals.totals if not one.equal]
    print(f"{since}..{until}: {len(totals.totals)} 组 groups, {len(unequal)} 不符 unequal")
    for group in unequal[:SHOWN_MAX]:
        ours, theirs = group.switch_total, group.institution
        print(
            f"  {group.business_day} {group.insurance} {group.clearing_type} "
            f"{group.region_insured}: "
            f"平台 switch {ours.count}, {yuan(ours.amounts.total_fen)}; "
            f"机构 here {theirs.count}, {yuan(theirs.amounts.total_fen)}"
        )
    found: list[pb.Difference] = []
    end = desk.compare(since, until, records.between(since, until), found.append)
    for one in found[:SHOWN_MAX]:
        print(f"  {_told(one)}")
    if len(found) > SHOWN_MAX:
        print(f"  ... {len(found) - SHOWN_MAX} more")
    explained, remainder = end.explained, end.remainder
    print(
        f"  差异 differences {end.differences}; 解释 explained: 总 total "
        f"{yuan(explained.total_fen)}, 基金 fund {yuan(explained.fund_fen)}, 账户 account "
        f"{yuan(explained.account_fen)}; 未解释 remainder {yuan(remainder.total_fen)}"
    )
    return found


def _told(one: pb.Difference) -> str:
    record = one.switch_record if one.HasField("switch_record") else one.institution_record
    repair = pb.Repair.Name(one.repair).removeprefix("REPAIR_").lower()
    undone = " 撤销 undoing" if record.undone else ""
    return (
        f"{record.request_id}{undone} {record.business_day}: {_KINDS[one.kind]}, "
        f"{yuan(one.explains.total_fen)} → {repair}"
    )


def _repaired(
    records: Records, found: list[pb.Difference], client: TerminalClient, others: list[Outbox]
) -> int:
    """Do what can be done, print it, and return how many are left."""
    done: list[Mended] = list(mend(records, found, client, others))
    for one in done[:SHOWN_MAX]:
        mark = "✔" if one.done is Done.MENDED else "✘"
        print(f"  {mark} {_told(one.difference)}: {one.text}")
    left = sum(one.done is Done.LEFT for one in done)
    print(f"  已处理 mended {len(done) - left}, 待处理 left {left}")
    return left


def _list(options: argparse.Namespace) -> int:
    since, until = options.since or _today(), options.until or _today()
    with _client(options) as client:
        standing = Desk(client.link).standing(since, until)
    for one in standing:
        print(f"  #{one.comparison} {_told(one.difference)}")
    print(f"{since}..{until}: {len(standing)} 笔未处理 stand")
    return 1 if standing else 0


class _Records(Records):
    """Records that are forgotten on the way out."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _client(options: argparse.Namespace) -> TerminalClient:
    stated = Path(options.terminal)
    if stated.suffix != ".json":
        return Province(options.folder).counter(options.terminal, options.address)
    said = json.loads(stated.read_text(encoding="utf-8"))
    identity = TerminalIdentity(
        TerminalId(said["terminal_id"]),
        InstitutionCode(said["institution"]),
        Suite(said["suite"]),
        said["key_version"],
        bytes.fromhex(said["master_key"]),
    )
    outbox = Outbox(stated.parent / said["outbox"], identity.institution, _now)
    return TerminalClient(options.address, identity, outbox)


def _outboxes(options: argparse.Namespace, but: str = "") -> Iterator[Outbox]:
    """Yield the outboxes of the institution that lie there, one a terminal, `but` one's."""
    if options.terminal.endswith(".json"):
        if not but:
            yield _client(options).outbox
        return
    institution = options.terminal.rpartition("_")[0]
    identity = Province(options.folder).identity(options.terminal)
    for path in sorted((options.folder / "outboxes").glob(f"{institution}_[0-9]")):
        if path.name != but:
            yield Outbox(path, identity.institution, _now)


def _now() -> datetime:
    return datetime.now(UTC)


def _today() -> str:
    return _now().astimezone(BEIJING).date().isoformat()


if __name__ == "__main__":
    sys.exit(main())
