"""Configuration: flags, then environment (`MEDSWITCH_*`), then a TOML file; frozen once read."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_type_hints

from switch.security.custody import KekAlgorithm, KeyEncryptionKey

ENVIRONMENT_PREFIX: Final = "MEDSWITCH_"
FILE_VARIABLE: Final = "MEDSWITCH_CONFIG"
"""Names the file itself."""
OFFICER_VARIABLE: Final = "MEDSWITCH_PASSPHRASE"
"""Not a setting: an officer's commands read it."""
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
DEFAULT_DATA_DIR: Final = Path("medswitch-data")


class ConfigError(Exception):
    """A setting that cannot be used; the message names it and what to give instead."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process is told. Paths are files or folders; times are seconds."""

    data_dir: Path = DEFAULT_DATA_DIR
    database_url: str = ""
    """Empty: the embedded PostgreSQL in `data_dir`."""
    listen: str = "127.0.0.1:50051"
    """`host:port`, `[address]:port` or `unix:path`; port 0 is any free one."""
    reuse_port: bool = False
    """Share the port with other processes on the same database, one a core. Off: a port that is
    taken is an error, so that two switches never answer by turns."""
    reflection: bool = True
    kek_file: Path | None = None
    """Holds `id:hex` of the key-encryption key; default `<data_dir>/kek`."""
    kek_algorithm: str = KekAlgorithm.SM4_GCM.value
    pkcs11_module: Path | None = None
    """The library of a PKCS#11 device; then its key-encryption key is used, no file's."""
    pkcs11_token: str = ""
    """The label of its token."""
    pkcs11_pin_file: Path | None = None
    """Holds the token's PIN, readable by this process only."""
    tls_certificate: Path | None = None
    tls_private_key: Path | None = None
    tls_client_authorities: Path | None = None
    session_life_s: int = 86_400
    """How long a sign-in lasts; at most a day (design section 4)."""
    terminal_calls_per_s: int = 500
    """Calls that one terminal may make in a second; 0: no bound."""
    log_level: str = "info"
    log_calls: bool = False
    """Log every call, not only refusals and faults."""

    def __post_init__(self) -> None:
        if not _is_address(self.listen):
            raise ConfigError(
                f"listen is {self.listen!r}: give host:port, a port from 0 to 65535, or unix:path"
            )
        if self.log_level not in LOG_LEVELS:
            raise ConfigError(f"log_level is {self.log_level!r}: give {', '.join(LOG_LEVELS)}")
        if self.kek_algorithm not in {one.value for one in KekAlgorithm}:
            known = ", ".join(one.value for one in KekAlgorithm)
            raise ConfigError(f"kek_algorithm is {self.kek_algorithm!r}: give {known}")
        if not 1 <= self.session_life_s <= 86_400:
            raise ConfigError(f"session_life_s is {self.session_life_s}: give 1 to 86400")
        device = (self.pkcs11_module, self.pkcs11_token, self.pkcs11_pin_file)
        if any(device) and not all(device):
            raise ConfigError("pkcs11_module, pkcs11_token and pkcs11_pin_file go together")
        if not 0 <= self.terminal_calls_per_s <= 1_000_000:
            raise ConfigError(
                f"terminal_calls_per_s is {self.terminal_calls_per_s}: give 0 to 1000000"
            )
        if (self.tls_certificate is None) != (self.tls_private_key is None):
            raise ConfigError("tls_certificate and tls_private_key go together")
        if self.tls_client_authorities is not None and self.tls_certificate is None:
            raise ConfigError("tls_client_authorities needs tls_certificate")

    @property
    def kek_path(self) -> Path:
        """Where the key-encryption key is read from."""
        return self.kek_file or self.data_dir / "kek"


def load(
    flags: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Settings:
    """Return the settings: a flag wins over the environment, the environment over the file.

    Raises: ConfigError naming an unknown or unusable setting.
    """
    kinds = get_type_hints(Settings)
    values: dict[str, Any] = {} if file is None else _read_file(file)
    # An unknown variable is refused, too: MEDSWITCH_DATABASE would leave the embedded one at work.
    values |= {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): text
        for name, text in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX) and name not in {FILE_VARIABLE, OFFICER_VARIABLE}
    }
    values |= {name: value for name, value in flags.items() if value is not None}
    unknown = sorted(set(values) - set(kinds))
    if unknown:
        raise ConfigError(f"unknown setting {unknown[0]}; known are {', '.join(sorted(kinds))}")
    return Settings(**{name: _typed(name, value, kinds[name]) for name, value in values.items()})


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the settings in {file} cannot be read: {error}") from error


_WORDS: Final = {bool: "true or false", int: "a whole number", str: "text in quotes"}


def _typed(name: str, value: Any, kind: Any) -> Any:
    if kind is bool and isinstance(value, str):
        if value.lower() not in {"true", "false", "1", "0"}:
            raise ConfigError(f"{name} is {_WORDS[bool]}, not {value!r}")
        return value.lower() in {"true", "1"}
    if kind is int and isinstance(value, str):
        if not value.isdecimal():
            raise ConfigError(f"{name} is {_WORDS[int]}, not {value!r}")
        return int(value)
    if kind in _WORDS:
        if type(value) is not kind:
            raise ConfigError(f"{name} is {_WORDS[kind]}, not {value!r}")
        return value
    if not isinstance(value, str | Path):
        raise ConfigError(f"{name} is a path in quotes, not {value!r}")
    return Path(value)


def _is_address(listen: str) -> bool:
    if listen.startswith("unix:"):
        return len(listen) > len("unix:")
    host, _, port = listen.rpartition(":")
    # gRPC would take 99999 for 34463.
    return bool(host) and port.isascii() and port.isdecimal() and int(port) <= 65_535


def read_kek(settings: Settings) -> KeyEncryptionKey:
    """Return the key-encryption key. Raises: ConfigError saying where it should be."""
    path = settings.kek_path
    try:
        kek_id, _, text = path.read_text(encoding="ascii").strip().partition(":")
        key = bytes.fromhex(text)
        return KeyEncryptionKey(kek_id, KekAlgorithm(settings.kek_algorithm), key)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no key-encryption key at {path}: it holds `id:hex`; `medswitch seed` makes one "
            "for a synthetic province"
        ) from error


def make_kek(settings: Settings, random_bytes: bytes) -> KeyEncryptionKey:
    """Return the key-encryption key, written to its file (mode 0600) when there is none yet.

    It is as many of the random bytes, 32, as its algorithm takes.
    """
    path = settings.kek_path
    key_bytes = KekAlgorithm(settings.kek_algorithm).key_bytes
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"kek-1:{random_bytes[:key_bytes].hex()}\n")
    return read_kek(settings)
