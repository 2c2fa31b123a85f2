"""Keys as their operators handle them: from an empty database down the three tiers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from switch.security.component import component_kcv
from switch.security.custody import KeySlot, slot_kcv
from switch.security.keys import city_key, province_key
from switch.security.suite import Suite
from tests.fix_db import _database
from tests.fix_keys import KeyDesk, at_a_terminal, component_of, kcv_of, key_of, set_to, typed
from tests.fix_token import Token

AUTH, TAC = "ministry/AUTH/SM4/1", "ministry/TAC/SM4/1"


@pytest.fixture
def ministry(database_url: str, tmp_path: Path) -> KeyDesk:
    made = KeyDesk(tmp_path / "ministry", database_url)
    made.begin()
    return made


@pytest.fixture
def province(server_url: str, migrated_template: str, tmp_path: Path) -> Iterator[KeyDesk]:
    for url in _database(server_url, migrated_template):
        made = KeyDesk(tmp_path / "province", url)
        made.begin()
        yield made


def test_an_empty_database_begins_with_two_keys_and_two_officers(ministry: KeyDesk) -> None:
    held = ministry.json("key", "list")
    assert [(one["key"], one["state"]) for one in held] == [
        ("vault/NONCE/1", "live"), ("vault/SEAL/1", "live"),
    ]  # fmt: skip
    officers = ministry.json("officer", "list")
    assert [(one["name"], one["roles"]) for one in officers] == [
        ("li", ["keys", "officers"]), ("wang", ["keys", "officers"]),
    ]  # fmt: skip
    for name in ("li", "wang"):
        assert (ministry.folder / "keys" / name).stat().st_mode & 0o777 == 0o600
    again = [str(ministry.folder / "keys" / name) for name in ("sun", "zhou")]
    words = ["key", "begin", "--founder", "sun", "--founder", "zhou"]
    ministry.run(
        *words, "--key-file", again[0], "--key-file", again[1],
        status=1, says="NOT_THE_FIRST_RECORD",
    )  # fmt: skip
    assert not Path(again[0]).exists()
    report = json.loads(ministry.run("audit", "--json"))
    assert report["clean"]
    assert report["read"]["audit records"] == 3


def test_a_first_ceremony_takes_two(database_url: str, tmp_path: Path) -> None:
    desk = KeyDesk(tmp_path, database_url)
    one = ["--founder", "li", "--key-file", str(tmp_path / "li")]
    desk.run("key", "begin", *one, status=1, says="takes 2 officers")
    desk.run("key", "begin", *one, *one, status=1, says="takes 2 officers")
    desk.run(
        "key", "begin", *one, "--founder", "wang", status=2, says="each --founder a --key-file"
    )
    with psycopg.connect(database_url) as connection:
        (count,) = connection.execute("SELECT count(*) FROM medswitch.vault_key").fetchone() or (1,)
    assert count == 0


def test_a_ministry_key_is_made_of_components_that_nobody_knows_together(
    ministry: KeyDesk,
) -> None:
    for name in ("chen", "zhao"):
        ministry.enrol(name)
    whole = kcv_of(AUTH, 3)
    importing = ["key", "import", AUTH, "--kcv", whole, *ministry.by("zhao"), "--reason", "首次"]
    ministry.run(*importing, status=1, says="no component was entered")
    ministry.component(AUTH, 1, 3, "li")
    ministry.component(AUTH, 2, 3, "li", status=1, says="nobody knows two")
    ministry.component(AUTH, 2, 3, "wang", kcv="00ff00", status=2, says="check value is another")
    ministry.run(*importing, status=1, says="1 of 3 components lie ready")
    ministry.component(AUTH, 2, 3, "wang")
    ministry.component(AUTH, 3, 3, "chen")
    wrong = [*importing[:4], "00ff00", *importing[5:]]
    ministry.run(*wrong, status=2, says="check value is another")
    assert ministry.json("change", "list") == []  # nothing waits of what failed
    number = ministry.number(ministry.run(*importing, says=whole))
    content = ministry.json("change", "show", str(number))["content"]
    assert content["custodians"] == ["li", "wang", "chen"]
    ministry.run("change", "approve", str(number), *ministry.by("zhao"), status=1,
                 says="SAME_OFFICER")  # fmt: skip
    ministry.run("change", "approve", str(number), *ministry.by("li"))
    (held,) = [one for one in ministry.json("key", "list") if one["key"] == AUTH]
    assert (held["kcv"], held["state"]) == (whole, "pending")
    ministry.component(AUTH, 1, 2, "li", status=1, says="KEY_EXISTS")
    with psycopg.connect(ministry.url) as connection:
        left = connection.execute(
            "SELECT (SELECT count(*) FROM medswitch.key_component),"
            " (SELECT count(*) FROM medswitch.key_offer)"
        ).fetchone()
    assert left == (0, 0)
    ministry.run("key", "verify", says="3 of 3")
    assert json.loads(ministry.run("audit", "--json"))["clean"]


def test_a_component_is_typed_at_a_terminal_and_shown_nowhere(ministry: KeyDesk) -> None:
    """The command as a process with a real terminal, which echoes what it is not told to hide."""
    secret = component_of(AUTH, 1)
    kcv = component_kcv(KeySlot.named(AUTH), secret).hex()
    words = ministry.words("key", "component", AUTH, "--part", "1", "--of", "2", "--kcv", kcv)
    typed_by = [*words, *ministry.by("li")]
    status, shown = at_a_terminal(typed_by, secret.hex())
    assert status == 0, shown
    assert "1 of 2 lie ready" in shown
    assert secret.hex() not in shown
    status, shown = at_a_terminal(typed_by, "ab" * 16)
    assert status == 2
    assert "abab" not in shown
    ministry.run(*words[4:], *ministry.by("li"), status=2, says="never piped")


def test_a_mistaken_number_of_components_begins_anew(ministry: KeyDesk) -> None:
    ministry.enrol("chen")
    ministry.component(AUTH, 1, 5, "li")
    ministry.component(AUTH, 1, 2, "wang")
    ministry.component(AUTH, 2, 2, "chen")
    ministry.component(AUTH, 2, 2, "li")  # who typed chen's wrongly does it over
    ministry.approved("key", "import", AUTH, "--kcv", kcv_of(AUTH, 2))
    (load,) = [
        one for one in ministry.json("change", "list", "--all") if one["kind"] == "load-keys"
    ]
    assert load["content"]["custodians"] == ["wang", "li"]
    assert json.loads(ministry.run("audit", "--json"))["clean"]


def test_keys_go_down_the_tiers_wrapped(ministry: KeyDesk, province: KeyDesk) -> None:
    """Ministry to province under a transport key of both; what arrives is the tree's own child."""
    transport = "transport/zhejiang/1"
    ministry.by_components(AUTH, TAC, transport)
    province.by_components(transport)
    for parent in (AUTH, TAC):
        child = ministry.handed_down(parent, "330281", transport, province)
        expected = province_key(Suite.SM4, key_of(parent, 2), "330000")
        (held,) = [one for one in province.json("key", "list") if one["key"] == child]
        assert held["kcv"] == slot_kcv(KeySlot.named(child), expected).hex()
        assert held["state"] == "live"
    # A city's key is handed on in the same way; a province's keys do not go to a neighbour.
    under = ["--under", transport, *province.by("li"), "--reason", "下发"]
    parent = "province/330000/AUTH/SM4/1"
    said = province.run("key", "export", parent, "330200", *under)
    city = KeySlot.named("city/330200/AUTH/SM4/1")
    expected = city_key(
        Suite.SM4, province_key(Suite.SM4, key_of(AUTH, 2), "330000"), "330200"
    )  # fmt: skip
    assert f"{city.key_id}  {slot_kcv(city, expected).hex()}" in said
    province.run("key", "export", parent, "340100", *under, status=2, says="no child for region")
    province.run("key", "export", "vault/SEAL/1", "330200", *under, status=2,
                 says="no live tier key")  # fmt: skip
    province.run("key", "parcel", "99", "--file", str(province.folder / "x"), status=2,
                 says="let no key out")  # fmt: skip
    for desk in (ministry, province):
        desk.run("key", "verify", says="are as they should be")
        assert json.loads(desk.run("audit", "--json"))["clean"]


