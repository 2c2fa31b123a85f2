"""Anchors: where every chain stands today, signed by an officer, kept by an auditor elsewhere.

A seal covers all before it. So whoever holds yesterday's last seals holds yesterday: a chain that
was made anew, even by somebody with the seal key, or whose tail was cut, no longer has them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.office.canonical import canonical, parse_canonical
from switch.office.officer import active_officer
from switch.security.errors import SignatureMismatch
from switch.security.signature import verify_signature
from switch.store.office import Signer, load_officers

LABEL: Final = b"medswitch/anchor/v1\0"
KIND: Final = "medswitch anchor 1"

_LANES: Final = """
SELECT DISTINCT ON (lane) lane, batch, encode(seal, 'hex') FROM medswitch.batch
ORDER BY lane, batch DESC
"""
_RECORD: Final = """
SELECT number, encode(seal, 'hex') FROM medswitch.audit_record ORDER BY number DESC LIMIT 1
"""
_ACT: Final = """
SELECT number, encode(seal, 'hex') FROM medswitch.clearing_act ORDER BY number DESC LIMIT 1
"""
_BATCH_SEALS: Final = """
SELECT b.lane, b.batch, encode(b.seal, 'hex')
FROM unnest(%s::int[], %s::bigint[]) AS k(lane, batch)
JOIN medswitch.batch b ON b.lane = k.lane AND b.batch = k.batch
"""
_RECORD_SEAL: Final = """
SELECT encode(seal, 'hex') FROM medswitch.audit_record WHERE number = %s
"""
_ACT_SEAL: Final = "SELECT encode(seal, 'hex') FROM medswitch.clearing_act WHERE number = %s"


class NotAnAnchor(ValueError):
    """A file that is no anchor, or whose signature is not the officer's."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where every chain stood. `lanes`: (lane, its last batch, that one's seal)."""

    at: datetime
    by: str
    public_key: bytes
    lanes: tuple[tuple[int, int, str], ...]
    record: tuple[int, str]
    act: tuple[int, str]

    def body(self) -> str:
        """Return the text that is signed."""
        return canonical({
            "kind": KIND, "at": self.at.astimezone(UTC).isoformat(), "by": self.by,
            "public_key": self.public_key.hex(), "lanes": [list(one) for one in self.lanes],
            "audit_record": list(self.record), "clearing_act": list(self.act),
        })  # fmt: skip

    @classmethod
    def read(cls, body: str) -> Self:
        """Return the anchor a text says. Raises: NotAnAnchor."""
        try:
            said: dict[str, Any] = parse_canonical(body)
            if said["kind"] != KIND:
                raise NotAnAnchor(f"kind {said['kind']!r}")
            return cls(
                datetime.fromisoformat(said["at"]), said["by"], bytes.fromhex(said["public_key"]),
                tuple((int(lane), int(batch), str(seal)) for lane, batch, seal in said["lanes"]),
                (int(said["audit_record"][0]), str(said["audit_record"][1])),
                (int(said["clearing_act"][0]), str(said["clearing_act"][1])),
            )  # fmt: skip
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise NotAnAnchor(f"no anchor: {error}") from None


def make_anchor(conn: Connection[TupleRow], signer: Signer, at: datetime) -> str:
    """Return an anchor file's text: the body and, in a second line, its signature.

    Raises: Refused when the signer is no officer, or another key than he is known by signed.
    """
    officer = active_officer(load_officers(conn), signer.name)
    lanes = conn.execute(_LANES).fetchall()
    anchor = Anchor(
        at, officer.name, officer.public_key,
        tuple((lane, batch, seal) for lane, batch, seal in lanes),
        _head(conn.execute(_RECORD).fetchone()), _head(conn.execute(_ACT).fetchone()),
    )  # fmt: skip
    body = anchor.body()
    signature = signer.sign(LABEL + body.encode("utf-8"))
    text = f"{body}\n{signature.hex()}\n"
    read_anchor(text)
    return text


def read_anchor(text: str, public_key: bytes | None = None) -> Anchor:
    """Return the anchor of a file, its signature proven.

    `public_key`: the officer's as the auditor knows it; none: the one the file names. Raises:
    NotAnAnchor.
    """
    body, _, rest = text.partition("\n")
    anchor = Anchor.read(body)
    if public_key is not None and public_key != anchor.public_key:
        raise NotAnAnchor(f"it is signed under another key than {anchor.by}'s")
    try:
        signature = bytes.fromhex(rest.strip())
        verify_signature(anchor.public_key, LABEL + body.encode("utf-8"), signature)
    except (SignatureMismatch, ValueError):
        raise NotAnAnchor(f"its signature is not {anchor.by}'s") from None
    return anchor


def check_anchor(conn: Connection[TupleRow], anchor: Anchor) -> Iterator[str]:
    """Yield each way in which the chains are no longer those that the anchor knew."""
    officer = load_officers(conn).get(anchor.by)
    if officer is None or officer.public_key != anchor.public_key:
        yield f"officer {anchor.by} is not known here by the key that signed"
    lanes = [lane for lane, _, _ in anchor.lanes]
    batches = [batch for _, batch, _ in anchor.lanes]
    rows = conn.execute(_BATCH_SEALS, (lanes, batches)).fetchall()
    seals = {(lane, batch): seal for lane, batch, seal in rows}
    for lane, batch, seal in anchor.lanes:
        found = seals.get((lane, batch))
        if found is None:
            yield f"batch {lane}/{batch} is gone"
        elif found != seal:
            yield f"batch {lane}/{batch} bears another seal"
    for name, query, (number, seal) in (
        ("audit record", _RECORD_SEAL, anchor.record), ("clearing act", _ACT_SEAL, anchor.act),
    ):  # fmt: skip
        if number:
            row = conn.execute(query, (number,)).fetchone()
            if row is None:
                yield f"{name} {number} is gone"
            elif row[0] != seal:
                yield f"{name} {number} bears another seal"


def _head(row: TupleRow | None) -> tuple[int, str]:
    return (0, "") if row is None else (row[0], row[1])
