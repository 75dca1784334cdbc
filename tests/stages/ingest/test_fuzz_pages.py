"""Pages and WARC records of any shape: nested, endless, unclosed, of a wrong length. Others go on, in bounded time."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest
from fuzz_helpers import errors, read_broken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PROSE = "The reeds by the river turn white in autumn, and people weave them into mats for winter. " * 3
QUIET = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PIECES = st.sampled_from(
    ["<", ">", "</", "<p>", "</p>", "<a href='", '"', "'", "<!--", "-->", "<script>", "</script>", "<pre>", "<br",
     "&amp;", "&#x0;", "&#1114112;", "<![CDATA[", "<?x", "<meta name=AIGC content='{", "<title>", "\x00", "河边。",
     PROSE]
)  # fmt: skip


def response(
    body: bytes, number: int, said: int | None = None, kind: bytes = b"response", http: bytes = b""
) -> bytes:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + http + b"\r\n" + body
    length = len(page) if said is None else said
    return (
        b"WARC/1.0\r\nWARC-Type: " + kind + b"\r\nWARC-Record-ID: <urn:uuid:%d>\r\n" % number
        + b"WARC-Target-URI: http://example.org/%d\r\nContent-Length: %d\r\n\r\n" % (number, length)
        + page + b"\r\n\r\n"
    )  # fmt: skip


def page(number: int) -> bytes:
    return f"<html><body><p>{number}. {PROSE}</p></body></html>".encode()


def texts(rows: list[dict]) -> list[str | None]:
    return [None if row["text"] is None else row["text"].split(".")[0] for row in rows]


def test_ten_thousand_nested_tags_are_one_page(put, tmp_path):
    for name, tag in (("a", "div"), ("b", "span"), ("c", "b"), ("d", "table")):
        deep = f"<{tag}>" * 10_000 + f"<p>{PROSE}</p>" + f"</{tag}>" * 10_000
        put(f"{name}.html", deep.encode())
    assert texts(read_broken(tmp_path)) == [PROSE.split(".")[0]] * 4


@pytest.mark.parametrize(
    "piece",
    ["<", "<!", "<!--", "<a ", "<a '", '<a "', "<script>", "<style>", "<textarea>", "</", "<p", "&", "<pre>",
     "<meta ", "<a href=", "<title>", "<div><!-- ", "<?", "<![CDATA[", "'\"", "<svg>", "<nav>"],
)  # fmt: skip
def test_a_page_of_one_megabyte_of_unclosed_markup_ends_soon(put, tmp_path, piece):
    put("a.html", (piece * ((1 << 20) // len(piece))).encode())
    put("b.html", f"<p>{PROSE}</p>{piece * 50_000}".encode())
    rows = read_broken(tmp_path)  # quadratic work would take minutes here
    assert len(rows) == 2


@QUIET
@given(pieces=st.lists(PIECES, max_size=30))
def test_any_mix_of_markup_is_a_page_or_a_reason(put, tmp_path, pieces):
    put("a.html", "".join(pieces).encode())
    rows = read_broken(tmp_path)
    assert len(rows) == 1 and errors(rows)[0] in (
        None,
        "no-main-text",
        "empty-text",
        "bad-encoding",
        "not-a-page",
    )


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("said", [5, 120, 400, 2000, 10**9])
def test_a_record_of_a_wrong_length_is_told_and_the_next_one_is_read(put, tmp_path, said, pack):
    records = [response(page(0), 0), response(page(1), 1, said), response(page(2), 2), response(page(3), 3)]
    put("a.warc" + (".gz" if pack is not bytes else ""), pack(b"".join(records)))
    rows = read_broken(tmp_path)
    assert texts(rows)[0] == "0" and rows[1]["offset"] == len(records[0])
    if said == 10**9:  # longer than a record may be: nothing behind it can be trusted
        assert errors(rows) == [None, "truncated"]
    else:
        assert errors(rows)[1] == "wrong-length"
        assert texts(rows)[-1] == "3" and len(rows) in (3, 4)


def test_records_that_are_no_pages_say_why(put, tmp_path):
    lost = response(page(0), 0).replace(b"200 OK", b"404 No")
    picture = response(b"\x89PNG", 1).replace(b"text/html", b"image/png")
    broken = response(b"\x1f\x8b" + b"x" * 50, 2, http=b"Content-Encoding: gzip\r\n")
    bomb = zlib.compressobj(9, wbits=31)
    body = b"".join(bomb.compress(b"a" * (1 << 20)) for _ in range(80)) + bomb.flush()
    large = response(body, 3, http=b"Content-Encoding: gzip\r\n")
    noise = (
        b"WARC/1.0\r\nContent-Length: \xc2\xb2\r\n\r\n"
        + b"WARC/1.0\r\nContent-Length: "
        + b"9" * 5000
        + b"\r\n\r\n"
    )
    put("a.warc", lost + picture + broken + large + noise + response(page(4), 4))
    rows = read_broken(tmp_path)
    assert errors(rows) == ["not-a-page", "not-a-page", "damaged", "archive-bomb", "damaged", "damaged", None]


@QUIET
@given(seed=st.integers(0, 10**6), packed=st.booleans(), cut=st.booleans())
def test_no_change_of_bytes_stops_a_warc_or_its_neighbours(put, tmp_path, seed, packed, cut):
    draw = random.Random(seed)
    records = [response(page(i), i) for i in range(4)]
    data = bytearray(b"".join(map(gzip.compress, records)) if packed else b"".join(records))
    for _ in range(draw.randrange(1, 5)):
        data[draw.randrange(len(data))] = draw.randrange(256)
    for path in (tmp_path / "in").glob("*"):
        path.unlink()
    put("a.warc.gz" if packed else "a.warc", bytes(data[: draw.randrange(len(data))] if cut else data))
    read_broken(tmp_path)
