"""Keys under maker and checker: components entered, loads proposed, and what an approval does.

A key that is proposed lies ready as an offer, wrapped; approved, it takes its place. Whatever an
approval does, it bumps the reference data's epoch: no settlement posts that was proven before it.
Needs an operator's connection and the deployment's key-encryption key.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.key import KeyKind, KeyState
from switch.office.canonical import canonical, parse_canonical
from switch.office.change import Change, Decision, Kind
from switch.office.key_change import KeyExport, KeyFace, KeyLoad, KeyMove, Origin, Part
from switch.office.key_ring import MOVES, after_load, after_move, check_export
from switch.office.refusal import Refusal, Refused
from switch.security.component import (
    Component,
    component_kcv,
    put_together,
    wrap_component,
)
from switch.security.custody import (
    WRAP_NONCE_BYTES,
    KekAlgorithm,
    KeyEncryptionKey,
    KeyRecord,
    KeySlot,
    KeyWrapper,
    rewrap,
    unwrap,
)
from switch.security.errors import KeyNotLive, KeyUnwrapFailed, VaultInconsistent
from switch.security.kcv import verify_kcv
from switch.security.port import KeyHome
from switch.security.suite import Suite
from switch.security.vault import SoftwareVault
from switch.store.keys import key_record, load_keys, load_ring, move_keys, save_keys
from switch.store.office import Effect, Registrar, Signer, load_parts
from switch.store.rule_books import bump_epoch

_DROP_PART: Final = """
DELETE FROM medswitch.key_component
WHERE key = %s AND (part = %s OR parts <> %s OR officer = %s)
"""
_SAVE_PART: Final = """
INSERT INTO medswitch.key_component (key, part, parts, officer, kcv, nonce, wrapped)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_PARTS_OF: Final = """
SELECT part, parts, officer, nonce, wrapped FROM medswitch.key_component WHERE key = %s
ORDER BY part
"""
_FORGET_PARTS: Final = "DELETE FROM medswitch.key_component WHERE key = ANY(%s)"
_SAVE_OFFER: Final = """
INSERT INTO medswitch.key_offer (change, key, kek_id, nonce, wrapped) VALUES (%s, %s, %s, %s, %s)
"""
_OFFERS_OF: Final = """
SELECT key, kek_id, nonce, wrapped FROM medswitch.key_offer WHERE change = %s ORDER BY key
"""
_FORGET_OFFERS: Final = "DELETE FROM medswitch.key_offer WHERE change = %s"
_SWEEP: Final = """
DELETE FROM medswitch.key_offer o USING medswitch.change c
WHERE c.number = o.change AND (c.state <> 'waiting' OR c.expires_at <= %s)
"""
_SAVE_PARCEL: Final = "INSERT INTO medswitch.key_parcel (change, parcel) VALUES (%s, %s)"
_PARCEL: Final = "SELECT parcel FROM medswitch.key_parcel WHERE change = %s"


def nonce() -> bytes:
    """Return the 12 fresh random bytes that each wrapping takes."""
    return os.urandom(WRAP_NONCE_BYTES)


def enter_component(
    registrar: Registrar,
    home: KeyWrapper,
    signer: Signer,
    part: Part,
    slot: KeySlot,
    component: bytes,
    at: datetime,
) -> tuple[Part, ...]:
    """Keep a custodian's component until its key is put together; return those that lie ready.

    `part.kcv` is what stands on the custodian's sheet.
    Raises: KcvMismatch, Refused; ValueError unless the component has 16 bytes.
    """
    verify_kcv(component_kcv(slot, component), bytes.fromhex(part.kcv))
    conn = registrar.connection
    with conn.transaction():
        ready = registrar.contribute(signer, slot.key_id, part.part, part.of, part.kcv, at)
        _require_new(conn, slot.key_id)
        kept = wrap_component(
            home, slot, part.part, part.of, signer.name, component, nonce()
        )  # fmt: skip
        conn.execute(_DROP_PART, (slot.key_id, part.part, part.of, signer.name))
        conn.execute(
            _SAVE_PART,
            (slot.key_id, part.part, part.of, signer.name, part.kcv, kept.nonce, kept.wrapped),
        )
    return ready


