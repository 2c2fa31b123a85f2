"""Devices that hold keys: the port of `switch.security.port`, on hardware.

Must not know: claims, sessions, the store. Only this package imports `pkcs11`.
"""
