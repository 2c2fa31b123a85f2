"""The schemas of the messages, loaded once, and what is refused before a schema is asked.

The schema files are ISO 20022's own, as published.
"""

from functools import lru_cache
from importlib.resources import files
from typing import Final
from xml.etree import ElementTree as ET

import xmlschema

PAIN_001: Final = "pain.001.001.09"
PAIN_002: Final = "pain.002.001.12"
BYTES_MAX: Final = 64 * 2**20


class NotThisMessage(ValueError):
    """Bytes that are no valid message of the schema; the text says where and why."""


def namespace(name: str) -> str:
    """Return a message's namespace."""
    return f"urn:iso:std:iso:20022:tech:xsd:{name}"


def check(name: str, content: bytes) -> ET.Element:
    """Return the root of a message that its schema accepts. Raises: NotThisMessage."""
    if len(content) > BYTES_MAX:
        raise NotThisMessage(f"{len(content)} bytes are more than {BYTES_MAX}")
    # A message of ISO 20022 has no document type: with one come entities that grow or read files.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise NotThisMessage("a document type is declared")
    try:
        root = ET.fromstring(content)  # noqa: S314 - what is dangerous is refused above
        error = next(_schema(name).iter_errors(root), None)
    except (ET.ParseError, xmlschema.XMLSchemaException) as failed:
        raise NotThisMessage(f"no XML: {failed}") from None
    if error is not None:
        raise NotThisMessage(f"{error.path}: {error.reason}")
    return root


@lru_cache(maxsize=4)
def _schema(name: str) -> xmlschema.XMLSchema:
    place = files("switch.bank") / "schemas" / f"{name}.xsd"
    return xmlschema.XMLSchema(place.read_text(encoding="utf-8"))
