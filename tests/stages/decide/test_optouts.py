"""What a site or a rights holder refused is judged by address, and each refusal leaves by its own reason."""

from __future__ import annotations

import datetime as dt
import json
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from lineage.errors import InputError
from lineage.reasons import OPT_OUTS
from stages.decide.optouts import Robots, Snapshot, load_refusals, load_robots, refused, site_of, unjudged
from stages.decide.policy import RightsRule, load_policy
from stages.decide.rules import Context, Evidence, SourceFacts, fires

ROOT = Path(__file__).parents[3]
ROBOTS = """# as fetched
User-agent: *
Disallow: /private/
Allow: /private/open
Disallow: /*.pdf$

User-agent: TrainBot
Disallow: /
"""


def docs(*urls: str | None, **columns) -> pl.DataFrame:
    """Return documents of one source with these addresses."""
    n = len(urls)
    given = {
        "row": pl.Series(range(n), dtype=pl.UInt32), "source": ["web"] * n, "url": pl.Series(urls, dtype=pl.String),
        "author": pl.Series([None] * n, dtype=pl.String), "text_sha256": [bytes(32)] * n,
        "meta": pl.Series([None] * n, dtype=pl.String),
    }  # fmt: skip
    return pl.DataFrame(given | columns)


def fired(test: str, table: pl.DataFrame, **facts) -> list[tuple[int, str | None]]:
    """Return (row, detector) of what a rule with this test fires on."""
    rule = RightsRule(id="x", on="rights", test=test, action="remove", reason="opted-out")
    source = SourceFacts("web", 0, None, ("x",), "consent", **facts)
    empty = pl.DataFrame()
    context = Context(dt.date(2026, 1, 1), "x", {"web": source})
    return fires(rule, Evidence(table, empty, empty, empty), None, context).select("row", "detector").rows()


def snapshot(tmp_path: Path, text: str = ROBOTS, status: int = 200, agents=("*",)) -> Robots:
    (tmp_path / "robots.txt").write_text(text)
    row = {"site": "https://Example.org", "status": status, "path": "robots.txt", "sha256": "00"}
    return load_robots({"agents": list(agents), "files": [row]}, tmp_path)


@pytest.mark.parametrize(
    ("url", "out"),
    [
        ("https://example.org/a", False),
        ("https://example.org/private/a", True),
        ("http://EXAMPLE.org:80/private/a", True),
        ("https://example.org/private/open/a", False),  # the longest match decides
        ("https://example.org/a.pdf", True),
        ("https://example.org/a.pdf?x=1", False),  # $ anchors
        ("https://other.org/private/a", False),  # no snapshot speaks for it
    ],
)
def test_robots_are_judged_as_rfc_9309_says(tmp_path, url, out):
    assert fired("robots-disallowed", docs(url), robots=snapshot(tmp_path)) == (
        [(0, "robots:*")] if out else []
    )


def test_an_agent_that_is_named_is_judged_by_its_own_group(tmp_path):
    robots = snapshot(tmp_path, agents=("*", "TrainBot"))
    assert fired("robots-disallowed", docs("https://example.org/a"), robots=robots) == [
        (0, "robots:TrainBot")
    ]


@pytest.mark.parametrize(("status", "out"), [(200, 0), (404, 0), (503, 1)])
def test_a_site_that_had_no_file_allows_and_one_in_trouble_does_not(tmp_path, status, out):
    robots = snapshot(tmp_path, "User-agent: *\nAllow: /\n", status)
    assert len(fired("robots-disallowed", docs("https://example.org/a"), robots=robots)) == out


def test_documents_that_no_snapshot_can_judge_are_told(tmp_path):
    table = docs("https://example.org/a", None, "https://other.org/a")
    assert fired("robots-unjudged", table, robots=snapshot(tmp_path)) == [(1, None), (2, None)]
    assert (
        fired("robots-unjudged", table) == []
    )  # the source names no snapshot at all: `source check` says so
    assert unjudged(table, None).height == 3


LIST = """# asked for by mail
domain Example.org
url https://host.net/gallery/*
sha256 {digest}
author  Ann Author
"""


def test_a_refusal_list_is_met_by_domain_address_digest_and_author(tmp_path):
    digest = sha256(b"words").digest()
    (tmp_path / "no.txt").write_text(LIST.format(digest=digest.hex()))
    lists = (load_refusals(tmp_path / "no.txt", "00"),)
    table = docs(
        "https://example.org/a", "https://sub.example.org:8080/b", "https://notexample.org/c",
        "https://host.net/gallery/1?x", "https://host.net/other", None, None,
        text_sha256=[bytes(32)] * 5 + [digest, bytes(32)],
        author=pl.Series([None] * 6 + [" ANN author"], dtype=pl.String),
    )  # fmt: skip
    assert fired("refusal-list", table, refusals=lists) == [
        (0, "refusals:domain"), (1, "refusals:domain"), (3, "refusals:url"), (5, "refusals:sha256"),
        (6, "refusals:author"),
    ]  # fmt: skip
    assert fired("refusal-list", table) == [] and refused(table, ()).height == 0


@pytest.mark.parametrize("line", ["domain", "host example.org", "sha256 abc", "https://example.org"])
def test_a_line_that_is_no_refusal_is_named_without_its_words(tmp_path, line):
    (tmp_path / "no.txt").write_text(f"# first\n{line}\n")
    with pytest.raises(InputError, match=r"no\.txt:2: not a line") as caught:
        load_refusals(tmp_path / "no.txt", "00")
    assert "example.org" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "tests"),
    [
        (["tdm-reservation"], {"tdm-reserved", "opted-out"}),
        (["noai", "noimageai"], {"noai", "noimageai", "opted-out"}),
        (["noimageai"], {"noimageai", "opted-out"}),
        ("author", {"opted-out"}),
        ([], set()),
    ],
)
def test_what_page_and_server_said_has_its_own_test(said, tests):
    table = docs("https://example.org/a", meta=[json.dumps({"opt_out": said})])
    names = ("tdm-reserved", "noai", "noimageai", "opted-out")
    assert {name for name in names if fired(name, table)} == tests


@pytest.mark.parametrize("policy", sorted(p.stem for p in (ROOT / "policies").glob("*.yaml")))
def test_every_shipped_policy_acts_on_every_refusal(policy):
    rules = load_policy(ROOT / "policies" / f"{policy}.yaml").rules
    acting = {r.reason for r in rules if isinstance(r, RightsRule) and r.action == "remove"}
    assert set(OPT_OUTS) <= acting


def test_the_site_of_an_address_is_host_and_port_without_the_standard_ones():
    assert [site_of(x) for x in ("https://A.org:443/x", "http://a.org:8080", "A.org", "https://u:p@a.org/x")] == [
        "a.org", "a.org:8080", "a.org", "a.org",
    ]  # fmt: skip


def test_the_text_of_a_snapshot_is_in_no_representation():
    assert "Disallow" not in repr(Robots(("*",), (Snapshot("a.org", 200, "00", ROBOTS),)))
