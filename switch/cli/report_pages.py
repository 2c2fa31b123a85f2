"""`medswitch clearing page`: a region's page, its institutions' pages, CSV and XLSX of a period."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import xlsxwriter
from psycopg import Connection
from psycopg.rows import TupleRow

from switch.audit.reader import Reader
from switch.audit.settlement import NotExplained, decide_settlement, find_settlement
from switch.clearing.netting import dues, settle
from switch.clearing.period import Period
from switch.clearing.statement import statements
from switch.cli.acting import console, time_of
from switch.cli.acting import open_office as opened
from switch.cli.clearing_files import write_files
from switch.config import ConfigError, Settings
from switch.explain.build import Settled, build
from switch.explain.tables import steps_table
from switch.model.decision import Decision
from switch.model.ids import InstitutionCode, JournalId, RegionCode, parse_region, settlement_id
from switch.pages.markup import Html
from switch.recon.record import Leg, Record, Scope
from switch.report.page import file_name, institution_page, region_page
from switch.report.view import Act, InstitutionView, Place, RegionView
from switch.store.flows import load_flows, settled, shipped_clearing_policy
from switch.store.recon_records import acts
from switch.store.rule_books import shipped_regions

WORKINGS_MAX: Final = 200
"""Workings told on one institution's page unless asked otherwise: some 15 KB each."""

_PLACES: Final = "SELECT code, name FROM medswitch.institution WHERE region = %s"
_STATES: Final = """
SELECT s.institution, s.state, s.rate_bp FROM medswitch.statement s
JOIN medswitch.closing c ON c.region = s.region AND c.kind = 'month' AND c.since = s.since
    AND c.version = s.version AND c.reopened_at IS NULL
WHERE s.region = %s AND s.since = %s
"""
_PAID: Final = "SELECT payee, state FROM medswitch.payment WHERE region = %s AND since = %s"
_OPEN: Final = """
SELECT institution, count(*) FROM medswitch.open_difference WHERE day BETWEEN %s AND %s GROUP BY 1
"""
_CLOSED: Final = """
SELECT version FROM medswitch.closing
WHERE region = %s AND kind = %s AND since = %s AND reopened_at IS NULL
"""


def pages(
    settings: Settings, region_text: str, period_text: str, folder: Path, workings: int
) -> int:
    """Write every page and table of a region's period."""
    try:
        region, period = parse_region(region_text), Period.parse(period_text)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    folder.mkdir(parents=True, exist_ok=True)
    with opened(settings) as registrar:
        conn = registrar.connection
        view = gather(conn, region, period, time_of(registrar))
        (folder / "index.html").write_text(region_page(view), encoding="utf-8")
        with console().status("机构页 institutions"):
            for place in view.places:
                page = institution_page(_institution(conn, view, place, workings))
                (folder / file_name(place.code)).write_text(page, encoding="utf-8")
        written = list(write_files(conn, region, [period], folder))
    workbook = folder / f"clearing-{region}-{period.name}.xlsx"
    write_workbook(workbook, view)
    shown = console()
    for path in (folder / "index.html", *written, workbook):
        shown.print(f"已写 written: {path}")
    shown.print(f"机构页 institutions' pages: {len(view.places)}")
    return 0


def gather(
    conn: Connection[TupleRow], region: RegionCode, period: Period, now: datetime
) -> RegionView:
    """Return a region's period as it stands. Raises: NotHeld."""
    since, until = period.since, period.until
    policy = shipped_clearing_policy()
    flows = load_flows(conn, since, until, region)
    names: dict[str, str] = dict(conn.execute(_PLACES, (region,)).fetchall())
    states = {row[0]: row[1] for row in conn.execute(_STATES, (region, since))}
    paid = {row[0]: row[1] for row in conn.execute(_PAID, (region, since))}
    found: dict[str, int] = dict(conn.execute(_OPEN, (since, until)).fetchall())
    places = tuple(
        Place(
            one.institution, names.get(one.institution, ""), one, states.get(one.institution, ""),
            found.get(one.institution, 0), paid.get(one.institution, ""),
        )
        for one in statements(flows, {region: policy.rate_bp(region, until)})
    )  # fmt: skip
    owed = dues(load_flows(conn, since, until))
    how = policy.netting(until)
    row = conn.execute(_CLOSED, (region, period.kind, since)).fetchone()
    closed = "未结账 open" if row is None else f"已结账 closed, 版本 version {row[0]}"
    regions = {str(code): one.zh for code, one in shipped_regions().items()}
    return RegionView(
        region, period, closed, now, settled(conn, since, until, region), flows, places, owed,
        how.mode, settle(owed, how.mode, how.hub), regions,
    )  # fmt: skip