def test_a_parcel_opens_only_as_what_it_is(ministry: KeyDesk, province: KeyDesk) -> None:
    transport = "transport/zhejiang/1"
    ministry.by_components(AUTH, transport)
    number = ministry.approved("key", "export", AUTH, "330000", "--under", transport)
    file = ministry.folder / "parcel"
    ministry.run("key", "parcel", str(number), "--file", str(file))
    ministry.run("key", "parcel", str(number), "--file", str(file), status=2, says="not written")
    sent = json.loads(file.read_text("utf-8"))
    importing = ["key", "import", "--parcel", str(file), *province.by("li"), "--reason", "x"]
    province.run(*importing, status=2, says="no live transport key")
    province.by_components(transport)
    for changes in (
        {"key": "province/340000/AUTH/SM4/1"}, {"key": "province/330000/TAC/SM4/1"},
        {"kcv": "000000"}, {"wrapped": "00" * 32}, {"nonce": "00" * 12},
    ):  # fmt: skip
        text = json.dumps(sent | changes, sort_keys=True, separators=(",", ":"))
        file.write_text(text, "utf-8")
        province.run(*importing, status=2, says="does not open")
    file.write_text(json.dumps(sent), "utf-8")
    province.run(*importing, status=2, says="no parcel of ours")
    assert province.json("change", "list") == []


