"""Components of a key: how each rests until its key is put together, and how that is done.

A component is worth nothing alone; it is wrapped all the same, and bound to its key, its place
among the others and its custodian. Must not know: who may enter one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from switch.security.custody import KeyRecord, KeySlot, KeyWrapper, associated_data, wrap
from switch.security.encode import fixed, lp, text, u8
from switch.security.errors import KeyUnwrapFailed
from switch.security.kcv import tier_key_kcv, verify_kcv
from switch.security.keys import xor_components
from switch.security.suite import KEY_BYTES


@dataclass(frozen=True, slots=True)
class Component:
    """One component as it rests. `part` of `of`, from 1; `wrapped` is ciphertext ‖ tag."""

    slot: KeySlot
    part: int
    of: int
    officer: str
    nonce: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)


def component_kcv(slot: KeySlot, component: bytes) -> bytes:
    """Return a component's check value: E_K(0…0), whatever key it is of.

    Raises: ValueError unless it has 16 bytes.
    """
    return tier_key_kcv(slot.suite, fixed(component, KEY_BYTES, "component"))


def wrap_component(
    wrapper: KeyWrapper,
    slot: KeySlot,
    part: int,
    of: int,
    officer: str,
    component: bytes,
    nonce: bytes,
) -> Component:
    """Return a component as it rests. `nonce` is 12 fresh random bytes.

    Raises: ValueError unless it has 16 bytes.
    """
    fixed(component, KEY_BYTES, "component")
    bound = _bound(wrapper, slot, part, of, officer)
    return Component(slot, part, of, officer, nonce, wrapper.seal(component, nonce, bound))


def put_together(
    wrapper: KeyWrapper, components: Sequence[Component], kcv: bytes, nonce: bytes
) -> KeyRecord:
    """Return the record of the key that components make, proven by its own check value.

    Raises: KeyUnwrapFailed naming a component; KcvMismatch; ValueError as `xor_components`.
    """
    slot = components[0].slot
    key = xor_components([_open(wrapper, one) for one in components])
    record = wrap(wrapper, slot, key, nonce)
    verify_kcv(record.kcv, kcv)
    return record


def _open(wrapper: KeyWrapper, one: Component) -> bytes:
    bound = _bound(wrapper, one.slot, one.part, one.of, one.officer)
    try:
        return wrapper.open(one.wrapped, one.nonce, bound)
    except KeyUnwrapFailed:
        raise KeyUnwrapFailed(
            f"component {one.part} of {one.slot.key_id} does not open: enter it again"
        ) from None


def _bound(wrapper: KeyWrapper, slot: KeySlot, part: int, of: int, officer: str) -> bytes:
    head = lp(b"component") + u8(part) + u8(of) + lp(text(officer))
    return head + associated_data(slot, wrapper.kek_id)