def propose_components(
    registrar: Registrar,
    home: KeyHome,
    signer: Signer,
    face: KeyFace,
    reason: str,
    at: datetime,
) -> Change:
    """Put the entered components together and propose their key.

    Raises: KcvMismatch when they make another key than `face` says, KeyUnwrapFailed, Refused.
    """
    conn, slot = registrar.connection, KeySlot.named(face.key)
    parts = load_parts(conn).get(face.key, ())
    if not parts:
        raise Refused(Refusal.COMPONENTS, f"{face.key}: no component was entered")
    officers = tuple(one.officer for one in parts)
    kept = [
        Component(slot, part, of, officer, nonce_of, wrapped)
        for part, of, officer, nonce_of, wrapped in conn.execute(_PARTS_OF, (face.key,))
    ]
    if len(kept) < kept[0].of:
        raise Refused(
            Refusal.COMPONENTS, f"{face.key}: {len(kept)} of {kept[0].of} components lie ready"
        )
    record = put_together(home, kept, bytes.fromhex(face.kcv), nonce())
    load = KeyLoad((face,), Origin.COMPONENTS, officers)
    return propose_load(registrar, home, signer, load, [record], reason, at)


def propose_load(
    registrar: Registrar,
    home: KeyHome,
    signer: Signer,
    load: KeyLoad,
    records: Sequence[KeyRecord],
    reason: str,
    at: datetime,
) -> Change:
    """Propose keys, whose records are wrapped already; return the change. Raises: Refused."""
    conn = registrar.connection
    with conn.transaction():
        change = registrar.propose(signer, Kind.LOAD_KEYS, load.content(), reason, at)
        conn.execute(_SWEEP, (at,))
        _check_load(conn, load)
        _check_tree(conn, home, records)
        for record in records:
            conn.execute(
                _SAVE_OFFER,
                (change.number, record.slot.key_id, record.kek_id, record.nonce, record.wrapped),
            )
        return change


def propose_move(
    registrar: Registrar, signer: Signer, kind: Kind, keys: Sequence[str], reason: str, at: datetime
) -> Change:
    """Propose that keys go to the state of a kind of change; return the change. Raises: Refused."""
    conn, move = registrar.connection, KeyMove(tuple(keys))
    with conn.transaction():
        change = registrar.propose(signer, kind, move.content(), reason, at)
        after_move(load_ring(conn, move.keys), move, MOVES[kind])
        return change


def propose_export(
    registrar: Registrar,
    home: KeyHome,
    signer: Signer,
    parent: str,
    region: str,
    transport: str,
    reason: str,
    at: datetime,
) -> Change:
    """Propose that the child of a tier key for a region leaves under a transport key.

    Raises: Refused; ValueError for a region of another province, or a city key.
    """
    conn = registrar.connection
    with conn.transaction():
        child, kcv = _vault(conn, home).child_face(parent, region)
        export = KeyExport(parent, child.key_id, kcv.hex(), transport)
        change = registrar.propose(signer, Kind.EXPORT_KEY, export.content(), reason, at)
        check_export(load_ring(conn, (parent, transport)), export)
        return change


def find_parcel(conn: Connection[TupleRow], change: int) -> str | None:
    """Return what an approved export let out."""
    row = conn.execute(_PARCEL, (change,)).fetchone()
    return None if row is None else str(row[0])


def open_parcel(conn: Connection[TupleRow], home: KeyHome, text: str) -> tuple[KeyFace, KeyRecord]:
    """Return the key of a partner's parcel, wrapped under our own key-encryption key.

    Raises: ValueError for a text that is no parcel; KeyNotLive, KeyUnwrapFailed.
    """
    fields = parse_canonical(text)
    if set(fields) != {"key", "kcv", "transport", "nonce", "wrapped"}:
        raise ValueError("no parcel of ours: it names key, kcv, transport, nonce and wrapped")
    slot, kcv = KeySlot.named(str(fields["key"])), bytes.fromhex(str(fields["kcv"]))
    under = transport_key(conn, home, str(fields["transport"]))
    sent = KeyRecord(
        slot, KeyState.PENDING, under.kek_id, bytes.fromhex(str(fields["wrapped"])),
        bytes.fromhex(str(fields["nonce"])), kcv,
    )  # fmt: skip
    return KeyFace(slot.key_id, kcv.hex()), rewrap(sent, under, home, nonce())


def write_parcel(record: KeyRecord) -> str:
    """Return the text of a key that leaves."""
    return canonical({
        "key": record.slot.key_id, "kcv": record.kcv.hex(), "transport": record.kek_id,
        "nonce": record.nonce.hex(), "wrapped": record.wrapped.hex(),
    })  # fmt: skip


def transport_key(conn: Connection[TupleRow], home: KeyHome, key_id: str) -> KeyEncryptionKey:
    """Return a live transport key, ready to wrap. Raises: KeyNotLive, KeyUnwrapFailed."""
    record = key_record(conn, key_id)
    if (
        record is None
        or record.slot.kind is not KeyKind.TRANSPORT
        or record.state is not KeyState.LIVE
    ):
        raise KeyNotLive(f"no live transport key {key_id} is held")
    return KeyEncryptionKey(key_id, KekAlgorithm.SM4_GCM, unwrap(home, record))


