"""What each type of rule is refused for; every message names file, line and rule."""

import re
from datetime import date

import pytest

from switch.rules.book import RuleBook
from switch.rules.plan import Plan

HEAD = (
    'region = "339901"\n[given]\nsince = 2020-01-01\nsource = "s"\ninsurances = ["310"]\n'
    'kinds = ["11"]\n'
)
BANDS = '[[rule]]\nid = "b"\ntype = "bands"\nfund = 80\n'


def rule(kind_of_rule: str, body: str) -> str:
    return f'[[rule]]\nid = "x"\ntype = "{kind_of_rule}"\n{body}\n'


def parse(*rules: str) -> RuleBook:
    return RuleBook.parse({"p.toml": HEAD + "".join(rules)})


def plan_of(book: RuleBook) -> Plan:
    found = book.held("310", "11", date(2020, 1, 1))
    assert isinstance(found, Plan)
    return found


TABLE = "amounts = [{{ {}, amount = 1 }}, {{ amount = 2 }}]"

WRONG_ROWS = [
    ('levels = ["high"]', "levels names .'high'.; write words of "),
    ("levels = 3", "levels is 3; write a list of words"),
    ("levels = []", "levels is empty and would ask nothing"),
    ('classes = ["worker"]', "classes names"),
    ('sexes = ["m"]', "sexes names"),
    ('kinds = ["99"]', "kinds names"),
    ('insurances = ["1"]', "insurances names"),
    ('areas = ["abroad"]', "areas names"),
    ('filings = ["special_disease"]', "filings names"),
    ('holding = ["passport"]', "holding names"),
    ('not_holding = ["passport"]', "not_holding names"),
    ('emergency = "yes"', "emergency is 'yes'; write true or false"),
    ("age_from = -1", "age_from is -1; write a whole number"),
    ("age_from = 1.5", "write a whole number"),
    ("age_from = true", "write a whole number"),
    ("age_from = 45, age_below = 45", "age_from 45 to age_below 45 holds for nobody"),
    ("age_from = 46, age_below = 45", "holds for nobody"),
    ("age_from = 200", "holds for nobody"),
    ("ordinal_from = 0, ordinal_to = 0", "ordinal_from 0 to ordinal_to 0 holds for nobody"),
    ("ordinal_from = 3, ordinal_to = 2", "holds for nobody"),
    ('standings = ["a", "a"]', "standings names a word twice"),
    ("tags = [1]", "tags is .1.; write a list of words"),
    ("colour = 1", "unknown fields .'colour'."),
]


@pytest.mark.parametrize(("row", "wrong"), WRONG_ROWS)
def test_a_wrong_row_is_refused_by_its_number(row: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        parse(BANDS, rule("deductible", TABLE.format(row)))
    assert str(refused.value).startswith("p.toml:11: rule x from 2020-01-01, amounts 1: ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'levels = ["tertiary"],'),
        ('levels = ["tertiary"],', 'levels = ["tertiary_a"],'),
        ('levels = ["tertiary"],', 'levels = ["tertiary"], classes = ["retired"],'),
        ('classes = ["in_service"],', 'classes = ["flexible"],'),
        ("age_from = 10,", "age_from = 10, age_below = 20,"),
        ("ordinal_from = 2,", "ordinal_from = 3, ordinal_to = 4,"),
        ('standings = ["a"],', 'standings = ["a"], tags = ["t"],'),
        ('diagnoses = ["C"],', 'diagnoses = ["C"], without_tags = ["t"],'),
    ],
)
def test_a_row_that_is_never_reached_is_refused(before: str, after: str) -> None:
    rows = f"amounts = [{{ {before} amount = 1 }}, {{ {after} amount = 2 }}, {{ amount = 3 }}]"
    with pytest.raises(ValueError, match=r"amounts 2: never reached, for the row at .*amounts 1"):
        parse(BANDS, rule("deductible", rows))


