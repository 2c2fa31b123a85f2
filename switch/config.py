"""Configuration: flags, then environment (`MEDSWITCH_*`), then a TOML file; frozen once read."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from switch.security.custody import KekAlgorithm, KeyEncryptionKey

ENVIRONMENT_PREFIX: Final = "MEDSWITCH_"
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
    reflection: bool = True
    kek_file: Path | None = None
    """Holds `id:hex` of the key-encryption key; default `<data_dir>/kek`."""
    kek_algorithm: str = KekAlgorithm.SM4_GCM.value
    tls_certificate: Path | None = None
    tls_private_key: Path | None = None
    tls_client_authorities: Path | None = None
    session_life_s: int = 86_400
    """How long a sign-in lasts; at most a day (design section 4)."""
    log_level: str = "info"
    log_calls: bool = False
    """Log every call, not only refusals and faults."""

    def __post_init__(self) -> None:
        if not 1 <= self.session_life_s <= 86_400:
            raise ConfigError("session_life_s is 1 to 86400")
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
    known = {field.name for field in fields(Settings)}
    values: dict[str, Any] = {}
    if file is not None:
        values |= tomllib.loads(file.read_text(encoding="utf-8"))
    for name, text in environment.items():
        key = name.removeprefix(ENVIRONMENT_PREFIX).lower()
        if name.startswith(ENVIRONMENT_PREFIX) and key in known:
            values[key] = text
    values |= {name: value for name, value in flags.items() if value is not None}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"unknown setting {unknown[0]}; known are {', '.join(sorted(known))}")
    return Settings(**{name: _typed(name, value) for name, value in values.items()})


def _typed(name: str, value: Any) -> Any:
    kind = next(str(field.type) for field in fields(Settings) if field.name == name)
    if "Path" in kind:
        return Path(value)
    if kind == "<class 'bool'>" and isinstance(value, str):
        if value.lower() not in {"true", "false", "1", "0"}:
            raise ConfigError(f"{name} is true or false, not {value!r}")
        return value.lower() in {"true", "1"}
    return int(value) if kind == "<class 'int'>" else value


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
    """Return the key-encryption key, written to its file (mode 0600) when there is none yet."""
    path = settings.kek_path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"kek-1:{random_bytes.hex()}\n")
    return read_kek(settings)
