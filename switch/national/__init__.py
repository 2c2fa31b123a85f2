"""Messages of the national interface as hospitals keep them, and whether their amounts agree.

For integrators and reconcilers: nothing here decides, posts or touches a file. What a document is
(`document`), which messages it holds (`message`), what their amounts are (`amounts`, `reading`) and
which identities hold on them (`identities`, `lines`, `pairs`), told as a `report`.
Source: domain facts 1.2 to 1.5.
"""

from switch.national.report import Report, check

__all__ = ["Report", "check"]
