"""The statement as one page of HTML: handed to a patient, printed on A4, no script."""

from collections.abc import Iterator

from switch.explain.figure import draw
from switch.explain.statement import Statement
from switch.explain.tables import bill_table, payers_table, steps_table, sums_table
from switch.explain.tell import UNDONE, when
from switch.pages import style, words
from switch.pages.markup import Child, Html, both, document, join, tag
from switch.pages.words import money_text


def render(statement: Statement) -> Html:
    """Return the page."""
    split = statement.decision.split
    return document(
        f"医保结算说明 {statement.receipt.settlement_id}",
        style.STYLE,
        _header(statement),
        *_notices(statement),
        _facts(statement),
        tag(
            "div",
            _sum("总费用", "Total", split.total_fen, "", f"{len(statement.lines)} 项 lines"),
            _sum("基金支付", "Funds pay", split.fund_fen, "fund", _funds(statement)),
            _sum("个人支付", "You pay", split.person_fen, "person", _person(statement)),
            class_="sums",
        ),
        _section("费用如何分担", "How the bill is divided"),
        tag("figure", draw(statement.flow)),
        _section("账单明细", "The bill, line by line"),
        bill_table(statement),
        _section("逐步计算", "Step by step"),
        steps_table(statement),
        _section("由谁支付", "Who pays"),
        payers_table(statement),
        _section("本年度累计", "Used and left"),
        sums_table(statement),
        _footer(statement),
    )


def _section(zh: str, en: str) -> Html:
    return tag("h2", zh, tag("span", en, class_="en"))


def _header(statement: Statement) -> Html:
    receipt = statement.receipt
    return tag(
        "header",
        tag(
            "div",
            tag("h1", "医疗保障结算说明"),
            tag("div", "为什么是这个金额 · Why this amount", class_="sub"),
        ),
        tag(
            "div",
            tag("div", "结算号 Settlement ", tag("span", receipt.settlement_id, class_="mono")),
            tag("div", "请求号 Request ", tag("span", receipt.request_id, class_="mono")),
            tag("div", f"{when(receipt.settled_at)} · 业务日 business day {receipt.business_day}"),
            class_="id",
        ),
    )


def _notices(statement: Statement) -> Iterator[Html]:
    if statement.undone is not None:
        zh, en = UNDONE[statement.undone.kind]
        by = tag("span", statement.undone.by, class_="mono")
        yield tag(
            "div", tag("b", f"{zh} "), f"{en} · ", "由 by ", by,
            tag("div", "以下金额已全部退回，仅供说明。", tag("span",
                " All amounts below were given back; they are shown for the record.",
                class_="en")),
            class_="notice bad",
        )  # fmt: skip
    if statement.difference:
        yield tag(
            "div", tag("b", "重新计算与所存结果不同 "),
            "Computed again, it is not what was stored: ",
            tag("span", statement.difference, class_="mono"),
            class_="notice bad",
        )  # fmt: skip


def _facts(statement: Statement) -> Html:
    person, place, visit = statement.person, statement.place, statement.visit
    zh, en = words.named(words.SEXES, person.sex)
    stay = ""
    if visit.admitted_on is not None:
        stay = f"{visit.admitted_on} – {visit.discharged_on or visit.service_on}"
    elsewhere = tag("span", "异地 elsewhere", class_="tag") if place.elsewhere else None
    rows: list[tuple[str, str, Child]] = [
        ("参保人", "Person",
         join((tag("span", person.member, class_="mono"), tag("br"),
               f"{zh} · {person.age} 岁 ", tag("span", f"{en}, {person.age}", class_="en")))),
        ("险种与人员类别", "Insurance and class",
         join((both(words.named(words.INSURANCES, person.insurance)), tag("br"),
               both(words.named(words.CLASSES, person.member_class))))),
        ("参保地", "Insured in", both(person.region)),
        ("就医机构", "Place of care",
         join((place.name or place.code, " ", tag("span", place.code, class_="mono soft")))),
        ("机构级别与所在地", "Level and region",
         join((both(words.level(place.level)), tag("br"), both(place.region), " ", elsewhere))),
        ("医疗类别", "Kind of care", both(words.named(words.KINDS, visit.kind))),
        ("就诊日期", "Day of service", str(visit.service_on)),
    ]  # fmt: skip
    if stay:
        rows.append(("住院", "Stay", stay + (" · 中途结算 interim" if visit.interim else "")))
    if visit.disease is not None:
        rows.append(("病种", "Special disease", both(visit.disease)))
    if visit.filing_id:
        rows.append(("备案", "Filing", visit.filing_id))
    if visit.emergency:
        rows.append(("急诊", "Emergency", "是 yes"))
    rows.append(("适用政策日", "Policy of", str(visit.ruled_on)))
    return tag(
        "dl",
        *(
            tag("div", tag("dt", f"{zh} ", tag("span", en, class_="en")), tag("dd", value))
            for zh, en, value in rows
        ),
        class_="facts",
    )


def _sum(zh: str, en: str, amount: int, class_: str, note: Child) -> Html:
    return tag(
        "div",
        tag("div", f"{zh} {en}", class_="label"),
        tag("div", money_text(amount), class_="value"),
        tag("div", note, class_="note"),
        class_=class_ or None,
    )


def _funds(statement: Statement) -> str:
    payers = statement.decision.split.payers
    if not payers:
        return "无 none"
    return "，".join(words.named(words.FUNDS, payer.fund)[0] for payer in payers)


def _person(statement: Statement) -> str:
    split = statement.decision.split
    own = split.account_fen + split.account_relative_fen
    return f"账户 account {money_text(own)}，现金 cash {money_text(split.cash_fen)}"


def _footer(statement: Statement) -> Html:
    receipt, visit = statement.receipt, statement.visit
    proven = (
        ""
        if statement.difference
        else "本页金额由所存账单、参保信息和政策重新计算得出，与结算时完全一致。"
        " Computed again from the stored bill, person and policy: equal to the fen to what was "
        "settled."
    )
    return tag(
        "footer",
        tag("div", proven),
        tag(
            "div", f"政策版本 rule book {statement.decision.region_insured} · ",
            tag("span", receipt.rule_book, class_="mono"), f" · {visit.ruled_on}",
        ),
        tag("div", "金额单位：元。 Amounts in yuan. "
            "对结果有异议，请持本页向参保地医保经办机构查询。"),
    )  # fmt: skip
