"""The ledger's arithmetic: accounts, postings of a decision, undoing, accumulators. No SQL."""