@pytest.mark.parametrize(
    ("rows", "cell"),
    [
        ('{ classes = ["retired"], amount = 1 }', "member_class in_service, age 0, ordinal 1"),
        ("{ age_below = 60, amount = 1 }", "member_class in_service, age 60, ordinal 1"),
        ("{ age_from = 1, amount = 1 }", "age 0, ordinal 1"),
        ("{ ordinal_to = 3, amount = 1 }", "ordinal 4"),
        ("{ ordinal_from = 2, amount = 1 }", "ordinal 1"),
        ('{ areas = ["home", "province"], amount = 1 }', "area national"),
        ("{ emergency = true, amount = 1 }", "emergency no"),
        ('{ sexes = ["male"], amount = 1 }', "sex 2"),
        ('{ diseases = ["M1"], amount = 1 }', "disease any other"),
        ('{ filings = ["none", "referral"], amount = 1 }', "filing any other"),
        ('{ standings = ["poor"], amount = 1 }', "member_class in_service"),
        (
            (
                '{ levels = ["tertiary_a"], amount = 1 },'
                '{ levels = ["secondary"], classes = ["retired"], amount = 2 }'
            ),
            "member_class in_service, .*level secondary",
        ),
    ],
)
def test_a_table_that_leaves_out_a_cell_is_refused(rows: str, cell: str) -> None:
    with pytest.raises(ValueError, match=rf"amounts: no row for .*{cell}.*\(gap\)") as refused:
        parse(BANDS, rule("deductible", f"amounts = [{rows}]"))
    assert str(refused.value).startswith("p.toml:11: rule x from 2020-01-01")


def test_an_insurance_without_classes_of_its_own_needs_rows_for_any() -> None:
    other = HEAD.replace("310", "510")
    text = rule("deductible", 'amounts = [{ classes = ["in_service"], amount = 1 }]')
    with pytest.raises(ValueError, match="member_class any other"):
        RuleBook.parse({"p.toml": other + BANDS + text})