def test_a_stray_child_is_refused_and_found(ministry: KeyDesk) -> None:
    """A key that is not its parent's child neither comes in nor passes `verify`."""
    ministry.by_components(AUTH)
    stray = "province/330000/AUTH/SM4/1"
    for part, officer in enumerate(("li", "wang"), start=1):
        ministry.component(stray, part, 2, officer)
    importing = ["key", "import", stray, "--kcv", kcv_of(stray, 2)]
    ministry.run(*importing, *ministry.by("li"), "--reason", "x", status=1,
                 says="is not the child of ministry/AUTH/SM4/1")  # fmt: skip
    with psycopg.connect(ministry.url, autocommit=True) as connection:
        connection.execute(
            "UPDATE medswitch.vault_key SET wrapped = (SELECT wrapped FROM medswitch.vault_key"
            " WHERE key_id = 'vault/SEAL/1') WHERE key_id = %s", (AUTH,)
        )  # fmt: skip
    ministry.run("key", "verify", status=1, says=f"key {AUTH} does not open")
    ministry.run("key", "list", status=2, says=f"key {AUTH} does not open")


def test_states_follow_one_another_and_no_others(ministry: KeyDesk) -> None:
    ministry.approved("key", "generate", AUTH, TAC)
    by = [*ministry.by("li"), "--reason", "x"]
    ministry.run("key", "suspend", AUTH, *by, status=1, says="is pending: it does not become")
    ministry.approved("key", "activate", AUTH, TAC)
    ministry.approved("key", "suspend", AUTH)
    ministry.approved("key", "activate", AUTH)
    ministry.approved("key", "rotate", "ministry/AUTH/SM4")
    ministry.run("key", "rotate", "ministry/AUTH/SM4", *by, status=1, says="TOO_MANY_LIVE")
    ministry.approved("key", "retire", AUTH)
    ministry.run("key", "activate", AUTH, *by, status=1, says="is retired: it does not become")
    ministry.approved("key", "rotate", "ministry/AUTH/SM4")
    ministry.run("key", "retire", "vault/SEAL/1", *by, status=1, says="LAST_LIVE_KEY")
    ministry.run("key", "suspend", "vault/NONCE/1", *by, status=1, says="LAST_LIVE_KEY")
    ministry.run("key", "activate", "city/330200/AUTH/SM4/1", *by, status=1, says="NO_SUCH_KEY")
    ministry.run("key", "activate", "nonsense", *by, status=1, says="NO_SUCH_KEY")
    ministry.run("key", "generate", "city/330200/AUTH/SM4/1", *by, status=2,
                 says="is not made here")  # fmt: skip
    ministry.run("key", "rotate", "vault/TAC", *by, status=2, says="no key of vault/TAC is held")
    ministry.run("key", "generate", "ministry/AUTH/SM9/1", *by, status=2, says="is no suite")
    ministry.run("key", "generate", AUTH, *by, status=1, says="KEY_EXISTS")
    states = {one["key"]: one["state"] for one in ministry.json("key", "list")}
    assert states["ministry/AUTH/SM4/1"] == "retired"
    assert states["ministry/AUTH/SM4/2"] == states["ministry/AUTH/SM4/3"] == "live"
    ministry.run("key", "list", says="ministry/AUTH/SM4/3")
    assert json.loads(ministry.run("audit", "--json"))["clean"]


