"""Files as hospitals keep them: encodings, layouts, and what is broken named by its line."""

import codecs

import pytest

from switch.national.amounts import Number
from switch.national.document import Object, decode, parse, values
from switch.national.words import Note

TEXT = '{"医院": "示范", "medfee_sumamt": 4.50}'


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("gb18030"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_every_encoding_gives_the_same_text(raw: bytes) -> None:
    assert decode(raw) == TEXT


@pytest.mark.parametrize("raw", [b"\xff", codecs.BOM_UTF8 + b"\xff"])
def test_other_bytes_are_named(raw: bytes) -> None:
    assert isinstance(decode(raw), Note)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}\n{"a": 2}\n',
        '{"a": 1},\n\n{"a": 2}',
        '{"a":\n1} \ufeff{"a": 2}',
        '\x1e{"a": 1}\n\x1e{"a": 2}',
    ],
)
def test_values_stand_one_after_another(text: str) -> None:
    found, faults = values("file", text)
    assert [value.json for value in found] == [{"a": "1"}, {"a": "2"}]
    assert faults == []


def test_numbers_keep_their_characters() -> None:
    (value,), _ = values("file", '[1.10, 1E+2, 12345678901234567890.10, NaN, "1.10"]')
    assert value.json == ["1.10", "1E+2", "12345678901234567890.10", "NaN", "1.10"]
    assert isinstance(value.json, list)
    kinds = [isinstance(item, Number) for item in value.json]
    assert kinds == [True, True, True, True, False]


def test_values_and_faults_know_their_lines() -> None:
    found, faults = values("file", '{"a": 1}\n{"a": \n\n{"a": 3}\n[oops\n')
    assert [value.line for value in found] == [1, 4]
    assert [(fault.file, fault.line) for fault in faults] == [("file", 2), ("file", 5)]


def test_deep_nesting_is_a_fault_and_no_crash() -> None:
    found, faults = values("file", "[" * 100_000 + '\n{"a": 1}')
    assert len(found) == 1
    assert "deep" in faults[0].why.en
    with pytest.raises(ValueError, match="deep"):
        parse("[" * 100_000)


def test_a_repeated_name_is_remembered_where_it_differs() -> None:
    value = parse('{"a": 1, "a": 1, "b": 1, "b": 1.0, "c": null}')
    assert isinstance(value, Object)
    assert value.repeated == {"b"}
    assert value == {"a": "1", "b": "1.0", "c": None}
