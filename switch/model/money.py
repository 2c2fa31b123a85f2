"""Money as integer fen, rates as basis points; every rounding is named at the call.

Must not know: anything but integers. No float and no true division pass through here.
"""

from typing import Final, NewType

Fen = NewType("Fen", int)
"""An amount in fen (1/100 yuan), within a signed 64-bit integer."""

RATE_ONE_BP: Final = 10_000
"""The whole, in basis points (1/10,000)."""

AMOUNT_FEN_MAX: Final = 10**14
"""The largest amount of one claim: 10^12 yuan. Sums of 90,000 such amounts still fit int64."""

CARD_AMOUNT_FEN_MAX: Final = 4_294_967_295
"""The largest amount a card can sign: an unsigned 32-bit count of fen (the national `iDoDebit`)."""

ZERO: Final = Fen(0)


def share_half_up(amount_fen: int, rate_bp: int) -> Fen:
    """Return `rate_bp` of an amount, rounded half-up to the fen.

    Raises: ValueError when the amount is negative or the rate is outside 0..10,000.
    Source: pre-self-pay and band shares are rounded half-up (domain facts 1.3, 2.6).
    """
    if amount_fen < 0:
        raise ValueError(f"amount {amount_fen} fen is negative; take shares of positive amounts")
    if not 0 <= rate_bp <= RATE_ONE_BP:
        raise ValueError(f"rate {rate_bp} bp is outside 0..{RATE_ONE_BP}")
    return Fen((amount_fen * rate_bp + RATE_ONE_BP // 2) // RATE_ONE_BP)


def line_price_fen(quantity_e4: int, unit_price_e4: int) -> Fen:
    """Return quantity × unit price in fen, rounded half away from zero.

    Units: quantity in 1/10,000, unit price in 1/10,000 yuan, so the product is 1/10^8 yuan,
    which is 1/10^6 fen.
    """
    product = abs(quantity_e4 * unit_price_e4)
    price = (product + 500_000) // 1_000_000
    return Fen(price if quantity_e4 * unit_price_e4 >= 0 else -price)


def yuan_text(amount_fen: int) -> str:
    """Return an amount as yuan with two decimals and thousands separators, for people."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan:,}.{fen:02d}"
