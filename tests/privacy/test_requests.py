"""Whom a request is about: files of requests, former ids, numbers that changed hands, people nobody knows."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from siyu.clock import utc_now
from siyu.errors import EnvironmentFaultError, UsageError
from siyu.landing import add_tombstones, read_records
from siyu.landing.personal import open_keys, open_private_key, unseal
from siyu.orchestration.journal import Step
from siyu.orchestration.requests import erase_requested
from siyu.orchestration.runs import Run
from siyu.privacy import Request, erase, export_member, read_requests
from siyu.privacy.persons import find_persons, id_of
from siyu.publication import status
from siyu.resources import CUSTOMERS, ORDERS
from siyu.settings import Home, Settings
from siyu.state import audit_log
from siyu.storage import make_folder
from tests.landing.shop import BRAND, CHANNEL, File, Shop, customer, order
from tests.privacy.crosswalks import publish_crosswalk
from tests.publication.small_candidates import served, served_restricted

WHO = {"by": "li.na", "reason": "test"}
PHONE, HER_OLD_PHONE = "13912345678", "13700000007"


def tokens(home: Home) -> dict[str, str]:
    tokenizer = open_keys(home).tokenizer
    accounts = {name: tokenizer.customer(BRAND, CHANNEL, name) for name in ("anna", "bert", "carl")}
    return accounts | {number: tokenizer.token("phone", number) for number in (PHONE, HER_OLD_PHONE)}


@pytest.fixture
def shop(home: Home) -> Home:
    """Anna has a phone, and had one that is Bert's now; two of her former ids lead to her. Carl has nothing."""
    people = [
        customer("anna", phone=PHONE, full_name="Anna Li", address="Lane 5"),
        customer("bert", phone=HER_OLD_PHONE),
        customer("carl"),
    ]
    landing = Shop(home)
    landing.land(File(name="people.csv", rows=people, resource=CUSTOMERS))
    orders = [
        order(f"o-{name}", customer_id=name, paid_amount=10, delivery_address=f"Home of {name}")
        for name in ("anna", "bert", "carl")
    ]
    landing.land(File(name="orders.csv", rows=orders))
    of = tokens(home)
    owners = [
        (f"customer|{CHANNEL}|{of['anna']}", 0, "m_anna"),
        (f"phone|global|{of[PHONE]}", 0, "m_anna"),
        # her old export landed after his, so that she is the number's second owner by landing, and its first by time
        (f"phone|global|{of[HER_OLD_PHONE]}", 0, "m_bert"),
        (f"phone|global|{of[HER_OLD_PHONE]}", 1, "m_anna", datetime(2025, 1, 1)),  # noqa: DTZ001 - as the mart has it
        (f"customer|{CHANNEL}|{of['bert']}", 0, "m_bert"),
    ]
    publish_crosswalk(home, "night1", owners, {"m_old": "m_anna", "m_older": "m_anna"})
    return home


def test_the_home_of_somebody_forgotten_is_known(shop: Home) -> None:
    erase(shop, Settings(), [Request(kind="member_id", value="m_anna")], **WHO)
    homes = {name: open_keys(shop).tokenizer.token("address", f"Home of {name}") for name in ("bert", "carl")}
    assert Shop(shop).raw(ORDERS, "order_id, delivery_address_token") == [
        ("o-anna", None), ("o-bert", homes["bert"]), ("o-carl", homes["carl"]),
    ]  # fmt: skip
    sealed = [record for path in shop.vault.glob("*") for record in unseal(path, open_private_key(shop))]
    assert {one["value"] for one in sealed if one.get("field") == "address"} == {
        "Home of bert",
        "Home of carl",
    }


