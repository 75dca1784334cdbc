"""A refusal that a server, a page or the data states is a fact that a policy can act on."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections import Counter

import polars as pl
import pytest
from ingest_helpers import read_all

from stages.decide.policy import RightsRule
from stages.decide.rules import Context, Evidence, fires

WORDS = "The reeds by the river turn white in autumn, and people weave them into mats for the winter. " * 3
RULE = RightsRule(id="opted-out", on="rights", test="opted-out", action="remove", reason="opted-out")


def record(kind: str, url: str, payload: bytes, at: int) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{at:032x}>\r\nWARC-Target-URI: {url}\r\n"
    )
    return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload + b"\r\n\r\n"


def response(headers: str, meta: str = "") -> bytes:
    page = f"<html><head>{meta}</head><body><p>{WORDS}</p></body></html>"
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{headers}\r\n{page}".encode()


def refused(rows: list[dict]) -> list[bool]:
    docs = pl.DataFrame(rows, schema_overrides={"row": pl.UInt32, "meta": pl.String})
    docs = docs.select("meta", row=pl.int_range(pl.len(), dtype=pl.UInt32))
    empty = pl.DataFrame()
    fired = fires(RULE, Evidence(docs, empty, empty, empty), None, Context(dt.date(2026, 1, 1), "x", {}))
    return [row in fired["row"].to_list() for row in range(len(rows))]


def test_refusals_of_server_and_page_are_told_and_fire_the_rule(put, tmp_path):
    pages = [
        response(""),
        response("TDM-Reservation: 1\r\n"),
        response("TDM-Reservation: 0\r\n"),
        response("X-Robots-Tag: noai, nofollow\r\n"),
        response("", '<meta name="robots" content="index, noimageai">'),
        response("", '<meta name="tdm-reservation" content="1">'),
    ]
    put(
        "a.warc.gz",
        b"".join(gzip.compress(record("response", f"http://x/{n}", p, n)) for n, p in enumerate(pages)),
    )
    rows = read_all(tmp_path)
    assert [json.loads(row["meta"]).get("opt_out") for row in rows] == [
        None, ["tdm-reservation"], None, ["noai"], ["noimageai"], ["tdm-reservation"],
    ]  # fmt: skip
    assert refused(rows) == [False, True, False, True, True, True]


@pytest.mark.parametrize(("value", "fires"), [(True, True), ("author", True), (False, False), ([], False)])
def test_a_refusal_column_of_the_data_counts(put, tmp_path, value, fires):
    put("a.jsonl", json.dumps({"text": WORDS, "opt_out": value}).encode() + b"\n")
    assert refused(read_all(tmp_path)) == [fires]


def test_a_warc_gives_one_row_for_each_response_and_none_for_the_crawlers_own_notes(put, tmp_path):
    records = []
    for at, url in enumerate(["http://x/a", "http://x/b", "http://x/a"]):
        records.append(record("request", url, b"GET / HTTP/1.1\r\n\r\n", 100 + at))
        records.append(record("response", url, response(""), at))
        records.append(record("metadata", url, b"note: x", 200 + at))
    info = record("warcinfo", "urn:x", b"software: x", 999)
    records.append(record("resource", "metadata://crawler/log", b"the crawler's own log", 300))
    put("a.warc.gz", gzip.compress(info) + b"".join(map(gzip.compress, records)))
    rows = read_all(tmp_path)
    assert Counter(row["url"] for row in rows) == {"http://x/a": 2, "http://x/b": 1}
    assert [row["record"] for row in rows] == [2, 5, 8]
    assert len({row["doc_id"] for row in rows}) == 3


def test_a_warc_record_that_is_longer_than_it_says_costs_the_rest_and_says_where(put, tmp_path):
    good = record("response", "http://x/a", response(""), 1)
    wrong = record("response", "http://x/b", response(""), 2).replace(
        b"Content-Length: ", b"Content-Length: 9"
    )
    put("a.warc", good + wrong)
    put("b.txt", b"still here")
    rows = read_all(tmp_path)
    assert [row["error"] for row in rows] == [None, "truncated", None]
    assert rows[1]["offset"] == len(good) and rows[1]["file"] == "in/a.warc"
