"""Why this amount: one settlement told to the person it is about, in Chinese and English.

`statement` says what is told, `build` gathers it from a decision and its rules, `flow` and `figure`
draw the split, `page` writes it as one file. Pure: whoever reads the ledger hands everything in,
and nothing here ever holds a name or a card's number.
"""
