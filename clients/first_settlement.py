"""A first settlement 首笔结算, at a counter of the demonstration province. README.md shows it."""

from datetime import date
from pathlib import Path

from clients.bill import item, outpatient
from clients.province import Province

province = Province(Path("medswitch-demo"))  # keys and cards of the demonstration
card = province.card("employee_in_service")
with province.counter("ningbo_community_1", "127.0.0.1:50051") as counter:
    lines = [item("DEMO-AMLOD-TAB", "氨氯地平片 amlodipine 5 mg", 28, "1.00")]
    bill = outpatient("330299", date(2018, 12, 20), lines)
    shown = counter.presettle(bill, card)  # 预结算 2206: what the patient is shown
    result = counter.settle_or_reverse(bill, card, shown)  # 结算 2207: what the card signs
    print(result.state, result.request_id, result.settled)
