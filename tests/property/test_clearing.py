"""Nothing is lost between settlements, statements, dues and payments, whatever was posted."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from switch.clearing.netting import Mode, dues, moved, net, settle
from switch.clearing.statement import ACCOUNTS, Flow, statements
from switch.model.ids import InstitutionCode, RegionCode

REGIONS = [RegionCode(f"33{city:02d}99") for city in range(1, 12)]
HUB = RegionCode("330000")

flows = st.lists(
    st.builds(
        Flow,
        institution=st.sampled_from([InstitutionCode(f"H33020{n:06d}") for n in range(5)]),
        region_care=st.sampled_from(REGIONS),
        region_insured=st.sampled_from(REGIONS),
        insurance=st.sampled_from(["310", "390"]),
        clearing_type=st.sampled_from(["11", "21", "41"]),
        payer=st.sampled_from([ACCOUNTS, "310100", "390100", "330100"]),
        count=st.integers(-5, 1_000),
        amount_fen=st.integers(-(10**12), 10**12),
    ),
    max_size=60,
)
rates = st.fixed_dictionaries({region: st.integers(0, 10_000) for region in REGIONS})


@given(flows=flows, rates=rates)
def test_statements_hold_every_fen_and_every_settlement(
    flows: list[Flow], rates: dict[RegionCode, int]
) -> None:
    found = statements(flows, rates)
    assert sum(one.total_fen for one in found) == sum(flow.amount_fen for flow in flows)
    assert sum(line.count for one in found for line in one.lines) == sum(f.count for f in flows)
    assert len({(one.region, one.institution) for one in found}) == len(found)
    for one in found:
        assert one.fund_fen + one.account_fen == one.total_fen == one.payable_fen + one.withheld_fen
        assert 0 <= one.withheld_fen <= max(one.fund_fen, 0)
        assert abs(one.withheld_fen * 10_000 - max(one.fund_fen, 0) * one.rate_bp) <= 5_000
        if one.fund_fen <= 0:
            assert one.payable_fen == one.total_fen


@given(flows=flows, mode=st.sampled_from(Mode))
def test_payments_bring_each_region_its_position_and_sum_to_zero(
    flows: list[Flow], mode: Mode
) -> None:
    owed = dues(flows)
    positions = net(owed)
    assert sum(positions.values()) == 0
    # What a region receives is what its institutions did for others, less what others did for it.
    expected: Counter[RegionCode] = Counter()
    for flow in flows:
        expected[flow.region_care] += flow.amount_fen
        expected[flow.region_insured] -= flow.amount_fen
    assert {k: v for k, v in positions.items() if v} == {k: v for k, v in expected.items() if v}
    transfers = settle(owed, mode, HUB)
    brought = moved(transfers)
    assert brought.pop(HUB, 0) == 0
    assert {k: v for k, v in brought.items() if v} == {k: v for k, v in positions.items() if v}
    assert all(one.amount_fen > 0 for one in transfers)


@given(flows=flows)
def test_netting_takes_no_more_payments_and_no_more_money_than_gross(flows: list[Flow]) -> None:
    owed = dues(flows)
    by_mode = {mode: settle(owed, mode, HUB) for mode in Mode}
    pairs = [frozenset({one.payer, one.payee}) for one in by_mode[Mode.BILATERAL]]
    assert len(pairs) == len(set(pairs)) <= len(by_mode[Mode.GROSS])
    regions = {region for due in owed for region in (due.home, due.care)}
    assert len(by_mode[Mode.MULTILATERAL]) <= len(regions)
    money = {mode: sum(one.amount_fen for one in found) for mode, found in by_mode.items()}
    assert money[Mode.BILATERAL] <= money[Mode.GROSS]
    # Through the province each fen moves twice at most.
    assert money[Mode.MULTILATERAL] <= 2 * money[Mode.BILATERAL]


@given(flows=flows)
def test_the_order_of_what_was_posted_does_not_matter(flows: list[Flow]) -> None:
    backwards = flows[::-1]
    assert dues(flows) == dues(backwards)
    for mode in Mode:
        assert settle(dues(flows), mode, HUB) == settle(dues(backwards), mode, HUB)
