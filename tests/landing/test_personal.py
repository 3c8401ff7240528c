"""Nothing of a person leaves the door in clear: tokens, the vault, and a search that decodes every file."""

import multiprocessing
import stat
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import duckdb
import phonenumbers
import pytest

from siyu.errors import DamagedFileError, EnvironmentFaultError
from siyu.landing.personal import Tokenizer, normalised, open_keys, open_private_key, seal, unseal
from siyu.resources import CUSTOMERS, ORDERS
from siyu.settings import Home
from tests.landing.shop import BRAND, CHANNEL, File, Shop, customer, order

CANARIES = {
    "customer_id": "canary-customer-4711",
    "phone": "13912345678",
    "email": "Canary.Person@example.com",
    "full_name": "金丝雀",
    "address": "浙江省杭州市金丝雀路 4711 号",
}
NORMALISED = ["+8613912345678", "canary.person@example.com"]


def land_canaries(shop: Shop) -> None:
    shop.land(File(name="people.csv", resource=CUSTOMERS, rows=[customer("c-1"), customer(**CANARIES)]))
    shop.land(
        File(
            rows=[
                order("o1", customer_id=CANARIES["customer_id"]),
                order("o2", paid_amount=-1, customer_id=CANARIES["customer_id"]),
            ]
        )
    )
    shop.land(File(name="unread.csv", rows=[order("o3")], bad=[dict(CANARIES)]))


def decoded(home: Home) -> dict[str, str]:
    """Everything a home's files say, by file: Parquet as text, the rest as bytes."""
    found = {}
    with duckdb.connect() as connection:
        for path in home.root.rglob("*"):
            if path.is_file():
                is_parquet = path.suffix == ".parquet"
                text = (
                    str(connection.read_parquet(str(path)).fetchall())
                    if is_parquet
                    else path.read_bytes().decode("utf-8", "replace")
                )
                found[str(path.relative_to(home.root))] = text
    return found


def places_with(home: Home, words: list[str]) -> set[str]:
    return {name for name, text in decoded(home).items() if any(word in text for word in words)}


def test_f33_no_clear_value_is_in_any_file_log_or_output(shop: Shop, caplog, capfd) -> None:
    caplog.set_level(0)
    land_canaries(shop)
    output = "".join(capfd.readouterr()) + caplog.text
    words = [*CANARIES.values(), *NORMALISED]
    assert places_with(shop.home, words) == set()
    assert [word for word in words if word in output] == []


def test_f33_the_search_finds_canaries_in_every_kind_of_file_where_they_are_put(shop: Shop) -> None:
    # the same search must be able to fail: values that are lawful in clear land in all three rooms
    row = {"order_id": CANARIES["full_name"], "province": CANARIES["phone"]}
    shop.land(File(rows=[order("o0") | row, order("o1") | row | {"paid_amount": -1}]))
    (shop.home.root / "run.log").write_text(CANARIES["email"])
    found = places_with(shop.home, list(CANARIES.values()))
    assert {name.split("/")[0] for name in found} == {"raw", "quarantine", "run.log"}


def test_the_vault_gives_every_value_back_to_the_private_key(shop: Shop) -> None:
    land_canaries(shop)
    key = open_private_key(shop.home)
    values = {str(record.get("value")) for path in shop.home.vault.iterdir() for record in unseal(path, key)}
    assert set(CANARIES.values()) <= values


def keys_read(root: Path) -> tuple[set[str], set[str]]:
    """Names of the keys that this process reads while it lands a person, and while it opens what it has sealed."""
    read: list[str] = []

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and (file := Path(str(arguments[0]))).parent == root / "keys":
            read.append(file.name)

    sys.addaudithook(note)  # cannot be taken off again: only for a process of its own
    shop = Shop(Home(root))
    shop.land(File(name="people.csv", resource=CUSTOMERS, rows=[customer(**CANARIES)], bad=[dict(CANARIES)]))
    landing = set(read)
    read.clear()
    key = open_private_key(shop.home)
    assert [record for path in shop.home.vault.iterdir() for record in unseal(path, key)]
    return landing, set(read)


@pytest.mark.guarantee("F37")
def test_f37_the_process_that_lands_reads_the_private_key(home: Home) -> None:
    open_keys(home)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        landing, opening = process.submit(keys_read, home.root).result()
    assert landing == {"master.key", "token.key", "vault.pub"}
    assert "vault.key" in opening  # the same watch sees it where it is read


