"""The keys an audit proves with: the vault's own, and a terminal's once a request of it is met.

A terminal key that is retired today still proves what it signed when it was live.
"""

from collections import OrderedDict
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.audit.rows import SessionRow
from switch.model.key import KeyState
from switch.security.errors import KeyNotLive, KeyUnwrapFailed, TerminalKeyNotHeld
from switch.security.mac import MacKey
from switch.security.port import KeyHome
from switch.security.vault import SoftwareVault
from switch.store.keys import load_keys, terminal_records

SESSION_KEYS_MAX: Final = 20_000
"""Session keys kept at once; one pushed out costs a derivation, some 20 us, when next used."""


class Keys:
    """A vault that is given terminal keys as the audit comes upon their requests."""

    def __init__(self, connection: Connection[TupleRow], kek: KeyHome) -> None:
        """Open the vault. Raises: KeyUnwrapFailed, VaultInconsistent, psycopg.Error."""
        self._connection = connection
        self.vault = SoftwareVault(kek, load_keys(connection))
        self._sessions: OrderedDict[bytes, MacKey | None] = OrderedDict()

    def session_key(self, session: SessionRow) -> MacKey | None:
        """Return the key of a session; None when the terminal's key is not to be had."""
        if session.session_id in self._sessions:
            self._sessions.move_to_end(session.session_id)
            return self._sessions[session.session_id]
        key = self._derive(session)
        self._sessions[session.session_id] = key
        if len(self._sessions) > SESSION_KEYS_MAX:
            self._sessions.popitem(last=False)
        return key

    def _derive(self, session: SessionRow) -> MacKey | None:
        terminal = session.terminal_id
        if not self.vault.holds_terminal_key(terminal, session.key_version):
            for record in terminal_records(self._connection, terminal):
                self.vault.add(record.in_state(KeyState.LIVE))
        try:
            return self.vault.session_key(
                terminal, session.key_version, session.nonce_t, session.nonce_s, session.session_id
            )
        except (TerminalKeyNotHeld, KeyNotLive, KeyUnwrapFailed, ValueError):
            return None
