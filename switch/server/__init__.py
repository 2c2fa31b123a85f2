"""The door: gRPC calls over raw bytes, proven before anything in them is parsed.

Read `calls` first (what happens to a call), then `authenticate` and `signin` (who calls),
`rights` (what they may call), `status` (how a fault is told) and last `lifecycle`.

Must not know: SQL and the store (it is handed ports), members, cards and rules.
"""