@pytest.mark.guarantee("F37")
def test_f37_a_home_without_its_private_key_cannot_land_or_opens_the_vault(
    shop: Shop, tmp_path: Path
) -> None:
    shop.land(File(name="first.csv", rows=[order("o0")]))
    private = (shop.home.keys / "vault.key").rename(tmp_path / "vault.key")

    land_canaries(shop)
    sealed = sorted(shop.home.vault.iterdir())
    assert len(sealed) == 4
    with pytest.raises(EnvironmentFaultError, match=r"vault\.key missing.*restore"):
        open_private_key(shop.home)
    # nor with any key that landing has
    for key in sorted(shop.home.keys.iterdir()):
        for path in sealed:
            with pytest.raises(DamagedFileError, match="sealed to"):
                list(unseal(path, key.read_bytes()[-32:]))
    assert not (shop.home.keys / "vault.key").exists()

    private.rename(shop.home.keys / "vault.key")
    key = open_private_key(shop.home)
    assert set(CANARIES.values()) <= {str(one.get("value")) for path in sealed for one in unseal(path, key)}


def test_an_identifier_is_sealed_once_per_load(shop: Shop) -> None:
    record = shop.land(File(rows=[order(f"o{number}") for number in range(50)]))
    sealed = list(unseal(shop.home.vault / f"{record.load_id}.sealed", open_private_key(shop.home)))
    assert [(one["field"], one["value"]) for one in sealed] == [("customer_id", "c-1")]


def test_a_new_name_of_the_same_customer_lands_as_a_new_version(shop: Shop) -> None:
    shop.land(File(name="a", resource=CUSTOMERS, rows=[customer("c-1", full_name="王一")]))
    record = shop.land(File(name="b", resource=CUSTOMERS, rows=[customer("c-1", full_name="王二")]))
    assert record.resources["customers"].counts.landed == 1


def test_a_customer_number_means_a_person_only_within_its_channel(shop: Shop) -> None:
    rows = [
        order("o1"),
        order("o2", channel_code="jd_search"),
        order("o3", customer_id=" c-1 "),
        order("o4", customer_id=None),
    ]
    shop.land(File(rows=rows))
    tokens = dict(shop.raw(ORDERS, "order_id, customer_token"))
    assert tokens["o1"] == tokens["o3"] == open_keys(shop.home).tokenizer.customer(BRAND, CHANNEL, "c-1")
    assert tokens["o1"] != tokens["o2"]
    assert tokens["o4"] is None


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("phone", "138 0013 8000", "+86-13800138000"),
        ("phone", "8613800138000", "(138)00138000"),
        ("phone", "+44 20 7946 0958", "+442079460958"),
        ("phone", "１３９１２３４５６７８", "139 1234 5678"),
        ("email", " Li@Example.COM ", "li@example.com"),
    ],
)
def test_spellings_of_one_identifier_have_one_token(kind: str, first: str, second: str) -> None:
    tokenizer = Tokenizer(b"k" * 32)
    assert tokenizer.token(kind, first) == tokenizer.token(kind, second)
    assert tokenizer.token(kind, first) != Tokenizer(b"j" * 32).token(kind, first)
    assert len(tokenizer.token(kind, first)) == 32


@pytest.mark.parametrize("text", ["13800138000", "+8619912345678", "86 150 0000 1111", "17012345678"])
def test_the_short_way_for_chinese_mobiles_agrees_with_phonenumbers(text: str) -> None:
    number = phonenumbers.parse(text, "CN")
    assert normalised("phone", text) == phonenumbers.format_number(
        number, phonenumbers.PhoneNumberFormat.E164
    )


FILLERS = {
    "phone": (
        *(
            "0",
            "null",
            " N/A ",
            "-",
            "—",
            "无",
            "00000000000",
            "11111111111",
            "１３８００１３８０００",
            "+86 13800138000",
        ),
        *("138****8000", "12345678901", "110"),
    ),
    "email": ("null", "未知", "c***@example.com"),
}


