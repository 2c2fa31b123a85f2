"""Terminals and institutions under maker and checker: what each change does, and its audit."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clients.bill import bill, item
from switch.audit import audit_database
from switch.model.fault import Fault, FaultReason
from switch.model.ids import BEIJING
from switch.office.change import Change, Kind, Verb
from switch.office.officer import Role
from switch.office.refusal import Refusal, Refused
from switch.store import registry
from tests.fix_cards import name_of
from tests.fix_office import key_of, opened, signer_of
from tests.fix_province import KEK, Province, room

NEW = "H33020100003T99"
HOSPITAL = "H33020100003"


def moment() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def today() -> date:
    return moment().astimezone(BEIJING).date()


def enrolled(province: Province) -> None:
    with opened(province.url) as registrar:
        for name in ("li", "wang"):
            roles = frozenset({Role.OFFICERS, Role.REGISTRY})
            registrar.enrol(signer_of(name), key_of(name).public_key, roles, moment())


def changed(province: Province, kind: Kind, **content: str) -> Change:
    """One officer proposes, another approves."""
    with opened(province.url) as registrar:
        li, wang = signer_of("li"), signer_of("wang")
        change = registrar.propose(li, kind, content, "依据文件", moment())
        return registrar.decide(wang, Verb.APPROVE, change.number, "", moment())


def refusal(province: Province, kind: Kind, **content: str) -> Refusal:
    with pytest.raises(Refused) as caught:
        changed(province, kind, **content)
    return caught.value.reason


def broken(province: Province) -> dict[int, Any]:
    report = audit_database(province.url, KEK)
    return {r.invariant.number: r.violations for r in report.results if r.count}


def test_a_terminal_is_registered_for_a_place_that_is_known_once(province: Province) -> None:
    enrolled(province)
    wanted = {"terminal_id": NEW, "institution": HOSPITAL, "class": "institution"}
    changed(province, Kind.REGISTER_TERMINAL, **wanted)
    with opened(province.url) as registrar:
        (found,) = registry.terminals(registrar.connection, NEW)
    assert (found.institution, found.active, found.keys) == (HOSPITAL, True, None)
    assert refusal(province, Kind.REGISTER_TERMINAL, **wanted) is Refusal.TERMINAL_TAKEN
    other = {**wanted, "terminal_id": NEW + "8", "class": "agency"}
    assert refusal(province, Kind.REGISTER_TERMINAL, **other) is Refusal.NO_SUCH_PLACE
    bad = {**wanted, "terminal_id": "a b"}
    assert refusal(province, Kind.REGISTER_TERMINAL, **bad) is Refusal.BAD_CONTENT
    assert broken(province) == {}


async def test_a_blocked_terminal_posts_nothing_from_then_on(province: Province) -> None:
    enrolled(province)
    async with room(province) as shop:
        card = province.card("employee_in_service")
        assert name_of(await shop.buy(shop.claim(), card)) == "OK"
        changed(province, Kind.BLOCK_TERMINAL, terminal_id=shop.terminal)
        shown = await shop.presettle(shop.claim(), card)
        with pytest.raises(Fault) as caught:
            await shop.settle(shop.settle_body(shop.claim(), card, shown))
        assert caught.value.reason is FaultReason.REFUSED
        twice = refusal(province, Kind.BLOCK_TERMINAL, terminal_id=shop.terminal)
        assert twice is Refusal.NO_SUCH_TERMINAL
        changed(province, Kind.UNBLOCK_TERMINAL, terminal_id=shop.terminal)
        assert name_of(await shop.buy(shop.claim(), card)) == "OK"


async def test_an_institution_is_opened_to_other_cities_by_date(province: Province) -> None:
    """The referral of the article's day: declined while it is not opened, settled once it is."""
    enrolled(province)
    async with room(province, "hangzhou_not_opened") as there:
        card = province.card("referral_patient")
        lines = [item("DEMO-CEFTRI-INJ", "头孢曲松", 200, "40.00")]
        claim = bill("11", "330199", date(2018, 12, 3), lines)
        closed = await there.presettle(claim, card)
        assert name_of(closed) == "INSTITUTION_NOT_OPEN_CROSS_CITY"
        code = there.institution
        changed(province, Kind.OPEN_INSTITUTION, institution=code, since="2018-12-03", until="")
        # Another replica has just read it; this one believes what it read for a second.
        async with room(province, "hangzhou_not_opened", there.clock) as other:
            other.sequence += 500
            assert name_of(await other.buy(claim, card)) == "OK"
        with opened(province.url) as registrar:
            found = {one.code for one in registry.opened(registrar.connection, today(), "330299")}
        assert code in found
        changed(
            province, Kind.OPEN_INSTITUTION, institution=code, since="2018-12-03",
            until=str(today()),
        )  # fmt: skip
        past = {"institution": code, "since": "2018-12-03", "until": str(today() - timedelta(9))}
        assert refusal(province, Kind.OPEN_INSTITUTION, **past) is Refusal.DAY_PAST
        unknown = {"institution": "H99999999999", "since": "2018-12-03", "until": ""}
        assert refusal(province, Kind.OPEN_INSTITUTION, **unknown) is Refusal.NO_SUCH_PLACE
    assert 16 not in broken(province)


def test_ningbos_patients_have_216_institutions_of_the_province_on_the_articles_day(
    province: Province,
) -> None:
    """Source: a city's newspaper of December 2018: 216 institutions settle across cities."""
    with opened(province.url) as registrar:
        found = registry.opened(registrar.connection, date(2018, 12, 1), "330299")
    assert len(found) == 216
    assert len({one.region for one in found}) == 10


def test_a_terminal_or_an_opening_that_no_record_made_is_named(province: Province) -> None:
    enrolled(province)
    wanted = {"terminal_id": NEW, "institution": HOSPITAL, "class": "institution"}
    changed(province, Kind.REGISTER_TERMINAL, **wanted)
    changed(province, Kind.UNLOCK_TERMINAL, terminal_id=NEW)
    changed(province, Kind.OPEN_INSTITUTION, institution=HOSPITAL, since="2018-12-03", until="")
    assert broken(province) == {}
    breaks = (
        ("active True", f"UPDATE terminal SET active = false WHERE terminal_id = '{NEW}'"),
        ("class", f"UPDATE terminal SET class = 'agency' WHERE terminal_id = '{NEW}'"),
        ("unlocked_at", f"UPDATE terminal SET unlocked_at = NULL WHERE terminal_id = '{NEW}'"),
        ("cross_city_until",
         f"UPDATE institution SET cross_city_until = '2030-01-01' WHERE code = '{HOSPITAL}'"),
        ("has a record and no row", f"DELETE FROM terminal WHERE terminal_id = '{NEW}'"),
    )  # fmt: skip
    for says, statement in breaks:
        province.one(f"WITH done AS ({statement} RETURNING 1) SELECT count(*) FROM done")
        violations = broken(province)[16]
        assert any(says in one.detail for one in violations), violations
