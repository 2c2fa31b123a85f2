"""The demonstration as a stranger runs it: one command, a real process, every case, the audit."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from clients.province import Province
from switch.cli.database import open_database
from switch.config import Settings, make_kek
from switch.model.ids import card_region
from switch.model.key import KeyKind
from switch.security.custody import unwrap
from switch.security.keys import city_key, province_key
from switch.store.keys import all_records


@pytest.mark.durable
def test_every_case_comes_out_and_the_audit_is_clean(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    switch = [sys.executable, "-m", "switch", "--data-dir", str(folder)]
    shown = subprocess.run(
        [*switch, "demo"], check=False, capture_output=True, text=True, timeout=180
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "every case came out as expected" in shown.stdout
    assert "✗" not in shown.stdout
    # Every invariant, the sixth with what the counters were answered.
    assert shown.stdout.count("成立 held") == 19
    assert "0 answers missing" in " ".join(shown.stdout.split())
    audited = subprocess.run(
        [*switch, "audit", "--json"], check=False, capture_output=True, text=True, timeout=120
    )
    assert audited.returncode == 0
    assert json.loads(audited.stdout)
    log = (folder / "switch.log").read_text("utf-8") + shown.stdout + shown.stderr
    people = json.loads((folder / "people.json").read_text("utf-8"))["people"]
    for person in people.values():
        assert person["social_security_number"] not in log
        assert person["card"]["number"] not in log
    _no_key_is_seen(folder, log + audited.stdout + audited.stderr, _clumsy(switch, folder))


def _clumsy(switch: list[str], folder: Path) -> str:
    """What is said by commands that go wrong: another key-encryption key, and a torn one."""
    said = ""
    for name, text, words in (
        ("another", f"kek-1:{'00' * 16}", ["key", "verify"]),
        ("another", f"kek-1:{'00' * 16}", ["audit"]),
        ("torn", "kek-1:00", ["serve"]),
    ):
        kek = folder.parent / name
        kek.write_text(text, "ascii")
        done = subprocess.run(
            [*switch, "--kek-file", str(kek), *words],
            check=False, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode in {1, 2}, done.stderr
        said += done.stdout + done.stderr
    assert "does not open" in said
    assert "Traceback" not in said
    return said


def _no_key_is_seen(folder: Path, log: str, errors: str) -> None:
    """Search what a run leaves for every key it worked with, as bytes, in hex and in base64.

    Logs, error texts and the whole database as rows for all of them; the database's own files,
    its write-ahead log included, for those above a single card or terminal.
    """
    with open_database(Settings(data_dir=folder)) as url, psycopg.connect(url) as connection:
        keys = dict(_keys(folder, connection))
        dump = b"".join(
            block
            for (table,) in connection.execute(_TABLES).fetchall()
            for block in _rows(connection, table)
        )
    assert len(keys) > 60
    assert len(dump) > 100_000
    text = log.encode() + errors.encode() + dump
    files = b"".join(
        path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"issuer.json", "kek"}
    )
    assert len(files) > 10_000_000
    lowered = text.lower()
    for name, key in keys.items():
        for form in (key.hex().encode(), base64.b64encode(key).lower()[:20]):
            assert form not in lowered, name
        assert key not in text, name
        if not name.startswith(("card", "terminal")):
            assert key not in files, name
            assert key.hex().encode() not in files, name


def _rows(connection: psycopg.Connection, table: str) -> Iterator[bytes]:
    query = sql.SQL("COPY (SELECT * FROM medswitch.{}) TO STDOUT").format(sql.Identifier(table))
    with connection.cursor().copy(query) as copy:
        yield from (bytes(block) for block in copy)


def _keys(folder: Path, connection: psycopg.Connection) -> Iterator[tuple[str, bytes]]:
    """Every key of the run, by a name that says whose it is."""
    province, kek = Province(folder), make_kek(Settings(data_dir=folder), b"")
    stated = (folder / "kek").read_text("ascii").strip()
    yield "kek", bytes.fromhex(stated.partition(":")[2])
    for function, suites in province.issuer.ministry.items():
        for suite, ministry in suites.items():
            yield f"ministry {function} {suite}", ministry
            held = province_key(suite, ministry, "330000")
            yield f"province {function} {suite}", held
            for region in ("330200", "330300", "330400"):
                yield f"city {region} {function} {suite}", city_key(suite, held, region)
    for name in province._terminals:
        yield f"terminal {name}", province.identity(name).master_key
    for who, person in province.people.items():
        if card_region(person.card.identifier).startswith("33"):
            card = province.card(who)
            yield f"card AUTH {who}", card._auth_key
            yield f"card TAC {who}", card._tac_key
    for record in all_records(connection):
        if record.slot.kind is KeyKind.VAULT:
            yield record.slot.key_id, unwrap(kek, record)


_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'medswitch' AND c.relkind = 'r'
"""