def test_an_identifier_goes_or_names_somebody_forgotten_because_it_was_theirs_at_a_rekeying(
    shop: Home,
) -> None:
    of = tokens(shop)
    number, account = f"phone|global|{of[HER_OLD_PHONE]}", f"customer|{CHANNEL}|{of['anna']}"
    owners = [(number, 0, "m_bert"), (account, 0, "m_anna")]
    publish_crosswalk(shop, "night2", owners, rekeyed={number: "m_anna", account: "m_anna"})
    erase(shop, Settings(), [Request(kind="member_id", value="m_anna")], **WHO)
    told = "select identifier, member_id, rekeyed_member_id from restricted.dim_member_identifiers"
    assert served_restricted(shop, told) == [(number, "m_bert", None)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("member_id", "m_anna"), ("member_id", " m_older "), ("phone", "+86 139-1234-5678"), ("phone", PHONE)],
)
def test_one_person_is_another_by_an_older_id_or_a_phone_as_people_write_it(
    shop: Home, kind: str, value: str
) -> None:
    (person,) = find_persons(shop, Settings(), [Request(kind=kind, value=value)])
    assert person is not None
    of = tokens(shop)
    assert person.tokens == {of["anna"], of[PHONE]}
    assert {"m_anna", "m_old", "m_older", id_of(f"customer|{CHANNEL}|{of['anna']}")} <= person.member_ids


def test_a_number_that_has_a_new_owner_is_still_taken_for_the_old_one(shop: Home) -> None:
    (person,) = find_persons(shop, Settings(), [Request(kind="phone", value=HER_OLD_PHONE)])
    assert person is not None
    assert person.tokens == {tokens(shop)["bert"], tokens(shop)[HER_OLD_PHONE]}
    erase(shop, Settings(), [Request(kind="member_id", value="m_anna")], **WHO)
    rows = Shop(shop).raw(CUSTOMERS, "phone_token")
    assert rows == [(tokens(shop)[HER_OLD_PHONE],), (None,)]


def test_an_account_that_was_seen_with_nothing_is_not_found_by_its_id(shop: Home) -> None:
    carl = id_of(f"customer|{CHANNEL}|{tokens(shop)['carl']}")
    (person,) = find_persons(shop, Settings(), [Request(kind="member_id", value=carl)])
    assert person is not None
    assert person.tokens == {tokens(shop)["carl"]}


def test_somebody_unknown_ends_an_erasure_or_is_not_told(shop: Home) -> None:
    requests = [
        Request(kind="phone", value="13888888888", row=1),
        Request(kind="member_id", value="m_anna", row=2),
        Request(kind="member_id", value="m_nobody", row=3),
    ]
    proof = erase(shop, Settings(), requests, **WHO)
    assert (proof.requests, proof.persons, proof.unknown) == (3, 1, (1, 3))
    assert (proof.swept.landed.removed, proof.swept.landed.kept_without) == (1, 1)
    make_folder(shop.candidates / "night9")
    again = erase(shop, Settings(), requests, **WHO)
    assert again.persons == 0
    assert (shop.candidates / "night9").exists(), "an erasure of nobody takes a night's work"
    nobody = erase(shop, Settings(), [], **WHO)
    assert (nobody.persons, nobody.swept.landed.files, nobody.swept.publications.published) == (0, 0, None)


def test_what_is_published_keeps_somebody_or_loses_money(shop: Home) -> None:
    erase(shop, Settings(), [Request(kind="member_id", value="m_old")], **WHO)
    assert served(shop, "select member_id from marts.member_360 order by 1") == [("m_bert",), ("m_none",)]
    assert served(
        shop, "select member_id, net_amount, member_order_number from marts.fct_orders order by all"
    ) == [
        ("m_bert", 12.5, 1),
        ("unknown", 12.5, 1),
        ("unknown", 12.5, None),
    ]
    assert served(shop, "select * from marts.member_id_redirects") == []
    assert served(shop, "select net_amount from marts.kpi_daily") == [(99,)]
    assert served_restricted(shop, "select distinct member_id from restricted.dim_member_identifiers") == [
        ("m_bert",)
    ]
    assert served(shop, "select publication_id, restores from marts.publish_log order by 1") == [
        (1, None),
        (2, 1),
    ]


