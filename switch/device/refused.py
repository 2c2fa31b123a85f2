"""Why a device cannot be used, apart from it: the command line knows this without its library."""


class DeviceRefused(Exception):
    """Absent, another PIN, no key-encryption key in it. Ours to mend; names no PIN."""
