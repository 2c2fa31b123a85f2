"""Small random policies, as a benefits officer writes them, and bills under them.

A policy is drawn as TOML, so that the reader of policies is tried as well. Region 339960 has one
kind of care, 21, insurance 310, and a catalogue of one item for each way a line is scoped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Final

from hypothesis import assume
from hypothesis import strategies as st

from switch.rules.book import RuleBook
from switch.rules.groups import Rules
from switch.rules.plan import Plan

REGION: Final = "339960"
KEY: Final = f"{REGION}/310/2020"
DAY: Final = date(2020, 5, 1)
HEAD: Final = (
    f'region = "{REGION}"\n[given]\nsince = 2020-01-01\nsource = "drawn"\ninsurances = ["310"]\n'
    'kinds = ["21"]\n'
)
ITEMS: Final = """
[[item]]
code = "A"
first_pay = 0
[[item]]
code = "B"
first_pay = 12.5
[[item]]
code = "OWN"
first_pay = 100
[[item]]
code = "UNIT"
first_pay = 5
ceiling = 99.99
[[item]]
code = "DAY-1"
first_pay = 0
ceiling = 250
limit_per = "day"
group = "day"
[[item]]
code = "DAY-2"
first_pay = 30
ceiling = 250
limit_per = "day"
group = "day"
[[item]]
code = "VISIT"
first_pay = 10
ceiling = 400
limit_per = "visit"
[[item]]
code = "SPLIT"
split = [{ share = 70, first_pay = 3 }, { share = 30, first_pay = 100 }]
[[item]]
code = "TIERS"
tiers = [{ below = 100, first_pay = 0 }, { first_pay = 20 }]
[[item]]
code = "FLAT-1"
first_pay = 0
group = "flat-1"
[[item]]
code = "FLAT-2"
first_pay = 0
group = "flat-2"
"""
CODES: Final = (
    "A", "B", "OWN", "UNIT", "DAY-1", "DAY-2", "VISIT", "SPLIT", "TIERS", "FLAT-1", "FLAT-2",
    "NONE",
)  # fmt: skip
PLAIN_CODES: Final = ("A", "B", "OWN", "UNIT")
PARTS: Final = (
    "own_expense", "over_limit", "first_self_pay", "cross_city_first_pay", "self_segment",
    "deductible", "share", "above_ceiling",
)  # fmt: skip
STEPS: Final = {"fen": 1, "jiao": 10, "yuan": 100}

yuan = st.one_of(st.integers(0, 300_000), st.integers(0, 6_000_000)).map(
    lambda fen: f"{fen // 100}.{fen % 100:02d}"
)
percent = st.one_of(
    st.sampled_from(("0", "100", "50", "33.33", "80")),
    st.integers(0, 10_000).map(lambda bp: f"{bp // 100}.{bp % 100:02d}"),
)


@dataclass(frozen=True)
class Drawn:
    """A policy: its text, its rules, and what one rounding may be off by."""

    text: str
    rules: Rules = field(repr=False)
    step_fen: int
    kind: str = "21"

    @property
    def plan(self) -> Plan:
        found = self.rules.books[REGION].held("310", self.kind, DAY)
        assert isinstance(found, Plan)
        return found

    def slack_fen(self) -> int:
        """Return what all roundings of a bill together may be off by, each by a whole step."""
        plan = self.plan
        bands = max(len(bands) for _, bands in plan.bands.rates.rows)
        others = max(len(band.others) for _, row in plan.bands.rates.rows for band in row)
        further = sum(len(payer.bands.rows[0][1]) for payer in plan.payers)
        return self.step_fen * (bands * (2 + others) + 2 * further + len(plan.ceilings) + 4)


@cache
def parse(text: str) -> Rules | None:
    """Return the rules of a text, or None where terms were drawn that cannot stand together."""
    try:
        book = RuleBook.parse({"drawn.toml": text})
    except ValueError as error:
        known = ("never reached", "write excess = 'fund'")
        if any(one in str(error) for one in known):
            return None
        raise
    return Rules({REGION: book}, {})


def rule(name: str, kind_of_rule: str, *fields: str) -> str:
    return f'[[rule]]\nid = "{name}"\ntype = "{kind_of_rule}"\n' + "\n".join(fields) + "\n"


@st.composite
def edges_of(draw: st.DrawFn, most: int = 3) -> list[str]:
    found = draw(st.lists(st.integers(1, 4_000_000), unique=True, max_size=most).map(sorted))
    return [f"{fen // 100}.{fen % 100:02d}" for fen in found]


def listed(items: Sequence[str]) -> str:
    return "[" + ", ".join(items) + "]"


@st.composite
def rounding_of(draw: st.DrawFn, *, plain: bool) -> tuple[list[str], int]:
    if plain or draw(st.booleans()):
        return [], 1
    to = draw(st.sampled_from(sorted(STEPS)))
    return [
        f'rounding = "{draw(st.sampled_from(("half_up", "down", "up", "half_even")))}"',
        f'rounded_to = "{to}"',
        f'rounded = "{draw(st.sampled_from(("fund", "person")))}"',
        f'rounded_per = "{draw(st.sampled_from(("band", "sum")))}"',
    ], STEPS[to]


@st.composite
def bands_of(draw: st.DrawFn, *, per: str, plain: bool) -> tuple[str, int]:
    edges = draw(edges_of())
    rates = [draw(percent) for _ in range(len(edges) + 1)]
    rounding, step = draw(rounding_of(plain=plain))
    # Edges of the fund's money move with a rounded fen by as much scope as it stands for.
    counts = draw(st.sampled_from(("in_scope", "after_deductible", "fund")[: 2 if plain else 3]))
    fields = [f'per = "{per}"', f'counts = "{counts}"', 'used = "position"', *rounding]
    if not plain and draw(st.booleans()):
        room = [draw(st.integers(0, 10_000 - basis(rate))) for rate in rates]
        pays = listed([f"{bp // 100}.{bp % 100:02d}" for bp in room])
        others = f'others = [{{ payer = "330100", pays = {pays} }}]'
        fields.append(f"rates = [{{ edges = {listed(edges)}, fund = {listed(rates)}, {others} }}]")
    else:
        fields += [f"edges = {listed(edges)}", f"fund = {listed(rates)}"]
    return rule("bands", "bands", *fields), step


def basis(rate: str) -> int:
    whole, _, rest = rate.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0") or "0")


@st.composite
def deductible_of(draw: st.DrawFn, *, per: str, plain: bool) -> str:
    fields = [f"amount = {draw(yuan)}", f'per = "{per}"', 'used = "taken"']
    if plain:
        return rule("deductible", "deductible", *fields)
    if per != "visit" and draw(st.booleans()):
        fields.append("highest_level = true")
    if draw(st.booleans()):
        fields.append(f"ordinals = {listed([draw(percent), draw(percent)])}")
        fields.append(f"least = {draw(yuan)}")
    if draw(st.booleans()):
        fields.append(f'period_max = {draw(yuan)}\nmax_per = "{draw(periods)}"')
    if draw(st.booleans()):
        fields.append('taken = "after"')
    return rule("deductible", "deductible", *fields)


periods = st.sampled_from(("visit", "day", "stay", "month", "quarter", "year"))


@st.composite
def ceiling_of(draw: st.DrawFn, name: str, *, per: str, plain: bool) -> str:
    on = draw(st.sampled_from(("scope", "fund")))
    fields = [f'limit_on = "{on}"', f"amount = {draw(yuan)}", f'per = "{per}"', f'used = "{name}"']
    if on == "fund" and (plain or draw(st.booleans())):
        fields.append('excess = "fund"')
    if on == "scope" and draw(st.booleans()):
        fields.append('counts = "after_deductible"')
    return rule(name, "ceiling", *fields)


def groups_of(parts: Sequence[str]) -> st.SearchStrategy[str]:
    """Groups that a payer looks at: of those apart only where each has a rule for itself."""
    apart = [f'{key} = ["flat-{n}"]' for key in ("groups", "without_groups") for n in (1, 2)]
    lines = ['groups = ["day"]', 'without_groups = ["day"]']
    known = set(parts) <= {"own_expense", "over_limit", "first_self_pay"}
    return st.sampled_from([*apart, *lines] if known else apart)


@st.composite
def payer_of(draw: st.DrawFn, order: int, *, per: str, plain: bool) -> tuple[str, int]:
    edges = draw(edges_of(2))
    rounding, step = draw(rounding_of(plain=plain))
    parts = draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3, unique=True))
    base = listed([f'"{part}"' for part in parts])
    if not plain and draw(st.booleans()):
        base = listed([f'{{ part = "{part}", share = {draw(percent)} }}' for part in parts])
    payer = ("320100", "370100", "610100")[order]
    fields = [
        f'payer = "{payer}"', f"order = {order}", f"base = {base}", f"edges = {listed(edges)}",
        f"pays = {listed([draw(percent) for _ in range(len(edges) + 1)])}", f'per = "{per}"',
        f'used = "burden.{order}"', *rounding,
    ]  # fmt: skip
    if draw(st.booleans()):
        fields.append(f'cap = {draw(yuan)}\ncap_per = "{per}"')
        if not plain and draw(st.booleans()):
            fields.append('cap_counts = "all_funds"')
    if not plain and draw(st.booleans()):
        fields.append(draw(groups_of(parts)))
    return rule(f"payer.{order}", "payer", *fields), step


@st.composite
def policies(draw: st.DrawFn) -> Drawn:
    """A policy with any of the rules, whatever they make of each other."""
    bands, step = draw(bands_of(per=draw(periods), plain=False))
    found = [bands]
    if draw(st.booleans()):
        found.append(draw(deductible_of(per=draw(periods), plain=False)))
    found += [
        draw(ceiling_of(f"ceiling.{number}", per=draw(periods), plain=False))
        for number in range(draw(st.integers(0, 2)))
    ]
    if draw(st.booleans()):
        width = f'{{ part = "self_segment", width = {draw(yuan)}, per = "{draw(periods)}" }}'
        account = '{ part = "account_segment" }'
        found.append(rule("segments", "segments", f"segments = [{account}, {width}]"))
    for order in range(draw(st.integers(0, 3))):
        payer, its_step = draw(payer_of(order, per=draw(periods), plain=False))
        found.append(payer)
        step = max(step, its_step)
    limit = draw(st.none() | limits)
    if limit is not None:
        found.append(limit)
    if draw(st.booleans()):
        found.append(draw(floors))
    if draw(st.booleans()):
        found.append(draw(hospitals | quotas))
    if draw(st.booleans()):
        found.append(draw(adjustments))
    # A payer may ask for a group that no rule settles apart: then it is refused, and not drawn.
    if draw(st.booleans()) or "groups = [" in "".join(found):
        found += draw(flats)
    found += [ACCOUNT, draw(elsewhere)]
    return drawn(found, step)


ACCOUNT: Final = rule(
    "account", "account",
    'uses = [{ account = "current", parts = ["account_segment", "share"] },',
    '{ account = "earlier", parts = ["self_segment", "deductible", "share"], limit = 77.77 },',
    '{ account = "relative", parts = ["own_expense", "first_self_pay"] }]',
)  # fmt: skip
hospitals = st.builds(
    lambda base, rate, bears: rule(
        "hospital",
        "hospital",
        f'rows = [{{ form = "over_share", base = {base}, rate = {rate}, bears = {bears} }}]',
    ),
    st.sampled_from(('["own_expense", "over_limit"]', '["fund"]', '["share", "fund"]')),
    percent,
    percent,
)
quotas = st.builds(
    lambda base, amount, per: rule(
        "hospital",
        "hospital",
        f'rows = [{{ form = "over_quota", base = {base}, amount = {amount}, per = "{per}" }}]',
    ),
    st.sampled_from(('["own_expense", "over_limit"]', '["fund", "share"]')),
    yuan,
    periods,
)
limits = st.builds(
    lambda amount, per: rule(
        "limit", "ceiling", f'limit_on = "all_funds"\namount = {amount}\nper = "{per}"'
    ),
    yuan,
    periods,
)
floors = st.builds(
    lambda of, rate, counts, relieves: rule(
        "floor", "floor",
        f'of = "{of}"\nrate = {rate}\ncounts = "{counts}"\nrelieves = {relieves}',
    ),
    st.sampled_from(("in_scope", "total")), percent, st.sampled_from(("fund", "all_funds")),
    st.sampled_from(('["share"]', '["deductible", "share"]', '["share", "above_ceiling"]')),
)  # fmt: skip
adjustments = st.builds(
    lambda form, rate, bands: rule(
        "adjust",
        "adjustments",
        f'rows = [{{ form = "{form}", rate = {rate}{bands} }}, {{ form = "times", rate = 95 }}]',
    ),
    st.sampled_from(("plus_points", "minus_points", "times")),
    percent,
    st.sampled_from(("", ', bands = ["1"]', ', bands = ["2", "3"]')),
)
flats = st.builds(
    lambda first, second, capped: [
        rule("flat.1", "flat", 'groups = ["flat-1"]', f"fund = {first}",
             f'counts = ["in_scope", "fund"]\ncapped = {capped}'),
        rule("flat.2", "flat", 'groups = ["flat-2"]', f'fund = {second}\npayer = "610100"',
             f"capped = {capped}"),
    ],
    percent, percent, st.sampled_from(("true", "false")),
)  # fmt: skip
as_at_home: Final = rule("elsewhere", "cross_city", 'area = "province"\nrows = [{ form = "none" }]')
elsewhere = (
    st.just(as_at_home)
    | st.builds(
        lambda form, rate, of: rule(
            "elsewhere",
            "cross_city",
            f'area = "province"\nrows = [{{ form = "{form}", rate = {rate}{of} }}]',
        ),
        st.sampled_from(("minus_points", "times", "first_pay")),
        percent.filter(basis),
        st.sampled_from(("", ', of = "total"')),
    )
    | st.builds(
        lambda first, more: rule(
            "elsewhere",
            "cross_city",
            f'area = "province"\nrows = [{{ form = "first_pay", rate = {first}, {more} }}]',
        ),
        percent.filter(basis),
        st.sampled_from(("minus_points = 10", "times = 33.33", 'times = 5, bands = ["1"]')),
    )
)


@st.composite
def cumulative_policies(draw: st.DrawFn) -> Drawn:
    """A policy whose every sum runs over the year, and whose one further payer sees every part.

    Then a bill may be split in two. Payers of some parts only are left out: which part an earlier
    payer relieves first depends on the bill that it stands on.
    """
    found = [draw(bands_of(per="year", plain=True))[0]]
    if draw(st.booleans()):
        found.append(draw(deductible_of(per="year", plain=True)))
    if draw(st.booleans()):
        found.append(draw(ceiling_of("ceiling", per="year", plain=True)))
    if draw(st.booleans()):
        width = f'{{ part = "self_segment", width = {draw(yuan)} }}'
        found.append(rule("segments", "segments", f"segments = [{width}]"))
    if draw(st.booleans()):
        edges = draw(edges_of(2))
        pays = listed([draw(percent) for _ in range(len(edges) + 1)])
        base = listed([f'"{part}"' for part in PARTS])
        found.append(
            rule("payer", "payer", 'payer = "330100"\norder = 1', f"base = {base}",
                 f"edges = {listed(edges)}", f"pays = {pays}", f"cap = {draw(yuan)}")
        )  # fmt: skip
    return drawn(found, 1)


def drawn(found: Sequence[str], step: int) -> Drawn:
    return drawn_text(HEAD + "".join(found) + ITEMS, step)


def drawn_text(text: str, step: int, kind: str = "21") -> Drawn:
    rules = parse(text)
    assume(rules is not None)
    assert rules is not None
    return Drawn(text, rules, step, kind)
