"""Whether what the switch says of a clinic is explained to the fen, whatever befell its bills."""

from collections import Counter

import psycopg

from switch.model.ids import InstitutionCode
from switch.recon.compare import compare
from switch.recon.record import NOTHING, Leg, Scope
from switch.seed.places import HOME
from switch.store.flows import load_flows, moved_fen, settled
from switch.store.recon_records import acts
from tests.fix_province import Province


def assert_books_agree(province: Province, named: set[str]) -> None:
    """What an institution is compared with is explained to the fen, and is what it is paid for.

    `named`: the settlements whose acts do not come to nothing.
    """
    code = province.people["institutions"]["ningbo_community"]["code"]
    since, until = province.one("SELECT min(day), max(day) FROM clearing_window")
    with psycopg.connect(province.url, autocommit=True) as connection:
        ours = list(acts(connection, Scope(InstitutionCode(code), since, until)))
        flows = load_flows(connection, since, until, HOME)
        assert sum(one.amount_fen for one in flows) == moved_fen(connection, since, until, HOME)
        live = settled(connection, since, until, HOME)
    assert compare(ours, ours) == []
    total, explained = NOTHING, NOTHING
    standing: Counter[str] = Counter()
    for one in ours:
        total += one.parts
        standing[one.settlement] += 1 if one.leg is Leg.SETTLED else -1
    for difference in compare(ours, []):
        explained += difference.explains
    assert explained == total
    assert {one for one, count in standing.items() if count} == named
    assert set(standing.values()) <= {0, 1}
    assert live == len(named)
