"""Maker and checker: who may propose a change, who may decide it, and what is written of it.

Read `officer` (people), `change` (states), `kinds` (what may be changed, by which role), then
`judge`: the one gate that every act passes when it is done and again whenever it is audited.

It only decides. It must not know: SQL, keys, how a signature or a seal is made, the clock.
"""
