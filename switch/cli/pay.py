"""`medswitch clearing pay` and `report`: files for partner banks, and what the banks say."""

from collections.abc import Sequence
from pathlib import Path

from switch.bank import pain001, pain002
from switch.bank.schema import NotThisMessage
from switch.clearing.payment import Contradiction, Reported
from switch.clearing.period import Kind, Period
from switch.cli.acting import console, open_office, read_signer, time_of
from switch.config import ConfigError, Settings
from switch.model.ids import parse_region
from switch.model.money import yuan_text
from switch.store.paying import CannotPay, order, take_report, written_files


def pay(
    settings: Settings, region_text: str, month_text: str, who: tuple[str, Path, Path | None],
    folder: Path,
) -> int:  # fmt: skip
    """Order what confirmed statements come to, and write every file of the month.

    Killed between ordering and writing, the next run orders nothing and writes the same files.
    """
    try:
        region, month = parse_region(region_text), Period.parse(month_text)
        if month.kind is not Kind.MONTH:
            raise ConfigError(f"{month_text} is no month: statements are of months")
    except ValueError as error:
        raise ConfigError(str(error)) from error
    signer, shown = read_signer(*who), console()
    with open_office(settings) as registrar:
        conn = registrar.connection
        try:
            made = order(conn, registrar.sealer, region, month, signer, time_of(registrar))
        except CannotPay as error:
            raise ConfigError(f"nothing is ordered: {error}") from error
        everything = written_files(conn, region, month)
    folder.mkdir(parents=True, exist_ok=True)
    new = {file.message_id for file in made}
    for file in everything:
        path = folder / f"{file.message_id}.xml"
        path.write_bytes(pain001.write(file))
        mark = "新 new" if file.message_id in new else "已有 before"
        shown.print(
            f"{mark}: {path}: {len(file.payments)} 笔 payments, {yuan_text(file.total_fen)}"
        )
    if not everything:
        shown.print(f"{region} {month.name}: 无可付款项 nothing confirmed is to be paid")
    return 0


def report(settings: Settings, files: Sequence[Path], who: tuple[str, Path, Path | None]) -> int:
    """Take banks' status reports; exit status 1 when one cannot be taken."""
    signer, shown, refused = read_signer(*who), console(), 0
    with open_office(settings) as registrar:
        for path in files:
            try:
                said = pain002.read(path.read_bytes())
                moved = take_report(
                    registrar.connection, registrar.sealer, said[0].message_id,
                    {one.end_to_end_id: (one.reported, one.reason) for one in said},
                    signer, time_of(registrar),
                )  # fmt: skip
            except (CannotPay, Contradiction, NotThisMessage) as error:
                refused += 1
                shown.print(f"[red]✘[/] {path}: {error}")
                continue
            pending = sum(one.reported is Reported.PENDING for one in said)
            shown.print(f"[green]✔[/] {path}: {len(moved)} 笔变动 moved, {pending} 笔未决 pending")
            for end_to_end, state in sorted(moved.items()):
                shown.print(f"  {end_to_end}: {state}")
    return 1 if refused else 0