def test_what_was_possible_when_proposed_is_judged_again_when_approved(ministry: KeyDesk) -> None:
    by = [*ministry.by("li"), "--reason", "x"]
    first = ministry.number(ministry.run("key", "generate", AUTH, *by))
    second = ministry.number(ministry.run("key", "generate", AUTH, *by))
    ministry.run("change", "approve", str(first), *ministry.by("wang"))
    ministry.run("change", "approve", str(second), *ministry.by("wang"), status=1,
                 says="KEY_EXISTS")  # fmt: skip
    ministry.run("change", "refuse", str(second), *ministry.by("wang"), "--reason", "doubled")
    assert json.loads(ministry.run("audit", "--json"))["clean"]


def test_an_offer_that_was_exchanged_is_not_approved(ministry: KeyDesk) -> None:
    """Whoever holds the database may lay another wrapping under a proposal: it does not open."""
    by = [*ministry.by("li"), "--reason", "x"]
    number = ministry.number(ministry.run("key", "generate", AUTH, TAC, *by))
    with psycopg.connect(ministry.url, autocommit=True) as connection:
        connection.execute(
            "UPDATE medswitch.key_offer o SET nonce = p.nonce, wrapped = p.wrapped"
            " FROM medswitch.key_offer p WHERE o.key <> p.key"
        )
    ministry.run("change", "approve", str(number), *ministry.by("wang"), status=1,
                 says="OTHER_KEY_BYTES")  # fmt: skip
    with psycopg.connect(ministry.url, autocommit=True) as connection:
        connection.execute("DELETE FROM medswitch.key_offer")
    ministry.run("change", "approve", str(number), *ministry.by("wang"), status=1,
                 says="OTHER_KEY_BYTES")  # fmt: skip


def test_a_last_day_is_kept_and_counted_down(ministry: KeyDesk) -> None:
    today = datetime.now(UTC).date()
    ends_on = (today + timedelta(days=400)).isoformat()
    ministry.approved("key", "generate", AUTH, "--ends-on", ends_on)
    (held,) = [one for one in ministry.json("key", "list") if one["key"] == AUTH]
    assert held["ends_on"] == ends_on
    assert 398 <= held["days_left"] <= 400
    tdes = "terminal/H330201000010001/TDES/1"
    for part, officer in enumerate(("li", "wang"), start=1):
        ministry.component(tdes, part, 2, officer)
    importing = ["key", "import", tdes, "--kcv", kcv_of(tdes, 2)]
    ministry.run(*importing, *ministry.by("li"), "--reason", "x", status=1,
                 says="a TDES terminal has a last day")  # fmt: skip
    ministry.approved(*importing, "--ends-on", ends_on)
    past = ["--ends-on", "2020-01-01", *ministry.by("li"), "--reason", "x"]
    ministry.run("key", "generate", TAC, *past, status=1, says="DAY_PAST")
    assert json.loads(ministry.run("audit", "--json"))["clean"]


def test_a_waiting_load_expires_and_its_offer_is_swept(ministry: KeyDesk) -> None:
    by = [*ministry.by("li"), "--reason", "x"]
    ministry.run("key", "generate", AUTH, *by)
    ministry.run("change", "withdraw", "1", *ministry.by("li"))
    ministry.run("key", "generate", TAC, *by)
    with psycopg.connect(ministry.url, autocommit=True) as connection:
        offers = connection.execute("SELECT change, key FROM medswitch.key_offer").fetchall()
    assert offers == [(2, TAC)]


def test_words_that_do_not_go_together_are_a_sentence(ministry: KeyDesk) -> None:
    by = [*ministry.by("li"), "--reason", "x"]
    ministry.run("key", "import", *by, status=2, says="give a KEY with --kcv")
    ministry.run("key", "import", AUTH, *by, status=2, says="give a KEY with --kcv")
    ministry.run("key", "import", AUTH, "--kcv", "xyz", *by, status=2, says="6 lower-case hex")
    with typed("00 0g"):
        ministry.run(
            *("key", "component", AUTH, "--part", "1", "--of", "6", "--kcv", "000000"),
            *ministry.by("li"), status=2, says="32 hex digits, not 4 characters",
        )  # fmt: skip
    ministry.component(AUTH, 1, 6, "li", status=1, says="COMPONENTS")
    ministry.component(AUTH, 3, 2, "li", status=1, says="COMPONENTS")