def test_an_erasure_makes_yesterdays_numbers_look_like_todays(shop: Home) -> None:
    tomorrow = status(shop).published_at + timedelta(days=1)
    erase(shop, Settings(), [Request(kind="member_id", value="m_anna")], **WHO)
    found = status(shop, now=tomorrow)
    assert (found.current_id, found.restores, found.age_hours) == (2, 1, 24.0)


def test_what_a_person_is_given_lacks_something_or_holds_somebody_else(shop: Home) -> None:
    told = export_member(shop, Settings(), Request(kind="phone", value=PHONE), **WHO)
    assert told.identifiers == [{"kind": "customer_id", "value": "anna"}, {"kind": "phone", "value": PHONE}]
    assert sorted((one["field"], one["value"]) for one in told.attributes) == [
        ("address", "Lane 5"),
        ("full_name", "Anna Li"),
    ]
    assert {name: len(rows) for name, rows in told.rows.items()} == {"files.customers": 1, "files.orders": 1}
    (row,) = told.rows["files.customers"]
    assert (row["customer_token"], row["phone_token"]) == ("anna", PHONE)
    assert not {"full_name_token", "birth_date_token", "address_token"} & row.keys()  # told in clear above
    assert set(told.published) == {
        "dim_member_identifiers",
        "member_360",
        "fct_orders",
        "member_id_redirects",
    }
    text = json.dumps([told.rows, told.published, told.identifiers], default=str)
    assert "bert" not in text
    assert tokens(shop)["bert"] not in text
    (entry,) = audit_log.entries(shop, action="export-member")
    assert PHONE not in repr(entry)
    with pytest.raises(UsageError, match="nobody is known by this phone"):
        export_member(shop, Settings(), Request(kind="phone", value="13888888888"), **WHO)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("phone\n13912345678\n", "lacks the columns"),
        ("kind,value\nphone,\n", "request 1 has no value"),
        ("kind,value\nname,Anna\n", "request 1 has a kind that names nobody"),
        ("kind,value\nphone,1\xff\n", "cannot be read"),
    ],
)
def test_a_file_of_requests_that_is_none_is_taken_or_quoted(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "requests.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=found) as error:
        read_requests(path)
    assert "Anna" not in str(error.value)
    assert PHONE not in str(error.value)


def test_the_dag_leaves_a_file_of_requests_or_somebody(shop: Home) -> None:
    run = Run(home=shop, settings=Settings(), run_id="run1", run_after=utc_now(), params={})
    step = Step(name="erase_requested")
    erase_requested(run, step)
    assert step.facts == {"requests": 0, "persons": 0, "unknown": 0}
    make_folder(shop.requests)
    (shop.requests / "letters.csv").write_text(
        f"kind,value\nphone,{PHONE}\nphone,13888888888\n", encoding="utf-8"
    )
    erase_requested(run, step)
    assert step.facts == {"requests": 2, "persons": 1, "unknown": 1}
    (again,) = shop.requests.iterdir()
    assert again.name == "letters.again.csv"
    assert again.read_text(encoding="utf-8").split() == ["kind,value", "phone,13888888888"]
    assert tokens(shop)["anna"] not in {row[0] for row in Shop(shop).raw(CUSTOMERS, "customer_token")}
    erase_requested(run, step)
    assert step.facts == {"requests": 1, "persons": 0, "unknown": 1}
    assert list(shop.requests.iterdir()) == []
    done = audit_log.entries(shop, action="erase.done")[:1]
    assert [(entry.by, entry.reason) for entry in done] == [("erase_members", "letters.csv")]
    audit_log.record(shop, **WHO, action="erase", details={})  # one that was cut off
    erase_requested(run, step)
    assert step.facts == {"requests": 0, "persons": 0, "unknown": 0}


def test_who_was_forgotten_lands_while_the_key_of_tombstones_is_lost(shop: Home) -> None:
    add_tombstones(shop, [tokens(shop)["anna"]])
    (shop.keys / "tombstone.key").unlink()
    before = read_records(shop)
    with pytest.raises(EnvironmentFaultError, match=r"tombstone\.key missing"):
        Shop(shop).land(File(name="again.csv", rows=[order("o9", customer_id="anna")]))
    assert read_records(shop) == before
