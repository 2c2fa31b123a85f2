"""The card and member checks: facts in, a decline or nothing out. No keys, no I/O."""
