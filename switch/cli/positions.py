"""`medswitch clearing positions`: what regions owe each other, and how it is settled."""

from rich import box
from rich.table import Table

from switch.clearing.netting import Mode, dues, moved, net, settle
from switch.clearing.period import Period
from switch.cli.acting import console, show_json
from switch.cli.database import open_database
from switch.config import ConfigError, Settings
from switch.model.ids import RegionCode
from switch.model.money import yuan_text
from switch.store.flows import load_flows, shipped_clearing_policy
from switch.store.rule_books import shipped_regions


def positions(
    settings: Settings, period_text: str, mode_text: str | None, *, as_json: bool
) -> None:
    """Print the dues of a period as a matrix, the positions, and the payments."""
    import psycopg

    try:
        period = Period.parse(period_text)
        mode = None if mode_text is None else Mode(mode_text)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    with open_database(settings) as url, psycopg.connect(url, autocommit=True) as connection:
        owed = dues(load_flows(connection, period.since, period.until))
    how = shipped_clearing_policy().netting(period.until)
    transfers = settle(owed, mode or how.mode, how.hub)
    found = net(owed)
    if as_json:
        show_json({
            "period": period.name,
            "mode": (mode or how.mode).value,
            "dues": [[one.home, one.care, one.amount_fen] for one in owed],
            "positions": dict(sorted(found.items())),
            "transfers": [[one.payer, one.payee, one.amount_fen] for one in transfers],
            "sum_fen": sum(moved(transfers).values()),
        })  # fmt: skip
        return
    regions = sorted(found)
    table = Table(
        title=f"异地清算 between regions · {period.name}", title_justify="left",
        title_style="bold", box=box.SIMPLE_HEAD,
    )  # fmt: skip
    table.add_column("欠付 owes ↓ → 应收 is owed")
    for region in regions:
        table.add_column(_named(region), justify="right")
    amounts = {(one.home, one.care): one.amount_fen for one in owed}
    for home in regions:
        cells = (amounts.get((home, care)) for care in regions)
        table.add_row(_named(home), *("" if fen is None else yuan_text(fen) for fen in cells))
    table.add_section()
    table.add_row("净额 position", *(yuan_text(found[region]) for region in regions))
    shown = console()
    shown.print(table)
    shown.print(f"净额合计 positions sum to {yuan_text(sum(found.values()))}")
    for one in transfers:
        shown.print(
            f"  {_named(one.payer)} → {_named(one.payee)}: {yuan_text(one.amount_fen)} "
            f"({(mode or how.mode).value})"
        )


def _named(region: str) -> str:
    known = shipped_regions().get(RegionCode(region))
    return region if known is None else f"{region} {known.zh}"
