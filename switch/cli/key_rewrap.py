"""`medswitch key rewrap`: every key under another key-encryption key, by a maker and a checker."""

import os
from dataclasses import replace
from pathlib import Path

import psycopg

from switch.cli.acting import database_time, read_signer, tell_proposed
from switch.cli.database import open_database
from switch.cli.key_ceremony import no_core
from switch.config import Settings, read_kek
from switch.device.home import make_home
from switch.office.change import Verb
from switch.store.rewrap import Rewrapping, check_of


def rewrap(
    settings: Settings,
    old_file: Path,
    old_algorithm: str,
    officer: str,
    key_file: Path,
    passphrase_file: Path | None,
    reason: str,
    approve: int | None,
) -> None:
    """Propose the move, or approve it and do it. Raises: Refused, ConfigError, KeyUnwrapFailed."""
    no_core()
    signer = read_signer(officer, key_file, passphrase_file)
    old = read_kek(replace(settings, kek_file=old_file, kek_algorithm=old_algorithm))
    homes = Rewrapping(old, make_home(settings, os.urandom(32)))
    with open_database(settings) as url, psycopg.connect(url, autocommit=True) as conn:
        at = database_time(conn)
        if approve is None:
            change = homes.propose(conn, signer, reason, at)
            tell_proposed(change)
            print(
                f"但须 but by: medswitch key rewrap --approve {change.number} --from-kek-file ...\n"
                f"{homes.new.kek_id}  check {check_of(homes.new)}"
            )
            return
        change = homes.registrar(conn).decide(signer, Verb.APPROVE, approve, reason, at)
    print(f"变更 change {change.number} {change.kind}: {change.state} by {officer}")
    print(f"{old_file}: 销毁 destroy it and every copy, once the switches run with the new one")