def write_workbook(path: Path, view: RegionView) -> None:
    """Write a workbook: institutions, flows, between regions; amounts are numbers in yuan."""
    with xlsxwriter.Workbook(path) as book:
        money = book.add_format({"num_format": "#,##0.00"})
        bold = book.add_format({"bold": True})

        def sheet(name: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
            made = book.add_worksheet(name)
            made.freeze_panes(1, 0)
            made.write_row(0, 0, head, bold)
            for number, row in enumerate(rows, start=1):
                for column, value in enumerate(row):
                    # A workbook holds binary fractions: this is where fen end, on paper only.
                    if isinstance(value, _Fen):
                        made.write_number(number, column, value / 100, money)
                    else:
                        made.write(number, column, value)
            made.autofit()

        sheet("机构 institutions", ("代码 code", "名称 name", "基金 funds", "账户 accounts",
              "保证金 withheld", "应付 payable", "状态 state"), [
            (one.code, one.name, _Fen(one.statement.fund_fen), _Fen(one.statement.account_fen),
             _Fen(one.statement.withheld_fen), _Fen(one.statement.payable_fen), one.state)
            for one in view.places
        ])  # fmt: skip
        sheet("明细 flows", ("机构", "参保地", "险种", "类别", "付款方", "笔次", "金额"), [
            (flow.institution, flow.region_insured, flow.insurance, flow.clearing_type,
             flow.payer, flow.count, _Fen(flow.amount_fen))
            for flow in view.flows
        ])  # fmt: skip
        sheet("城市之间 between", ("欠付 owes", "应收 is owed", "金额 amount"), [
            (due.home, due.care, _Fen(due.amount_fen)) for due in view.dues
        ])  # fmt: skip


class _Fen(int):
    """An amount that a cell shows in yuan."""


def _institution(
    conn: Connection[TupleRow], view: RegionView, place: Place, workings: int
) -> InstitutionView:
    scope = Scope(InstitutionCode(place.code), view.period.since, view.period.until)
    return InstitutionView(
        view.region, view.period, view.made_at, place,
        tuple(_acts(conn, scope, workings)), view.names,
    )  # fmt: skip


def _acts(conn: Connection[TupleRow], scope: Scope, workings: int) -> Iterator[Act]:
    """Yield every act, the first `workings` settlements with why their amounts are so."""
    reader = Reader(conn)
    conn.execute("SET search_path = medswitch, pg_temp")
    told = 0
    for record in acts(conn, scope):
        working = None
        if record.leg is Leg.SETTLED and told < workings:
            working = _working(conn, reader, record)
            told += 1
        yield Act(record, working)


def _working(conn: Connection[TupleRow], reader: Reader, record: Record) -> Html | None:
    """Return the steps of a settlement, computed again; None where it cannot be."""
    try:
        found = find_settlement(reader, record.settlement)
        again, difference = decide_settlement(conn, found)
    except NotExplained:
        return None
    if not isinstance(again.decision, Decision):
        return None
    journal = found.journal
    return steps_table(build(Settled(
        claim=found.operation.claim, member=again.member, institution=again.institution,
        rules=again.rules, decision=again.decision, difference=difference,
        settlement_id=settlement_id(journal.day, JournalId(journal.id)),
        settled_at=journal.posted_at, business_day=journal.day,
        balance_current_fen=found.reply.balance_current_fen,
        balance_earlier_fen=found.reply.balance_earlier_fen, undone=None,
        names={str(code): (one.zh, one.en) for code, one in shipped_regions().items()},
    )))  # fmt: skip
