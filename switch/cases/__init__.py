"""Cases that a benefits officer writes: a person, a place, bills, and what must come out.

Must not know: files, databases, the wire. It is given the texts of a case file and of its policies,
runs the real adjudication, and says where the two differ. Manual: `docs/cases.md`.
"""
