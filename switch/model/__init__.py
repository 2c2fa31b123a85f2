"""The field's words: money, ids, claims, members, decisions, journals. No I/O, no clock."""