def key_effects(home: KeyHome) -> Mapping[Kind, Effect]:
    """Return what approved changes of keys do, each inside the approval's transaction."""

    def load(conn: Connection[TupleRow], change: Change, _: Decision) -> None:
        _load(conn, home, change)

    def export(conn: Connection[TupleRow], change: Change, _: Decision) -> None:
        _export(conn, home, change)

    def rewrap_elsewhere(_: Connection[TupleRow], change: Change, __: Decision) -> None:
        raise Refused(
            Refusal.OTHER_HOME,
            f"change {change.number} takes both key-encryption keys: approve it by "
            f"`medswitch key rewrap --approve {change.number}`",
        )

    return {
        Kind.REWRAP_KEYS: rewrap_elsewhere,
        Kind.LOAD_KEYS: load,
        Kind.EXPORT_KEY: export,
        Kind.ACTIVATE_KEYS: _move,
        Kind.SUSPEND_KEYS: _move,
        Kind.RETIRE_KEYS: _move,
    }


def _load(conn: Connection[TupleRow], home: KeyHome, change: Change) -> None:
    load = KeyLoad.read(change.content)
    _check_load(conn, load)
    state = KeyState.LIVE if load.live else KeyState.PENDING
    offers = {row[0]: row[1:] for row in conn.execute(_OFFERS_OF, (change.number,))}
    records: list[KeyRecord] = []
    ends: dict[str, date] = {}
    for one in load.keys:
        kek_id, nonce_of, wrapped = offers.get(one.key, ("", b"", b""))
        slot, kcv = KeySlot.named(one.key), bytes.fromhex(one.kcv)
        records.append(KeyRecord(slot, state, kek_id, wrapped, nonce_of, kcv))
        if one.ends_on is not None:
            ends[one.key] = one.ends_on
    _check_tree(conn, home, records)
    save_keys(conn, [home.housed(one) for one in records], ends_on=ends)
    conn.execute(_FORGET_OFFERS, (change.number,))
    conn.execute(_FORGET_PARTS, ([one.key for one in load.keys],))
    bump_epoch(conn)


def _move(conn: Connection[TupleRow], change: Change, decision: Decision) -> None:
    move, to = KeyMove.read(change.content), MOVES[change.kind]
    after_move(load_ring(conn, move.keys), move, to)
    move_keys(conn, move.keys, to, decision.at)
    bump_epoch(conn)


def _export(conn: Connection[TupleRow], home: KeyHome, change: Change) -> None:
    export = KeyExport.read(change.content)
    check_export(load_ring(conn, (export.parent, export.transport)), export)
    under = transport_key(conn, home, export.transport)
    region = KeySlot.named(export.child).scope
    record = _vault(conn, home).export_child(export.parent, export.child, region, under, nonce())
    if record.kcv.hex() != export.kcv:
        raise Refused(Refusal.OTHER_KEY_BYTES, f"{export.child} is not the key that was proposed")
    conn.execute(_SAVE_PARCEL, (change.number, write_parcel(record)))


def _check_load(conn: Connection[TupleRow], load: KeyLoad) -> None:
    try:
        _require_last_day(load)
        after_load(
            load_ring(conn, [one.key for one in load.keys]),
            load,
            lambda key: KeySlot.named(key).place,
        )
    except ValueError as error:
        raise Refused(Refusal.BAD_CONTENT, str(error)) from error


def _require_last_day(load: KeyLoad) -> None:
    """A TDES terminal is opened to an end date (design, section 4: suites). Raises: ValueError."""
    for one in load.keys:
        slot = KeySlot.named(one.key)
        if slot.kind is KeyKind.TERMINAL and slot.suite is Suite.TDES and one.ends_on is None:
            raise ValueError(f"{one.key}: a TDES terminal has a last day; give --ends-on")


def _require_new(conn: Connection[TupleRow], key: str) -> None:
    if key_record(conn, key) is not None:
        raise Refused(Refusal.KEY_EXISTS, f"there is a key {key}: its successor is another version")


def _check_tree(conn: Connection[TupleRow], home: KeyHome, records: Iterable[KeyRecord]) -> None:
    """Accept keys that open to what they say and are their parents' children. Raises: Refused."""
    try:
        for record in records:
            unwrap(home, record)
        SoftwareVault(home, [*load_keys(conn), *records])
    except (KeyUnwrapFailed, VaultInconsistent) as error:
        raise Refused(Refusal.OTHER_KEY_BYTES, str(error)) from error


def _vault(conn: Connection[TupleRow], home: KeyHome) -> SoftwareVault:
    return SoftwareVault(home, load_keys(conn))