WRONG_VALUES = [
    ("cover", 'injuries = ["accident"]', "injuries names"),
    ("cover", "covered = 1", "covered is 1; write true or false"),
    ("cover", 'clearing_type = ""', "clearing_type is ''; write a word"),
    ("identity", 'identity_number_accepted = "no"', "write true or false"),
    ("dates", 'policy = "birth"', "policy is 'birth'; write one of admission, discharge, service"),
    ("year", "", "first_day is missing"),
    ("year", 'first_day = "1-1"', "write month and day as 01-01"),
    ("year", 'first_day = "13-01"', "write month and day"),
    ("year", 'first_day = "02-29"', "write month and day"),
    ("year", 'first_day = "04-31"', "write month and day"),
    ("entitlement", "gap_days = -1", "gap_days is -1"),
    ("entitlement", "waiting = [{ weeks = 1 }]", "waiting 1: unknown fields"),
    ("entitlement", 'without_prescription = "free"', "without_prescription is 'free'"),
    ("scope", 'catalogue = "home"', "catalogue is 'home'"),
    ("scope", 'ratios = "home"', "ratios is 'home'"),
    ("scope", 'first_pay = [{ item_classes = ["D"], rate = 1 }]', "item_classes names"),
    ("scope", "first_pay = [{ rate = 101 }]", "within 0..100 percent"),
    ("scope", "uncatalogued = [{ }]", "uncatalogued 1: rate is missing"),
    ("scope", "uncatalogued_first_pay = -1", "write a number, 0 or more"),
    ("segments", 'segments = [{ part = "share" }]', "part is 'share'"),
    ("segments", 'segments = [{ part = "self_segment" }]', "width is missing"),
    ("segments", 'segments = [{ part = "self_segment", widths = [] }]', "widths is empty"),
    (
        "segments",
        'segments = [{ part = "account_segment" }, { part = "account_segment" }]',
        "a segment stands twice",
    ),
    (
        "segments",
        'segments = [{ part = "account_segment", without_account = "free" }]',
        "without_account is 'free'",
    ),
    ("deductible", "", "amount is missing"),
    ("deductible", "amount = 1.005", "to 2 decimals"),
    ("deductible", "amount = 1e3", "write a number"),
    ("deductible", "amount = nan", "write a number"),
    ("deductible", "amount = inf", "write a number"),
    ("deductible", 'amount = "1,000"', "write a number"),
    ("deductible", "amount = [1]", "write a number"),
    ("deductible", "amount = 1000000000001", "above any amount of a claim"),
    ("deductible", 'amount = 1\nunit = "bp"', "amount needs exactly one unit of fen, yuan"),
    ("deductible", "amount = 1\nhighest_level = true", "a period longer than a visit"),
    ("deductible", "amount = 1\nordinals = []", "ordinals is empty"),
    ("deductible", "amount = 1\nordinals = [100, 101]", "within 0..100 percent"),
    ("deductible", 'amount = 1\nper = "week"', "per is 'week'; write one of day, month"),
    ("deductible", 'amount = 1\nper = "year"\nused = "a@b"', "a name holds no @ and no #"),
    ("deductible", 'amount = 1\nper = "year"\nused = "a#b"', "a name holds no @ and no #"),
    ("deductible", 'amount = 1\ntaken = "later"', "taken is 'later'"),
    ("deductible", 'amount = 1\nperiod_max = 2\nmax_per = "week"', "max_per is 'week'"),
    ("ceiling", "amount = 1", "limit_on is missing"),
    ("ceiling", 'limit_on = "fund"\namount = 1\ncounts = "in_scope"', "unknown fields .'counts'."),
    ("ceiling", 'limit_on = "scope"\namount = 1\nexcess = "fund"', "unknown fields .'excess'."),
    ("ceiling", 'limit_on = "none"\namount = 1', "unknown fields .'amount'."),
    ("adjustments", 'rows = [{ form = "half", rate = 1 }]', "rows 1: form is 'half'"),
    ("adjustments", 'rows = [{ form = "times" }]', "rows 1: rate is missing"),
    ("adjustments", "rows = 1", "rows is 1; write a list"),
    ("adjustments", "rows = [1]", "rows holds 1; write tables"),
    ("adjustments", 'apply = "last"', "apply is 'last'"),
    ("adjustments", 'rows = [{ form = "times", rate = 1, per_year_of_age = true }]', "year_of_age"),
    ("flat", "fund = 1", "groups is empty"),
    ("flat", 'groups = ["g"]\nfund = 1\ncounts = ["visits"]', "counts names .'visits'."),
    ("flat", 'groups = ["g"]\nfund = 1\npayer = "310200"', "payer is '310200'"),
    ("account", 'uses = [{ account = "bank", parts = [] }]', "uses 1: account is 'bank'"),
    ("account", 'uses = [{ account = "current", parts = ["fund"] }]', "uses 1: parts names"),
    ("payer", 'payer = "999996"\norder = 1\nbase = ["share"]\npays = 1', "payer is '999996'"),
    ("payer", 'payer = "330100"\norder = 1\nbase = []\npays = 1', "at least one bill part"),
    ("payer", 'payer = "330100"\norder = 1\nbase = ["share"]\nabove = "y"\npays = 1', "above"),
    ("payer", 'payer = "330100"\norder = 1\nbase = ["share", "share"]\npays = 1', "each once"),
    (
        "payer",
        (
            'payer = "330100"\norder = 1\npays = 1\n'
            'base = [{ part = "share", share = 1 }, { part = "share", share = 2 }]'
        ),
        "and each once",
    ),
    ("payer", 'payer = "330100"\nbase = ["share"]\npays = 1', "order is missing"),
    ("payer", 'payer = "330100"\norder = 1\nbase = ["share"]\nedges = [1]\npays = 1', "2 bands"),
    (
        "payer",
        'payer = "330100"\norder = 1\nbase = ["share"]\npays = 1\ncaps = [{ cap = 1, a = 2 }]',
        "caps 1: unknown fields",
    ),
    ("hospital", 'rows = [{ form = "over", base = ["share"] }]', "form is 'over'"),
    ("hospital", 'rows = [{ form = "over_share", base = [], rate = 1 }]', "at least one bill part"),
    ("hospital", 'rows = [{ form = "over_share", base = ["fund"] }]', "rate is missing"),
    ("hospital", 'rows = [{ form = "over_quota", base = ["fund"] }]', "amount is missing"),
    ("accumulator", 'name = "n"', "counts names at least one thing"),
    ("accumulator", 'name = "n"\ncounts = ["visits", "total"]', "cannot be added to amounts"),
    ("accumulator", 'name = "n"\ncounts = ["cash"]', "counts names .'cash'."),
    ("accumulator", 'counts = ["total"]', "name is missing"),
    ("cross_city", 'rows = [{ form = "double" }]', "form is 'double'"),
    ("cross_city", 'rows = [{ form = "times", rate = 0 }]', "reduces nothing"),
    ("cross_city", 'rows = [{ form = "none", rate = 1 }]', "unknown fields .'rate'."),
    ("cross_city", 'rows = [{ form = "times", rate = 1, bands = ["0"] }]', "bands is"),
    ("cross_city", 'rows = [{ form = "times", rate = 1, bands = ["a"] }]', "bands is"),
    ("cross_city", 'rows = [{ form = "times", rate = 1, payers = ["all"] }]', "payers names"),
    ("cross_city", 'rows = [{ form = "none", filing = "special_disease" }]', "filing is"),
    ("cross_city", 'rows = [{ form = "none", at = "there" }]', "at is 'there'"),
    ("cross_city", 'filing_on = "today"', "filing_on is 'today'"),
    ("cross_city", 'rows = [{ form = "none" }, { form = "refuse" }]', "x@2020-01-01/2 is never"),
    (
        "cross_city",
        (
            'rows = [{ filing = "referral", form = "none" }, '
            '{ filing = "referral", levels = ["tertiary"], form = "refuse" }]'
        ),
        "x@2020-01-01/2 is never reached, for x@2020-01-01/1 holds first",
    ),
    ("special_disease_modes", 'home = { "*" = "refuse" }', "home is"),
    ("special_disease_modes", 'home = { "*" = ["open"] }', "home is"),
    ("special_disease_modes", 'home = { M1 = "open" }', "each place needs a mode for '[*]'"),
    ("special_disease_modes", 'national = "open"', "national is"),
    ("special_disease_modes", 'elsewhere_levels = ["high"]', "elsewhere_levels names"),
    ("special_disease_modes", 'items = "some"', "items is 'some'"),
    ("special_disease_list", 'diseases = [{ code = "m1" }]', "no disease code"),
    ("special_disease_list", 'diseases = [{ code = "M1" }, { code = "M1" }]', "listed twice"),
    ("special_disease_list", 'settled = "alone"', "settled is 'alone'"),
]