def test_every_key_moves_under_another_key_encryption_key(ministry: KeyDesk) -> None:
    """The remedy when the environment's secret was seen; by maker and checker as all else."""
    ministry.by_components(AUTH, "transport/zhejiang/1")
    old, new = ministry.folder / "kek", ministry.folder / "kek-2"
    new.write_text(f"kek-2:{bytes(range(7, 39)).hex()}\n", "ascii")
    words = ["key", "rewrap", "--from-kek-file", str(old)]
    by = [*ministry.by("li"), "--reason", "泄露"]
    ministry.run(*words, *by, status=1, says="has the old one's name")
    with set_to(MEDSWITCH_KEK_FILE=str(new), MEDSWITCH_KEK_ALGORITHM="AES-256-GCM"):
        number = ministry.number(ministry.run(*words, *by))
        deciding = [*words, "--approve", str(number)]
        ministry.run(*deciding, *ministry.by("li"), status=1, says="SAME_OFFICER")
    ministry.component(TAC, 1, 2, "li")  # a ceremony under way is begun again afterwards
    ministry.run("change", "approve", str(number), *ministry.by("wang"), status=1,
                 says="OTHER_HOME")  # fmt: skip
    waiting = ministry.number(ministry.run("key", "generate", TAC, *by))
    other = ministry.folder / "kek-3"
    other.write_text(f"kek-2:{bytes(range(8, 40)).hex()}\n", "ascii")
    with set_to(MEDSWITCH_KEK_FILE=str(other), MEDSWITCH_KEK_ALGORITHM="AES-256-GCM"):
        ministry.run(*deciding, *ministry.by("wang"), status=1, says="OTHER_HOME")
    with set_to(MEDSWITCH_KEK_FILE=str(new), MEDSWITCH_KEK_ALGORITHM="AES-256-GCM"):
        ministry.run(*deciding, *ministry.by("wang"), status=1, says="KEYS_ARE_OFFERED")
    ministry.run("change", "withdraw", str(waiting), *ministry.by("li"))
    with set_to(MEDSWITCH_KEK_FILE=str(new), MEDSWITCH_KEK_ALGORITHM="AES-256-GCM"):
        ministry.run(*deciding, *ministry.by("wang"), says="approved by wang")
        ministry.run("key", "verify", says="4 of 4")
        assert "kek-1" not in ministry.run("key", "list", "--json")
        ministry.component(TAC, 2, 2, "li")
        ministry.component(TAC, 1, 2, "wang")
        ministry.approved("key", "import", TAC, "--kcv", kcv_of(TAC, 2))
        assert json.loads(ministry.run("audit", "--json"))["clean"]
    ministry.run("key", "list", status=2, says="does not open under kek-1")


def test_keys_move_from_a_file_into_a_device(ministry: KeyDesk, token: Token) -> None:
    """AES tier keys then stand in the token alone: their rows hold nothing to open."""
    aes = "ministry/AUTH/AES_128/77"
    ministry.by_components(AUTH)
    for part, officer in enumerate(("li", "wang"), start=1):
        ministry.component(aes, part, 2, officer)
    ministry.approved("key", "import", aes, "--kcv", kcv_of(aes, 2))
    words = ["key", "rewrap", "--from-kek-file", str(ministry.folder / "kek")]
    with set_to(**token.environment):
        said = ministry.run(*words, *ministry.by("li"), "--reason", "入机")
        deciding = [*words, "--approve", str(ministry.number(said))]
        ministry.run(*deciding, *ministry.by("wang"))
        ministry.run("key", "verify", says="4 of 4")
        ministry.approved("key", "rotate", "ministry/AUTH/AES_128")
        ministry.run("key", "verify", says="5 of 5")
        assert json.loads(ministry.run("audit", "--json"))["clean"]
    with psycopg.connect(ministry.url) as connection:
        rows = connection.execute(
            "SELECT key_id FROM medswitch.vault_key WHERE length(wrapped) = 0 ORDER BY key_id"
        ).fetchall()
    assert rows == [(aes,), ("ministry/AUTH/AES_128/78",)]
