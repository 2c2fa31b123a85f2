"""The integer and length encodings every signed message is built from.

Integers are unsigned and big-endian. A value that does not fit raises OverflowError, so nothing is
ever signed truncated. Text is ASCII; other characters raise UnicodeEncodeError.
Source: design, section 4 (Encodings).
"""


def u8(value: int) -> bytes:
    """Return one byte. Raises: OverflowError outside 0..255."""
    return value.to_bytes(1, "big")


def u32(value: int) -> bytes:
    """Return four bytes. Raises: OverflowError outside 0..2^32-1."""
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    """Return eight bytes. Raises: OverflowError outside 0..2^64-1."""
    return value.to_bytes(8, "big")


def lp(value: bytes) -> bytes:
    """Return the value behind its length in two bytes. Raises: OverflowError above 65,535 bytes."""
    return len(value).to_bytes(2, "big") + value


def bp(value: bytes) -> bytes:
    """Return a body behind its length in four bytes. Raises: OverflowError above 2^32-1 bytes."""
    return len(value).to_bytes(4, "big") + value


def text(value: str) -> bytes:
    """Return the ASCII bytes of an id, a label or a method path. Raises: UnicodeEncodeError."""
    return value.encode("ascii")


def fixed(value: bytes, size_bytes: int, name: str) -> bytes:
    """Return a value that is encoded without its length, having checked that length.

    Without the check two different pairs of neighbours could encode to the same bytes, and one MAC
    would serve both.
    Raises: ValueError naming the field and its length, never its content.
    """
    if len(value) != size_bytes:
        raise ValueError(f"{name} has {len(value)} bytes: {size_bytes} are needed")
    return value


def stored_mac(mac: bytes, frame: int) -> bytes:
    """Return a request's MAC as it is kept: a frame's has its number behind it, 8 bytes."""
    return mac + u64(frame) if frame else mac