@pytest.mark.parametrize(("kind_of_rule", "body", "wrong"), WRONG_VALUES)
def test_a_wrong_value_is_refused_by_file_line_and_rule(
    kind_of_rule: str, body: str, wrong: str
) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        parse(BANDS, rule(kind_of_rule, body))
    assert str(refused.value).startswith("p.toml:11: rule x from 2020-01-01")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("fund = [80, 90]", "0 edges make 1 bands, but 2 ratios stand"),
        ("edges = [10]\nfund = 80", "1 edges make 2 bands, but 1 ratios stand"),
        ("edges = [0]\nfund = [80, 90]", "the band from 0 to below 0 fen is never reached"),
        ("edges = [20, 10]\nfund = [1, 2, 3]", "the band from 2000 to below 1000 fen"),
        ("fund = 100.001", "to 2 decimals"),
        ('fund = 80\nunit = "yuan"', "fund needs exactly one unit of bp, percent"),
        ("rates = [{ fund = 80, edges = [5] }]", "rates 1: 1 edges make 2 bands"),
        ('fund = 80\nothers = [{ payer = "330100", pays = [1, 2] }]', "others 1: 1 bands, but 2"),
        ('fund = 80\nothers = [{ payer = "330100", pays = 21 }]', "more than 100 percent"),
        ('fund = 80\npayer = "310200"', "payer is '310200'"),
        ('fund = 80\nrounding = "nearest"', "rounding is 'nearest'"),
        ('fund = 80\nrounded_to = "ten"', "rounded_to is 'ten'"),
        ('fund = 80\nrounded = "both"', "rounded is 'both'"),
        ('fund = 80\nrounded_per = "bill"', "rounded_per is 'bill'"),
        ('fund = 80\ncounts = "total"', "counts is 'total'"),
        ('fund = 80\nlevel_of = "ward"', "level_of is 'ward'"),
    ],
)
def test_wrong_bands_are_refused_by_file_line_and_rule(body: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        parse(rule("bands", body))
    assert str(refused.value).startswith("p.toml:7: rule x from 2020-01-01")


COUNTED = 'name = "n"\ncounts = ["total"]'


@pytest.mark.parametrize(
    ("rules", "wrong"),
    [
        ([rule("ceiling", 'limit_on = "none"'), BANDS, BANDS.replace('"b"', '"c"')], "overlaps"),
        ([rule("cover", "covered = true")], "covered, but no bands rule holds"),
        (
            [BANDS, rule("deductible", "amount = 1\nuntil = 2020-12-31")],
            "on 2021-01-01: covered, but no deductible rule holds",
        ),
        (
            [BANDS, rule("accumulator", COUNTED), rule("accumulator", COUNTED).replace("x", "y")],
            "overlaps p.toml:11: rule x",
        ),
        (
            [BANDS, rule("accumulator", COUNTED), rule("deductible", 'amount = 1\nper = "year"\n'
             'used = "n"').replace("x", "y")],
            "n counts .* per year in one rule and .* in another",
        ),
        (
            [BANDS, rule("flat", 'groups = ["g", "h"]\nfund = 1'),
             rule("flat", 'groups = ["h"]\nfund = 2').replace('"x"', '"y"')],
            "y@2020-01-01: x@2020-01-01 settles group h too",
        ),
        (
            [rule("bands", 'edges = [10]\nfund = [1, 2]\nper = "year"\nused = "s"'),
             rule("ceiling", 'limit_on = "scope"\namount = 10\nused = "s"').replace('"x"', '"y"')],
            "begins at 1000 fen, at or above the ceiling of 1000 fen",
        ),
        (
            [rule("bands", "fund = 80").replace("type", 'kinds = ["14"]\ntype'),
             rule("special_disease_modes", "").replace('"x"', '"y"\nkinds = ["14"]')],
            "kind 14 on 2020-01-01: covered, but no special_disease_list rule holds",
        ),
        (
            [rule("payer", 'payer = "330100"\norder = 1\nbase = ["share"]\npays = 1'), BANDS,
             rule("payer", 'payer = "330100"\norder = 1\nbase = ["share"]\npays = 1').replace(
                 '"x"', '"y"')],
            "overlaps",
        ),
    ],
)  # fmt: skip
def test_rules_that_cannot_stand_together_are_refused(rules: list[str], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        parse(*rules)
    assert re.match(r"p\.toml:[1-9][0-9]*: rule [a-z]", str(refused.value))


def test_a_sum_is_counted_in_times_or_in_fen_for_every_kind_of_an_insurance() -> None:
    kinds = BANDS.replace("type", 'kinds = ["11", "21"]\ntype')
    times = rule("accumulator", 'name = "n"\ncounts = ["visits"]')
    money = rule("accumulator", COUNTED).replace('"x"', '"y"\nkinds = ["21"]')
    with pytest.raises(ValueError, match=r"n of insurance 310 .* of the kinds 11 and 21"):
        parse(kinds, times, money)
    other = money.replace("kinds", 'insurances = ["390"]\nkinds')
    bands = BANDS.replace('"b"', '"c"\nkinds = ["21"]\ninsurances = ["390"]')
    assert len(parse(kinds, times, other, bands).plans) == 3


def test_what_a_policy_leaves_out_has_its_default() -> None:
    plan = plan_of(parse(BANDS))
    assert (plan.cover.covered, plan.cover.injuries) == (True, frozenset({"none"}))
    assert (plan.dates.policy, plan.year.month, plan.year.day) == ("service", 1, 1)
    assert (plan.segments, plan.deductible, plan.ceilings, plan.meters) == ((), None, (), ())
    assert plan.account.uses == ()
    assert plan.special_modes is not None
    assert plan.special_modes.mode("M1", "home") == "open"
    assert plan.special_modes.mode("M1", "province") == "refuse"
    assert not plan.identity_accepted
    assert plan.bands.payer == "310100"


def test_a_stay_has_no_special_modes_and_is_cleared_as_one() -> None:
    book = RuleBook.parse({"p.toml": HEAD.replace('"11"', '"21"') + BANDS})
    plan = book.held("310", "21", date(2020, 1, 1))
    assert isinstance(plan, Plan)
    assert plan.special_modes is None
    assert plan.cover.clearing_type == "21"


def test_a_day_without_cover_and_without_bands_is_not_held() -> None:
    until = BANDS.replace("fund", "until = 2020-12-31\nfund")
    assert parse(until).held("310", "11", date(2021, 1, 1)) is None
    cover = rule("cover", "until = 2020-12-31")
    assert parse(BANDS, cover).held("310", "11", date(2021, 1, 1)) is None


def test_words_of_a_value_are_kept_in_units_of_their_own() -> None:
    """fen and bp, decimals and texts: the same amounts however they are written."""
    rows = 'edges = [1000.50, "2000.5"]\nfund = [80, "92.5", 100]'
    small = 'unit = "fen, bp"\nedges = [100050, 200050]\nfund = [8000, 9250, 10000]'
    one, other = (plan_of(parse(rule("bands", text))) for text in (rows, small))
    assert one.bands.rates == other.bands.rates
    assert [(band.lower_fen, band.rate_bp) for band in one.bands.rates.rows[0][1]] == [
        (0, 8_000), (100_050, 9_250), (200_050, 10_000),
    ]  # fmt: skip


def test_a_reduction_of_the_basic_funds_own_code_is_one_of_the_basic_fund() -> None:
    text = rule("cross_city", 'rows = [{ form = "times", rate = 10, payers = ["310100"] }]')
    (row,) = plan_of(parse(BANDS, text)).areas["province"].rows
    assert row.payers == {"basic", "310100"}


def test_the_order_of_rules_is_that_of_their_ids() -> None:
    """For the hash of a book does not see the order in which they are written."""
    plus = rule("adjustments", 'rows = [{ form = "plus_points", rate = 5 }]')
    times = rule("adjustments", 'rows = [{ form = "times", rate = 90 }]').replace('"x"', '"y"')
    one, other = parse(BANDS, plus, times), parse(BANDS, times, plus)
    assert one.hash == other.hash
    assert plan_of(one).adjustments == plan_of(other).adjustments
