import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from lineage import canonical
from lineage.errors import InputError

WHOLE = st.integers(-canonical.MAX_INT, canonical.MAX_INT)
SCALARS = (
    st.none()
    | st.booleans()
    | WHOLE
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), v)
)
PLANE = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))
PLAIN = st.recursive(WHOLE | PLANE | st.none(), lambda v: st.lists(v) | st.dictionaries(PLANE, v))


@given(VALUES)
def test_what_is_written_is_read_back_and_written_the_same_again(value):
    data = canonical.dumps(value)
    assert canonical.loads(data) == json.loads(data)
    assert canonical.dumps(canonical.loads(data)) == data


@given(PLAIN)
def test_plain_json_equals_rfc_8785_for_short_code_points_and_integers(value):
    assert canonical.plain_dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a":1,"a":2}', "same key twice"),
        (b'{"x":{"a":1,"b":2,"a":3}}', "same key twice"),
        (b'{"a":NaN}', "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"[1e999]", "range"),
        (b"[9007199254740993]", "2^53"),
        (b"[" + b"9" * 5000 + b"]", "2^53"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b"[" * 100_000, "deeply"),
        (b"{", "byte 1"),
        (b"", "byte 0"),
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(data, reason):
    with pytest.raises(InputError, match=reason.replace("^", r"\^")):
        canonical.loads(data, where="x.json")


def test_errors_name_the_file_and_show_none_of_its_content():
    with pytest.raises(InputError) as caught:
        canonical.loads(b'{"a": canary-7341}', where="meta/x.json")
    assert "meta/x.json" in str(caught.value) and "canary" not in str(caught.value)


def test_a_document_over_the_limit_is_refused_before_parsing():
    with pytest.raises(InputError, match="limit of 10"):
        canonical.loads(b" " * 11, limit=10)


@pytest.mark.parametrize("value", [float("nan"), 2**53, {1: 2}, {"a": b"bytes"}])
def test_what_json_cannot_carry_is_not_written(value):
    with pytest.raises(InputError):
        canonical.dumps(value)
