import pytest

from switch.server.proof import Metadata, Refused, read_call_proof, read_signin_proof

CALL: dict[str, str | bytes] = {
    "x-terminal-id": "T1",
    "x-session-bin": b"s" * 16,
    "x-seq": "7",
    "x-mac-bin": b"m" * 16,
}
SIGNIN: dict[str, str | bytes] = {
    "x-terminal-id": "T1",
    "x-key-version": "1",
    "x-mac-bin": b"m" * 8,
}


def pairs(fields: dict[str, str | bytes], **changes: str | bytes | None) -> Metadata:
    named = {key.replace("_", "-"): value for key, value in changes.items()}
    return [(k, v) for k, v in {**fields, **named}.items() if v is not None]


def test_call_shows_its_four_keys_among_others() -> None:
    proof = read_call_proof([("user-agent", "x"), *pairs(CALL)])
    assert proof == ("T1", b"s" * 16, 7, b"m" * 16)


@pytest.mark.parametrize("key", CALL)
def test_missing_or_doubled_key_of_a_call_is_refused(key: str) -> None:
    with pytest.raises(Refused, match="metadata_missing"):
        read_call_proof([(k, v) for k, v in CALL.items() if k != key])
    with pytest.raises(Refused, match="metadata_doubled"):
        read_call_proof([*pairs(CALL), (key, CALL[key])])


@pytest.mark.parametrize("key", SIGNIN)
def test_missing_or_doubled_key_of_a_signin_is_refused(key: str) -> None:
    with pytest.raises(Refused, match="metadata_missing"):
        read_signin_proof([(k, v) for k, v in SIGNIN.items() if k != key])
    with pytest.raises(Refused, match="metadata_doubled"):
        read_signin_proof([*pairs(SIGNIN), (key, SIGNIN[key])])


@pytest.mark.parametrize(
    "seq", ["0", "01", "-1", "+1", " 1", "1 ", "1\n", "１", "", "9223372036854775808", "9" * 20]
)
def test_seq_is_a_positive_decimal_below_2_63(seq: str) -> None:
    with pytest.raises(Refused):
        read_call_proof(pairs(CALL, x_seq=seq))


def test_largest_seq_is_read() -> None:
    assert read_call_proof(pairs(CALL, x_seq="9223372036854775807")).seq == 2**63 - 1


@pytest.mark.parametrize("size_bytes", [0, 7, 9, 15, 17])
def test_mac_and_session_of_another_length_are_refused(size_bytes: int) -> None:
    with pytest.raises(Refused):
        read_call_proof(pairs(CALL, x_mac_bin=b"m" * size_bytes))
    with pytest.raises(Refused):
        read_call_proof(pairs(CALL, x_session_bin=b"s" * size_bytes))
    with pytest.raises(Refused):
        read_signin_proof(pairs(SIGNIN, x_mac_bin=b"m" * size_bytes))


@pytest.mark.parametrize("terminal", ["", "t1", "T-1", "T" * 33, "Ｔ1"])
def test_malformed_terminal_id_is_refused_before_it_is_looked_up(terminal: str) -> None:
    with pytest.raises(Refused):
        read_signin_proof(pairs(SIGNIN, x_terminal_id=terminal))


@pytest.mark.parametrize("version", ["0", "01", "", "4294967296", "x"])
def test_key_version_is_a_positive_decimal_of_32_bits(version: str) -> None:
    with pytest.raises(Refused):
        read_signin_proof(pairs(SIGNIN, x_key_version=version))
