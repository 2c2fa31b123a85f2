"""What an approved change of each kind does: a table, handed to the registrar.

An effect runs inside the approval's transaction; whatever it raises undoes the approval.
"""

from collections.abc import Mapping
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.office.change import Change, Decision, Kind
from switch.security.port import KeyHome
from switch.store import closing, cut_offs, policy, registry, suspicion_office, vouchers
from switch.store.key_office import key_effects
from switch.store.office import Effect


def nothing_more(_: Connection[TupleRow], __: Change, ___: Decision) -> None:
    """Do nothing: the officer's row is written with the record."""


def effects(home: KeyHome) -> Mapping[Kind, Effect]:
    """Return every kind's effect: those of keys need the deployment's key-encryption key."""
    return {**EFFECTS, **key_effects(home)}


EFFECTS: Final[Mapping[Kind, Effect]] = {
    Kind.ENROL_OFFICER: nothing_more,
    Kind.CHANGE_ROLES: nothing_more,
    Kind.RETIRE_OFFICER: nothing_more,
    Kind.ACTIVATE_POLICY: policy.activate,
    Kind.SET_CUT_OFF: cut_offs.set_cut_off,
    Kind.REOPEN_PERIOD: closing.reopen,
    Kind.RESOLVE_SUSPICION: suspicion_office.resolve,
    Kind.REGISTER_TERMINAL: registry.register,
    Kind.BLOCK_TERMINAL: registry.block,
    Kind.UNBLOCK_TERMINAL: registry.unblock,
    Kind.UNLOCK_TERMINAL: registry.unlock,
    Kind.OPEN_INSTITUTION: registry.open_institution,
    Kind.TRUST_ISSUER: vouchers.trust,
}
