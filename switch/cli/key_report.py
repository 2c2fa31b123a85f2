"""What can be told of keys: their check values, and whether each is what it should be."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow
from rich.table import Table

from switch.cli.acting import console, open_office, show_json
from switch.config import Settings
from switch.device.home import open_home
from switch.model.ids import BEIJING
from switch.model.key import KeyKind, KeyTier
from switch.security.custody import KeyRecord, unwrap
from switch.security.errors import KeyUnwrapFailed, VaultInconsistent
from switch.security.port import KeyHome
from switch.security.vault import SoftwareVault
from switch.store.keys import all_records, last_days

_TOP_DOWN: Final = (KeyTier.NONE, KeyTier.MINISTRY, KeyTier.PROVINCE, KeyTier.CITY)


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of one key; `fault` is empty for one that is as it should be."""

    key: str
    fault: str


def list_keys(settings: Settings, *, terminals: bool, as_json: bool) -> None:
    """Print every key's id, check value, state, home and last day."""
    with open_office(settings) as registrar:
        records = all_records(registrar.connection)
        ends = last_days(registrar.connection)
    today = datetime.now(UTC).astimezone(BEIJING).date()
    shown = [one for one in records if terminals or one.slot.kind is not KeyKind.TERMINAL]
    if as_json:
        show_json([_fields(one, ends.get(one.slot.key_id), today) for one in shown])
        return
    table = Table(
        "密钥 key", "校验值 KCV", "状态 state", "保管 rests under", "至 last day", "天 days"
    )
    for one in shown:
        fields = _fields(one, ends.get(one.slot.key_id), today)
        days = "" if fields["days_left"] is None else str(fields["days_left"])
        table.add_row(
            fields["key"], fields["kcv"], fields["state"], fields["rests_under"],
            fields["ends_on"], days,
        )  # fmt: skip
    console().print(table)
    left = len(records) - len(shown)
    if left:
        print(f"另有终端密钥 and {left:,} terminals' keys: --terminals")


def verify(settings: Settings, *, as_json: bool) -> int:
    """Open every key, recompute every child, print what is wrong; return the exit status."""
    home = open_home(settings)
    with open_office(settings, check=False) as registrar:
        found = verified(registrar.connection, home)
    faults = [one for one in found if one.fault]
    if as_json:
        show_json({
            "keys": len(found), "faults": [{"key": f.key, "fault": f.fault} for f in faults],
        })  # fmt: skip
    else:
        for one in faults:
            print(f"✘ {one.key}: {one.fault}")
        print(f"{len(found) - len(faults):,} of {len(found):,} 密钥相符 keys are as they should be")
    return 1 if faults else 0


def verified(conn: Connection[TupleRow], home: KeyHome) -> list[Verified]:
    """Return every key with what is wrong with it: its wrapping, its check value, its parent."""
    records = all_records(conn)
    faults = {one.slot.key_id: _fault_of(one, home) for one in records}
    # A key that does not open has no parent to compare with, and would hide the others.
    opened = [
        one
        for one in records
        if one.slot.kind is not KeyKind.TERMINAL and not faults[one.slot.key_id]
    ]
    try:
        SoftwareVault(home, opened)
    except VaultInconsistent:
        faults |= _strays(opened, home)
    return [Verified(key, fault) for key, fault in faults.items()]


def _strays(records: list[KeyRecord], home: KeyHome) -> dict[str, str]:
    """Return each key that does not fit those above it, taken one by one from the top."""
    held: list[KeyRecord] = []
    faults = {}
    for one in sorted(records, key=lambda record: _TOP_DOWN.index(record.slot.tier)):
        try:
            SoftwareVault(home, [*held, one])
        except VaultInconsistent as error:
            faults[one.slot.key_id] = str(error)
        else:
            held.append(one)
    return faults


def _fault_of(record: KeyRecord, home: KeyHome) -> str:
    try:
        if record.wrapped:
            unwrap(home, record)
        else:
            SoftwareVault(home, [record])
    except KeyUnwrapFailed as error:
        return str(error)
    return ""


def _fields(record: KeyRecord, ends_on: date | None, today: date) -> dict[str, Any]:
    return {
        "key": record.slot.key_id,
        "kcv": record.kcv.hex(),
        "state": record.state.value,
        "rests_under": record.kek_id,
        "ends_on": "" if ends_on is None else ends_on.isoformat(),
        "days_left": None if ends_on is None else (ends_on - today).days,
    }
