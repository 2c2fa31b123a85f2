"""What locust is given: `locust -f loadtest/locustfile.py --headless --users 64 --help`."""

from loadtest.users import TerminalUser

__all__ = ["TerminalUser"]
