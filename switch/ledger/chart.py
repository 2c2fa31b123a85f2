"""The chart of accounts. Each account lies in the book of one pooling region.

A balance is credits minus debits, so an arrow in the design (`FUND → INSTITUTION`) is a debit of
the left and a credit of the right. Source: design section 7.
"""

from typing import Final

from switch.model.codes import FundPayType
from switch.model.ids import Account

FAMILY: Final = "FAMILY:"
"""How the accounts begin that relatives' parts go through."""


CASH: Final = "CASH:"
BORNE: Final = "BORNE:"


def fund(region: str, fund_pay_type: FundPayType) -> Account:
    """A pooling region's fund."""
    return Account(f"FUND:{region}:{fund_pay_type}")


def member_current(member_id: str) -> Account:
    """A person's current-year account; may not go below zero."""
    return Account(f"MEMBER:{member_id}:current")


def member_earlier(member_id: str) -> Account:
    """A person's earlier-years account; may not go below zero."""
    return Account(f"MEMBER:{member_id}:earlier")


def family(region: str) -> Account:
    """What relatives pay for each other (共济): from a relative's journal to the settlement's.

    Each request that moves it brings it back to where it was.
    """
    return Account(f"{FAMILY}{region}")


def institution(code: str) -> Account:
    """What a region owes an institution."""
    return Account(f"INSTITUTION:{code}")


def due(home: str, care: str) -> Account:
    """What the home region owes the care region; it stands in both books and mirrors itself."""
    return Account(f"DUE:{home}:{care}")


def cash(code: str) -> Account:
    """Memo: what patients paid an institution on the spot."""
    return Account(f"{CASH}{code}")


def borne(code: str) -> Account:
    """Memo: what an institution bears itself."""
    return Account(f"{BORNE}{code}")


def outside(region: str) -> Account:
    """The other side of everything that enters a book from outside."""
    return Account(f"OUTSIDE:{region}")


def deposit(code: str) -> Account:
    """What is withheld of an institution until it is assessed."""
    return Account(f"DEPOSIT:{code}")


def bank(region: str, bank_code: str) -> Account:
    """A region's money at a partner bank, as its reports have it: its balance is what left."""
    return Account(f"BANK:{region}:{bank_code}")


def suspense(region: str) -> Account:
    """Payments that came back and are to be paid again."""
    return Account(f"SUSPENSE:{region}")
