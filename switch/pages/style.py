"""The one style of every page: good in Chinese, calm on a screen, whole on A4 paper.

Colours are told apart without colour vision, too: funds teal, accounts blue, cash amber, the rest
grey; every coloured thing bears its name beside it.
"""

from typing import Final

FUND: Final = ("#0f766e", "#2a9d8f", "#5bb8a8", "#8fd0c2", "#b8e0d6")
"""Funds, the basic fund first."""
ACCOUNT: Final = ("#1d4ed8", "#5b83e6", "#93b0f2")
CASH: Final = "#d97706"
HOSPITAL: Final = "#64748b"
PART: Final = ("#9f5f80", "#b9798f", "#c99a9f", "#d6b48f", "#c4a484", "#b5a642", "#a3a380",
               "#b8b8a0", "#c08497")  # fmt: skip
"""What the person bears, by part of the bill."""
SCOPE: Final = "#334155"
BURDEN: Final = "#8b8fa3"
GAIN: Final = "#0f766e"
LOSS: Final = "#c2410c"

STYLE: Final = """
:root { --ink: #172033; --soft: #5b6475; --line: #dfe3ea; --wash: #f5f7fa; --fund: #0f766e;
  --account: #1d4ed8; --cash: #b45309; --bad: #b42318; }
* { box-sizing: border-box; }
html { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { margin: 0; background: #e9edf2; color: var(--ink); line-height: 1.5;
  font: 14px/1.5 "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC",
    "Source Han Sans SC", "WenQuanYi Micro Hei", system-ui, sans-serif; }
main { max-width: 210mm; margin: 10mm auto; padding: 14mm 13mm 12mm; background: #fff;
  box-shadow: 0 1px 2px rgba(23,32,51,.08), 0 10px 40px rgba(23,32,51,.10); border-radius: 3px; }
h1 { font-size: 25px; line-height: 1.25; margin: 0; letter-spacing: .04em; }
h2 { font-size: 16px; margin: 26px 0 8px; padding-bottom: 5px; border-bottom: 2px solid var(--ink);
  break-after: avoid; }
h2 .en { font-size: 12px; font-weight: 500; margin-left: .7em; }
p { margin: 6px 0; }
.en { color: var(--soft); font-size: .84em; font-weight: 400; }
.both > .en { margin-left: .5em; }
.stack > span { display: block; line-height: 1.3; }
.stack > .en { margin-left: 0; }
.soft { color: var(--soft); }
.mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .86em; letter-spacing: -.01em; overflow-wrap: anywhere; }
header { display: flex; justify-content: space-between; align-items: flex-end; gap: 20px;
  padding-bottom: 12px; border-bottom: 1px solid var(--line); }
header .sub { color: var(--soft); font-size: 13px; }
header .id { text-align: right; font-size: 12px; color: var(--soft); }
dl.facts { display: grid; grid-template-columns: repeat(3, 1fr); gap: 8px 22px; margin: 14px 0 0; }
dl.facts div { min-width: 0; }
dl.facts dt { font-size: 11px; color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.sums { display: grid; grid-template-columns: repeat(3, 1fr); margin: 18px 0 6px;
  border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.sums > div { padding: 12px 16px; border-left: 1px solid var(--line); }
.sums > div:first-child { border-left: 0; }
.sums .label { font-size: 12px; color: var(--soft); }
.sums .value { font-size: 25px; font-weight: 650; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.sums .value::before { content: "¥"; font-size: .62em; font-weight: 500; margin-right: .15em;
  color: var(--soft); }
.sums .note { font-size: 12px; color: var(--soft); }
.sums .count .value::before { content: none; }
.fund .value { color: var(--fund); } .person .value { color: var(--cash); }
.notice { border: 1px solid; border-left-width: 5px; border-radius: 5px; padding: 8px 13px;
  margin: 14px 0 0; background: #fff; }
.notice.bad { color: var(--bad); background: #fef3f2; }
.notice.good { color: var(--fund); background: #f0fdfa; font-size: 12.5px; }
figure { margin: 12px 0 4px; break-inside: avoid; }
figure svg { width: 100%; height: auto; display: block; }
figcaption { font-size: 12px; color: var(--soft); margin-top: 4px; }
table { width: 100%; border-collapse: collapse; font-size: 12.5px; margin: 6px 0 2px; }
th { text-align: left; font-weight: 500; font-size: 11.5px; color: var(--soft); vertical-align:
  bottom; border-bottom: 1px solid var(--ink); padding: 4px 6px; line-height: 1.3; }
th .en { display: block; margin-left: 0; }
td { padding: 6px; border-bottom: 1px solid var(--line); vertical-align: top; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.n { white-space: normal; }
td .small, .small { font-size: 11px; color: var(--soft); line-height: 1.4; }
td .small + .small { margin-top: 1px; }
tr.total td { font-weight: 650; border-bottom: 0; border-top: 1px solid var(--ink); }
tr.gone td { color: var(--soft); text-decoration: line-through; }
.step { font-weight: 600; color: var(--soft); }
.result { font-weight: 650; }
.reason { color: var(--bad); font-size: 11.5px; line-height: 1.4; }
.tag { display: inline-block; border-radius: 3px; padding: 0 5px; font-size: 10.5px;
  background: var(--wash); color: var(--soft); border: 1px solid var(--line); }
.tag.assumed { color: #92400e; background: #fffbeb; border-color: #fde68a; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 7px; }
.bar { height: 7px; background: var(--line); border-radius: 4px; overflow: hidden; min-width: 90px;
  margin-top: 6px; display: flex; }
.bar i { display: block; height: 100%; }
.up { color: var(--fund); } .down { color: var(--bad); }
footer { margin-top: 26px; padding-top: 10px; border-top: 1px solid var(--line); font-size: 11px;
  color: var(--soft); }
@page { size: A4; margin: 13mm 12mm; }
@media print {
  body { background: #fff; font-size: 12px; }
  main { max-width: none; margin: 0; padding: 0; box-shadow: none; border-radius: 0; }
  h2 { margin-top: 16px; }
  table { font-size: 11px; }
  td { padding: 4px 5px; }
  footer { margin-top: 12px; break-inside: avoid; }
}
@media (max-width: 640px) {
  main { margin: 0; padding: 18px 14px; }
  header { display: block; } header .id { text-align: left; margin-top: 8px; }
  dl.facts { grid-template-columns: 1fr 1fr; } .sums { grid-template-columns: 1fr; }
  .sums > div { border-left: 0; border-top: 1px solid var(--line); }
  .wide { overflow-x: auto; }
}
"""
