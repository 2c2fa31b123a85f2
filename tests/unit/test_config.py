"""Settings: which source wins, and what cannot be used is named before anything starts."""

from pathlib import Path
from typing import Any

import pytest

from switch.config import ConfigError, Settings, load, make_kek, read_kek

FILE = 'listen = "0.0.0.0:1"\nsession_life_s = 60\nreflection = false\ndata_dir = "from-file"\n'


def test_a_flag_wins_over_the_environment_and_the_environment_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "medswitch.toml"
    file.write_text(FILE, "utf-8")
    environment = {"MEDSWITCH_LISTEN": "[::1]:2", "MEDSWITCH_SESSION_LIFE_S": "61", "PATH": "/x"}
    found = load({"listen": "unix:/run/m", "log_level": None}, environment, file)
    assert found == Settings(
        listen="unix:/run/m", session_life_s=61, reflection=False, data_dir=Path("from-file")
    )


def test_the_environment_may_name_the_file_and_what_is_not_stated_has_its_default() -> None:
    assert load({}, {"MEDSWITCH_CONFIG": "elsewhere.toml"}) == Settings()


@pytest.mark.parametrize(("text", "value"), [("true", True), ("0", False), ("FALSE", False)])
def test_a_switch_in_the_environment_is_a_word_or_a_digit(text: str, value: bool) -> None:
    assert load({}, {"MEDSWITCH_REFLECTION": text}).reflection is value


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"MEDSWITCH_DATABASE": "postgresql://"}, "unknown setting database; known are data_dir"),
        ({"MEDSWITCH_REFLECTION": "perhaps"}, "reflection is true or false, not 'perhaps'"),
        ({"MEDSWITCH_SESSION_LIFE_S": "-1"}, "session_life_s is a whole number, not '-1'"),
        ({"MEDSWITCH_SESSION_LIFE_S": "0"}, "session_life_s is 0: give 1 to 86400"),
        ({"MEDSWITCH_SESSION_LIFE_S": "86401"}, "session_life_s is 86401"),
        ({"MEDSWITCH_LOG_LEVEL": "loud"}, "log_level is 'loud': give debug"),
        ({"MEDSWITCH_KEK_ALGORITHM": "rot13"}, "kek_algorithm is 'rot13': give "),
        ({"MEDSWITCH_LISTEN": "localhost"}, "listen is 'localhost'"),
        ({"MEDSWITCH_LISTEN": ":50051"}, "listen is ':50051'"),
        ({"MEDSWITCH_LISTEN": "0.0.0.0:65536"}, "a port from 0 to 65535"),
        ({"MEDSWITCH_LISTEN": "unix:"}, "listen is 'unix:'"),
        ({"MEDSWITCH_TLS_CERTIFICATE": "c.pem"}, "go together"),
        ({"MEDSWITCH_TLS_CLIENT_AUTHORITIES": "c.pem"}, "needs tls_certificate"),
    ],
)
def test_what_cannot_be_used_is_named(environment: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({}, environment)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"listen = 5", "listen is text in quotes, not 5"),
        (b"session_life_s = true", "session_life_s is a whole number, not True"),
        (b"data_dir = 5", "data_dir is a path in quotes, not 5"),
        (b"= 5", "cannot be read"),
        (b"\xff", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: bytes | None, says: str) -> None:
    file = tmp_path / "medswitch.toml"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        load({}, {}, file)
    assert says in str(caught.value)


def test_a_key_encryption_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    made = make_kek(settings, bytes(range(16)))
    assert make_kek(settings, bytes(16)).kek_id == made.kek_id
    assert settings.kek_path.read_text("ascii") == f"kek-1:{bytes(range(16)).hex()}\n"
    assert settings.kek_path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", [None, "", "kek-1:00", "kek-1:zz"])
def test_no_key_encryption_key_is_told_without_its_bytes(tmp_path: Path, text: Any) -> None:
    settings = Settings(kek_file=tmp_path / "kek")
    if text is not None:
        settings.kek_path.write_text(text, "ascii")
    with pytest.raises(ConfigError, match=r"no key-encryption key at .*kek: it holds `id:hex`"):
        read_kek(settings)
