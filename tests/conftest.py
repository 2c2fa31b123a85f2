"""The house's fixtures, one module for each resource, and how hard Hypothesis tries."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fix_db",
    "tests.fix_province",
    "tests.fix_ledger",
    "tests.fix_served",
    "tests.fix_token",
]

# No deadline: a shared machine is slow at times, which is no fault of the code.
settings.register_profile(
    "house", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("house"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))
