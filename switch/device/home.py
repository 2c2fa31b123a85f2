"""Which home a deployment's keys have: a file's key-encryption key, or a PKCS#11 token."""

from switch.config import ConfigError, Settings, make_kek, read_kek
from switch.security.port import KeyHome


def open_home(settings: Settings) -> KeyHome:
    """Return where the keys live. Raises: ConfigError, DeviceRefused."""
    if settings.pkcs11_module is None:
        return read_kek(settings)
    return _token(settings, make=False)


def make_home(settings: Settings, random_bytes: bytes) -> KeyHome:
    """Return the same, with a fresh key-encryption key where there is none yet.

    `random_bytes`: 32 of them, for a file's. Raises: ConfigError, DeviceRefused.
    """
    if settings.pkcs11_module is None:
        return make_kek(settings, random_bytes)
    return _token(settings, make=True)


def _token(settings: Settings, *, make: bool) -> KeyHome:
    # Its library is loaded only where a device is configured.
    from switch.device.pkcs11 import Pkcs11Home

    module, pin_file = settings.pkcs11_module, settings.pkcs11_pin_file
    if module is None or pin_file is None:
        raise ConfigError("pkcs11_module, pkcs11_token and pkcs11_pin_file go together")
    try:
        pin = pin_file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"no PIN in {pin_file}: {type(error).__name__}") from None
    return Pkcs11Home.log_in(module, settings.pkcs11_token, pin, make=make)
