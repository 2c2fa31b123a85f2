"""The load test: terminals and cards of a synthetic province, at speed, through the real path.

Run it with `python -m loadtest`; `python -m loadtest kill` kills the switch on the way. What it
drives it with is `clients`; what it proves afterwards stands in `check`. Traffic goes to this
machine only.
"""
