"""Names, birthdays and addresses land as tokens that can be compared, and as nothing else."""

from dataclasses import replace
from datetime import date

import pytest

from siyu.landing import add_tombstones, erase_landed, read_tombstones
from siyu.landing.personal import begin_rekeying, compared_kind, finish_rekeying, names_nobody, open_keys
from siyu.landing.rekeying import rekey_landed
from siyu.resources import CUSTOMERS, Personal, Resource
from siyu.settings import Settings
from tests.landing.shop import BRAND, CHANNEL, File, Shop, customer
from tests.landing.test_personal import decoded

ATTRIBUTE, FREE_TEXT = Personal.ATTRIBUTE, Personal.FREE_TEXT
TOKENS = "full_name_token, birth_date_token, address_token"
ANNA = {"full_name": "阿娜尔·买买提", "birth_date": date(1990, 5, 4), "address": "杭州市 文一路１号"}
SPELLED = {"full_name": " 阿娜尔•买买提 ", "birth_date": date(1990, 5, 4), "address": "杭州市文一路1号。"}
"""The same, as another channel writes it."""


def land_people(shop: Shop, *rows: dict[str, object], name: str = "people.csv") -> None:
    shop.land(File(name=name, resource=CUSTOMERS, rows=list(rows)))


def test_spellings_of_one_person_cannot_be_compared_or_somebody_else_is_equal(shop: Shop) -> None:
    other = {"full_name": "阿娜尔", "birth_date": date(1990, 4, 5), "address": "杭州市文一路11号"}
    land_people(shop, customer("a", **ANNA), customer("b", **SPELLED), customer("c", **other))
    first, second, third = (tokens for _, *tokens in shop.raw(CUSTOMERS, f"_source_row, {TOKENS}"))
    assert first == second
    assert None not in first
    assert not set(first) & set(third)


def test_a_name_lands_in_clear(shop: Shop) -> None:
    land_people(shop, customer("a", **ANNA))
    words = [str(ANNA["full_name"]), "阿娜尔", "文一路", "1990-05-04"]
    assert [name for name, text in decoded(shop.home).items() if any(word in text for word in words)] == []


def test_an_attribute_has_the_token_of_an_identifier(shop: Shop) -> None:
    """Else the address of a parcel would be the address of an account, and a name could be asked for by its token."""
    land_people(shop, customer("a", **ANNA, phone="13912345678", email="a@example.com"))
    (found,) = shop.raw(CUSTOMERS, TOKENS)
    tokenizer = open_keys(shop.home).tokenizer
    kinds = ("full_name", "birth_date", "address", "phone", "email", "customer_id", "unionid")
    assert not {tokenizer.token(kind, str(value)) for kind in kinds for value in ANNA.values()} & set(found)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("full_name", word)
            for word in ("未知", "先生", "王女士", "Ｕnknown", "0", "李*", "-", "张", "微信用户")
        ),
        *(("birth_date", day) for day in ("1900-01-01", "1970-01-01", "0001-01-01")),
        *(("address", word) for word in ("无", "浙江省", "杭州市***", "0000")),
    ],
)
def test_what_only_fills_a_field_makes_two_persons_alike(field: str, value: str) -> None:
    assert names_nobody(compared_kind(field), value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", "王一"),
        ("full_name", "欧阳女娲"),
        ("birth_date", "1970-01-02"),
        ("address", "杭州文一路1号"),
    ],
)
def test_what_somebody_told_is_taken_for_nothing(field: str, value: str) -> None:
    assert not names_nobody(compared_kind(field), value)


def before_they_were_compared() -> Resource:
    """The resource as it was when homes of old landed theirs."""
    sealed = {"full_name": ATTRIBUTE, "birth_date": ATTRIBUTE, "address": FREE_TEXT}
    return replace(
        CUSTOMERS,
        fields=tuple(
            replace(field, personal=sealed.get(field.name, field.personal)) for field in CUSTOMERS.fields
        ),
    )


def test_a_customer_who_landed_before_attributes_were_compared_lands_again_or_is_unreadable(
    shop: Shop,
) -> None:
    old = [customer("a", **ANNA), customer("b", phone="13912345678")]
    shop.land(File(name="old.csv", resource=before_they_were_compared(), rows=old))
    assert shop.raw(CUSTOMERS, TOKENS) == [(None, None, None)] * 2

    again = shop.land(File(name="next.csv", resource=CUSTOMERS, rows=[*old, customer("c", **ANNA)]))
    counts = again.resources["customers"].counts
    assert (counts.landed, counts.unchanged) == (1, 2)
    assert sum(None not in row for row in shop.raw(CUSTOMERS, TOKENS)) == 1


def test_a_rekeying_leaves_the_tokens_of_attributes(shop: Shop) -> None:
    land_people(shop, customer("a", **ANNA), customer("b", **SPELLED))
    before = shop.raw(CUSTOMERS, TOKENS)
    keys = begin_rekeying(shop.home)
    named = rekey_landed(shop.home, Settings(), keys)
    finish_rekeying(shop.home)
    after = shop.raw(CUSTOMERS, TOKENS)
    assert after == [tuple(keys.tokenizer.rekeyed(token) for token in row) for row in before]
    assert after[0] == after[1]
    assert not named & set(after[0])  # what raw names persons with

    land_people(shop, customer("c", **SPELLED), name="later.csv")
    assert len(set(shop.raw(CUSTOMERS, TOKENS))) == 1


def test_an_erasure_leaves_the_tokens_of_attributes(shop: Shop) -> None:
    land_people(shop, customer("a", **ANNA), customer("b", full_name="王一"))
    tokenizer = open_keys(shop.home).tokenizer
    add_tombstones(shop.home, [tokenizer.customer(BRAND, CHANNEL, "a")])
    erase_landed(shop.home, Settings(), read_tombstones(shop.home))
    ((name, birthday, address),) = shop.raw(CUSTOMERS, TOKENS)
    assert name == tokenizer.token(compared_kind("full_name"), "王一")
    assert (birthday, address) == (None, None)


def test_a_row_that_lost_its_phone_keeps_what_its_owner_told(shop: Shop) -> None:
    """Whose number was forgotten may be who is named beside it."""
    land_people(shop, customer("a", **ANNA, phone="13912345678"))
    add_tombstones(shop.home, [open_keys(shop.home).tokenizer.token("phone", "13912345678")])
    erase_landed(shop.home, Settings(), read_tombstones(shop.home))
    assert shop.raw(CUSTOMERS, f"phone_token, {TOKENS}") == [(None, None, None, None)]
