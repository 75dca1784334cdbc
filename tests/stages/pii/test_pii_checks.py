"""Check digits against outside oracles: python-stdnum for what it knows, arithmetic for the rest."""

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pii_fixtures import resident_id
from stdnum import luhn as stdnum_luhn
from stdnum import numdb
from stdnum.cn import ric
from stdnum.cn import uscc as stdnum_uscc

from stages.pii import checks

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2024, 12, 31)).map("{:%Y%m%d}".format)


@given(st.sampled_from(sorted(checks.regions())), DAYS, st.integers(0, 9), st.sampled_from("0123456789X"))
def test_the_check_digit_of_a_resident_id_agrees_with_the_oracle(region, day, sequence, check):
    body = f"{region}{day}00{sequence}"
    right = ric.calc_check_digit(body + "0")
    assert resident_id(region, day, f"00{sequence}")[-1] == right
    assert checks.iso7064_mod11_2(body + check) == (check == right)


def oracle() -> set[str]:
    """Return the county codes of python-stdnum, whose table was made from other sources than ours."""
    provinces = ((p[1], county) for p in numdb.get("cn/loc").prefixes for county in p[4])
    return {code + county[1] for code, county in provinces if "county" in county[3]}


THEIRS = sorted(oracle())


def test_nearly_every_county_of_the_oracle_is_known_and_few_are_added(capsys):
    ours, theirs = checks.regions(), set(THEIRS)
    share = len(theirs & ours) / len(theirs)
    with capsys.disabled():
        print(
            f"\ncounties: {len(theirs)} of the oracle, {share:.2%} of them here; {len(ours)} here;"
            f" random codes pass: {len(ours) / 1e6:.2%}"
        )
    assert len(theirs) > 6_800 and share >= 0.998
    assert len(ours - theirs) < 0.06 * len(theirs)


def test_a_random_number_with_a_date_and_a_check_digit_rarely_passes():
    draw = random.Random(2026)
    numbers = [resident_id(f"{draw.randrange(10**5, 9 * 10**5)}") for _ in range(20_000)]
    assert sum(checks.resident_id(n) for n in numbers) / len(numbers) < 0.012  # the region alone decides
    assert not any(checks.resident_id(n[:-1] + ("0" if n[-1] != "0" else "1")) for n in numbers)


@given(st.sampled_from(sorted(set(THEIRS) & checks.regions())), st.from_regex(r"\A(19|20)[0-9]{9}\Z"))
def test_what_the_oracle_accepts_is_accepted(region, rest):
    value = resident_id(region, rest[:8], rest[8:])
    if ric.is_valid(value) and region not in checks.PERMIT_REGIONS:
        assert checks.resident_id(value)
    if checks.resident_id(value):
        assert f"{ric.get_birth_date(value):%Y%m%d}" == rest[:8]


@pytest.mark.parametrize("day", ["19490229", "20231301", "19000100", "20230431"])
def test_a_day_that_never_was_is_no_birth_date(day):
    assert not checks.resident_id(resident_id(day=day))


@pytest.mark.parametrize("region", ["100000", "990101", "110199", "710199", "000000"])
def test_a_region_that_never_was_is_no_region(region):
    assert not checks.resident_id(resident_id(region=region))


@given(st.text("0123456789", min_size=1, max_size=20))
def test_luhn_agrees_with_the_oracle(value):
    assert checks.luhn(value) == stdnum_luhn.is_valid(value)


@given(st.text(checks.USCC_ALPHABET, min_size=10, max_size=10), st.sampled_from(["91", "52", "12"]))
def test_the_social_credit_code_agrees_with_the_oracle(body, kind):
    value = f"{kind}110105{body}"
    assert checks.uscc(value) == (stdnum_uscc.calc_check_digit(value) == value[-1])


def test_every_single_wrong_digit_is_seen():
    value = resident_id()
    for at in range(17):
        for digit in "0123456789":
            if digit != value[at]:
                assert not checks.iso7064_mod11_2(value[:at] + digit + value[at + 1 :])


@pytest.mark.parametrize(("body", "right"), [("A123456", "3"), ("AB987654", "3"), ("G000000", "A")])
def test_hong_kong_check_digits(body, right):
    padded = body.rjust(8)
    total = sum((36 if c == " " else int(c, 36)) * w for c, w in zip(padded, range(9, 1, -1), strict=True))
    assert "0A987654321"[total % 11] == right
    for digit in "0123456789A":
        assert checks.hong_kong_id(body + digit) == (digit == right)


@given(st.sampled_from(checks.TW_LETTERS), st.text("0123456789", min_size=8, max_size=8))
def test_a_taiwan_number_has_one_right_check_digit(letter, digits):
    assert sum(checks.taiwan_id(f"{letter}{digits}{d}") for d in "0123456789") == 1


def test_an_example_of_a_taiwan_number_passes():
    assert checks.taiwan_id("A123456789") and not checks.taiwan_id("A123456788")
