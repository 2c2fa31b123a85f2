"""Keys derived from a terminal master key, in counter mode over the suite's own cipher.

A terminal master key (TMK) is used here and nowhere else.
Must not know: sessions, sign-in messages, where a TMK rests.
Source: NIST SP 800-108r1, 4.1; design, section 4 (KDF).
"""

from switch.security.encode import fixed, lp, text, u8, u32
from switch.security.suite import KEY_BYTES, Suite, cmac_function, never_pickled

NONCE_BYTES = 16
SESSION_ID_BYTES = 16


class DerivationKey:
    """A terminal master key in use: it derives keys, nothing else. Shows none, is not pickled."""

    __slots__ = ("_prf", "suite")

    def __init__(self, suite: Suite, key: bytes) -> None:
        """Schedule the key. Raises: ValueError unless it has 16 bytes."""
        self.suite = suite
        self._prf = cmac_function(suite, key)

    def derive(self, label: bytes, context: bytes) -> bytes:
        """Return a 16-byte key; a derived DES key is used as it comes, parity included."""
        # SP 800-108r1 4.1: K(i) = PRF(K, [i] || label || 0x00 || context || [L]); L is in bits.
        fixed_input = label + b"\0" + context + u32(KEY_BYTES * 8)
        rounds = KEY_BYTES // self.suite.block_bytes
        return b"".join(self._prf(u32(i) + fixed_input) for i in range(1, rounds + 1))

    def __repr__(self) -> str:
        """Return the suite only."""
        return f"DerivationKey({self.suite.name}, key hidden)"

    __reduce__ = never_pickled


def signin_context(suite: Suite, key_version: int, terminal_id: str) -> bytes:
    """Return `ctx`, which binds a derived key to one suite, key version and terminal.

    Raises: UnicodeEncodeError for an id that is not ASCII; OverflowError for a version above u32.
    """
    return u8(suite) + u32(key_version) + lp(text(terminal_id))


def signin_key(tmk: DerivationKey, context: bytes) -> bytes:
    """Return the 16-byte key that signs sign-in and its reply. `context` is `signin_context`."""
    return tmk.derive(b"signin", context)


def session_key(
    tmk: DerivationKey, context: bytes, nonce_t: bytes, nonce_s: bytes, session_id: bytes
) -> bytes:
    """Return the 16-byte key of one session, bound to the nonces of both ends.

    `context` is `signin_context`.
    Raises: ValueError unless both nonces and the session id have 16 bytes.
    """
    fixed(nonce_t, NONCE_BYTES, "terminal nonce")
    fixed(nonce_s, NONCE_BYTES, "switch nonce")
    fixed(session_id, SESSION_ID_BYTES, "session id")
    return tmk.derive(b"session", context + nonce_t + nonce_s + session_id)
