"""Where the invented province's money is: seven partner banks, an account for everybody.

The banks' codes are public; every account is invented.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from switch.clearing.payment import BankAccount
from switch.model.member import Institution
from switch.rules.regions import Region

BANKS: Final = (
    "ICBKCNBJ", "ABOCCNBJ", "BKCHCNBJ", "PCBCCNBJ", "COMMCNSH", "PSBCCNBJ", "BKNBCN2N",
)  # fmt: skip
"""Partner banks of the financial account, as the demonstration has them (BICFI)."""
SAVE: Final = "COPY medswitch.bank_account (owner, bank, account, name) FROM STDIN"


def bank_accounts(
    regions: Iterable[Region], institutions: Iterable[Institution]
) -> Iterator[BankAccount]:
    """Yield a paying account at each bank for each region, and one account for each institution."""
    for region in regions:
        for number, bank in enumerate(BANKS):
            name = f"{region.zh}医疗保障基金支出户"
            yield BankAccount(region.code, bank, f"80{region.code}{number:04d}", name)
    for one in institutions:
        bank = BANKS[zlib.crc32(one.code.encode("ascii")) % len(BANKS)]
        yield BankAccount(one.code, bank, f"62{zlib.crc32(one.name.encode()):010d}00", one.name)