def test_what_only_fills_a_field_names_somebody(shop: Shop) -> None:
    """A word for nothing, a masked value, a number that nobody has: no token, or all who have it were one person."""
    fillers = [(field, value) for field, values in FILLERS.items() for value in values]
    rows = [customer(f"c{number}", **{field: value}) for number, (field, value) in enumerate(fillers)]

    shop.land(File(resource=CUSTOMERS, rows=[*rows, customer("real", phone="13912345678", email="0@qq.com")]))

    tokens = shop.raw(CUSTOMERS, "phone_token, email_token")
    assert len(tokens) == len(fillers) + 1
    assert [row for row in tokens if any(row)] == [row for row in tokens if all(row)]
    assert len([row for row in tokens if all(row)]) == 1


def test_an_address_that_says_nothing_is_a_home(shop: Shop) -> None:
    addresses = ["长安街 1 号", " 长安街１号", "上海市****", "无", "长安街 11 号"]
    rows = [order(f"o{number}", delivery_address=text) for number, text in enumerate(addresses)]
    shop.land(File(rows=rows))
    first, same, *nothing, other = [
        token for _, token in shop.raw(ORDERS, "order_id, delivery_address_token")
    ]
    assert first == same
    assert nothing == [None, None]
    assert len({first, other, None}) == 3


def test_keys_are_made_once_and_private(home: Home) -> None:
    token = open_keys(home).tokenizer.token("phone", "13800138000")
    assert open_keys(home).tokenizer.token("phone", "13800138000") == token
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.keys.iterdir()} == {0o600}
    assert not [path for path in home.root.iterdir() if path.name.startswith(".keys")]


@pytest.mark.parametrize("name", ["master.key", "token.key", "vault.pub"])
def test_a_lost_key_is_never_replaced_by_a_new_one(shop: Shop, name: str) -> None:
    shop.land(File(rows=[order("o1")]))
    (shop.home.keys / name).unlink()
    with pytest.raises(EnvironmentFaultError, match="backup"):
        open_keys(shop.home)


def test_all_keys_lost_after_something_landed_is_an_error_too(shop: Shop) -> None:
    shop.land(File(rows=[order("o1")]))
    for path in shop.home.keys.iterdir():
        path.unlink()
    with pytest.raises(EnvironmentFaultError, match="second token"):
        open_keys(shop.home)


def test_a_changed_or_foreign_vault_file_does_not_open(home: Home, tmp_path: Path) -> None:
    keys, private = open_keys(home), open_private_key(home)
    path = tmp_path / "a.sealed"
    seal(path, [{"n": 1}, {"n": 2}], keys.vault_public_key)
    assert list(unseal(path, private)) == [{"n": 1}, {"n": 2}]
    whole = path.read_bytes()
    for damaged in (
        whole[:-1],
        whole[:60] + bytes([whole[60] ^ 1]) + whole[61:],
        b"SIYUVLT1" + whole[9:],
        b"",
    ):
        path.write_bytes(damaged)
        with pytest.raises(DamagedFileError):
            list(unseal(path, private))
    path.write_bytes(whole)
    with pytest.raises(DamagedFileError, match="sealed to"):
        list(unseal(path, b"x" * 32))


def test_keys_are_made_beside_a_connection_that_was_there_first(home: Home) -> None:
    """A person may write keys/postgres_serving before anything has landed."""
    home.keys.mkdir(mode=0o700)
    connection = home.keys / "postgres_serving"
    connection.write_text("postgresql://publisher:x@db/siyu\n", encoding="utf-8")
    connection.chmod(0o600)
    made = open_keys(home)
    assert made.vault_public_key == open_keys(home).vault_public_key
    assert connection.read_text(encoding="utf-8") == "postgresql://publisher:x@db/siyu\n"
    assert stat.S_IMODE(connection.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.keys.stat().st_mode) == 0o700
    assert [path.name for path in home.root.glob(".keys*")] == []


def test_a_connection_survives_a_landing_killed_while_it_moved_in_with_the_keys(home: Home) -> None:
    """Cut between the two renames: the old folder stands aside, the new one is not in its place yet."""
    aside = home.root / ".keys-before"
    aside.mkdir(mode=0o700)
    (aside / "postgres_serving").write_text("postgresql://publisher:x@db/siyu\n", encoding="utf-8")
    (home.root / ".keys.abc").mkdir()
    open_keys(home)
    assert (home.keys / "postgres_serving").is_file()
    assert [path.name for path in home.root.glob(".keys*")] == []
