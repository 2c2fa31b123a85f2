"""An issuer whose e-vouchers are taken: the content of `trust-issuer`."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from switch.model.voucher import PUBLIC_KEY_BYTES, Algorithm, VoucherIssuer
from switch.office.canonical import Content
from switch.office.officer import require_keys

_NAME: Final = re.compile(r"[A-Za-z0-9._\-]{1,32}")
_KEY: Final = re.compile(rf"[0-9a-f]{{{2 * PUBLIC_KEY_BYTES}}}")


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer with its public key, trusted between two days; its former key is no more."""

    issuer: VoucherIssuer

    def content(self) -> Content:
        """Return it as a change says it."""
        one = self.issuer
        return {
            "issuer": one.issuer,
            "algorithm": Algorithm(one.algorithm).name,
            "public_key": one.public_key.hex(),
            "since": one.since.isoformat(),
            "until": "" if one.until is None else one.until.isoformat(),
        }

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return what a change says. Raises: ValueError."""
        require_keys(content, "issuer", "algorithm", "public_key", "since", "until")
        name, key = str(content["issuer"]), str(content["public_key"])
        if not _NAME.fullmatch(name):
            raise ValueError("an issuer is named by 1..32 of letters, digits, . _ -")
        if not _KEY.fullmatch(key):
            raise ValueError(
                f"a public key is x and y, {2 * PUBLIC_KEY_BYTES} lower-case hex digits"
            )
        algorithm = str(content["algorithm"])
        if algorithm not in Algorithm.__members__:
            raise ValueError(f"an algorithm is one of {', '.join(Algorithm.__members__)}")
        since, until = _day(content["since"]), str(content["until"])
        last = _day(until) if until else None
        return cls(VoucherIssuer(name, Algorithm[algorithm], bytes.fromhex(key), since, last))


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{str(value)[:12]!r} is no day; write yyyy-mm-dd") from None
