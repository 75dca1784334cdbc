"""Exports say what the manifests say, `not stated` where nobody said anything, and the same bytes every time."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import export_release as made
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.errors import SettingsError
from lineage.exports import Release, write_all
from lineage.exports.california import california, disclosed
from lineage.exports.clauses import CONFORMS, FAILS, NOT_APPLICABLE, OPEN, clause_table, results
from lineage.exports.crosswalk import state
from lineage.exports.domains import Domain, Domains, domains
from lineage.exports.eu import eu_summary, size_band
from lineage.exports.facts import table
from lineage.exports.rights import attribution, conflicts, effective
from lineage.sheets import questions
from stages.decide.policy import load_policy

CHINESE = ("GB/T 45654-2025", "TC260-003")  # editions whose clauses the crosswalk lists


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return made.build(tmp_path_factory.mktemp("release"))


def written(release: Release) -> dict[str, bytes]:
    return write_all(release.staging, dict(release.manifest), list(release.manifests), dict(release.answers))


def by_clause(release: Release) -> dict[str, str]:
    return {r.clause["id"]: r.result for r in results(release)}


def test_equal_releases_give_equal_bytes_wherever_they_lie(release: Release, tmp_path: Path) -> None:
    again = made.build(tmp_path / "elsewhere")
    assert written(release) == written(again)
    everything = b"".join(written(again).values())
    assert str(tmp_path).encode() not in everything


def test_the_order_of_shard_manifests_does_not_matter(release: Release) -> None:
    turned = write_all(release.staging, dict(release.manifest), list(reversed(release.manifests)), None)
    assert turned == written(release)


def test_every_export_lies_below_exports_but_the_one_that_readers_look_for_at_the_root(
    release: Release,
) -> None:
    assert [p for p in written(release) if not p.startswith("exports/")] == ["croissant.json"]


def test_no_restricted_paper_is_among_what_goes_into_a_release(release: Release) -> None:
    assert not any("keyword" in path or "restricted" in path for path in written(release))


def test_an_answer_without_author_is_refused(release: Release) -> None:
    with pytest.raises(SettingsError, match="author"):
        write_all(
            release.staging, dict(release.manifest), [], {"purpose-why": {"en": "x", "date": "2026-01-01"}}
        )


def test_foreign_words_cannot_become_markup(tmp_path: Path) -> None:
    title = {"en": "a | b\n# <script>alert(1)</script> [x](javascript:1)", "zh": "`x` | <b>"}
    release = made.build(tmp_path, [made.source("wiki", title=title)])
    for path, content in written(release).items():
        if path.endswith(".md"):
            assert b"<script" not in content and b"<b>" not in content
            assert not re.search(rb"(?<!\\)\]\(", content)
    rows = [
        line for line in attribution(release).markdown().decode().splitlines() if line.startswith("| wiki")
    ]
    assert rows and all(line.replace("\\|", "").count("|") == 8 for line in rows)


def test_a_disclosure_that_nobody_made_says_not_stated(release: Release) -> None:
    told = disclosed(release)
    assert len(told) == 12
    assert not told["aggregate"] and not told["first-use"]
    assert b"not stated: no stage measures aggregate consumer information" in california(release).markdown()


def test_an_answer_prints_with_author_and_date(tmp_path: Path) -> None:
    answer = {
        "en": "First used in May.",
        "zh": "五月首次使用。",
        "author": "An Engineer",
        "date": "2026-01-01",
    }
    release = made.build(tmp_path, answers={"uses-earlier": answer})
    assert disclosed(release)["first-use"]
    assert b"First used in May. (An Engineer, 2026-01-01)" in california(release).markdown()


def test_domains_are_counted_as_a_plain_loop_counts_them(release: Release) -> None:
    import pyarrow.parquet as pq

    docs, size = Counter(), Counter()
    known = {"a.example.com": "example.com", "www.example.com:80": "example.com", "bbc.co.uk": "bbc.co.uk"}
    for shard in release.shards:
        for row in pq.read_table(release.staging / shard["path"], columns=["url", "text"]).to_pylist():
            if row["url"]:
                domain = known[row["url"].split("/")[2]]
                docs[domain] += 1
                size[domain] += len(row["text"].encode())
    found = domains(release)
    assert {d.domain: (d.docs, d.bytes) for d in found.rows} == {d: (docs[d], size[d]) for d in docs}
    assert found.without == 2
    assert [d.bytes for d in found.rows] == sorted((d.bytes for d in found.rows), reverse=True)


@given(st.integers(0, 400), st.floats(0.01, 1))
def test_the_largest_share_of_domains_is_never_less_than_asked(n: int, share: float) -> None:
    top = Domains([Domain(str(i), 1, n - i) for i in range(n)], [], 0).top(share)
    assert len(top) >= n * share - 1e-9
    assert len(top) <= n


def test_a_summary_without_addresses_says_why(tmp_path: Path) -> None:
    release = made.build(tmp_path, [made.source("web", publish_fields=[], **{"class": "self-collected"})])
    assert b"No domain list: none of the 1 crawled sources names" in eu_summary(release).markdown()


def test_the_size_range_is_stated_only_where_bytes_settle_it() -> None:
    bands = table("eu-summary")["text_bands"]
    assert size_band(10**9 - 1, bands).startswith("less than 1 billion tokens")
    assert size_band(10**9, bands).startswith("not stated")


STATUS = st.sampled_from(["pass", "fail", "warn", "not_run", "waived"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["licence-stated", "pii-residual", "manual-audit", "cbrn-restricted"]), STATUS
    ),
    st.lists(st.sampled_from(["licence-text", "contract", "consent-record", "robots-verdict"]), max_size=3),
    st.sampled_from(["open-licence", "commercial-contract", "self-collected", "user-data"]),
)
def test_nothing_conforms_without_evidence(tmp_path: Path, gates: dict, kinds: list, kind: str) -> None:
    origin = made.source("s", evidence=[{"kind": k, "sha256": "d" * 64} for k in kinds], **{"class": kind})
    waiver = dict.fromkeys(("approver", "reason", "expires", "entry", "instead_of"), "x")
    rows = [
        made.gate(name, status, None if status == "not_run" else 0) | {"waiver": waiver}
        for name, status in gates.items()
    ]
    release = made.build(tmp_path, [origin], gates=rows)
    for found in results(release):
        if found.result == CONFORMS:
            assert found.evidence and all(len(e.sha256) == 64 for e in found.evidence)
        gate = (found.clause.get("gates") or [None])[0]
        if gate:
            expected = {
                "pass": CONFORMS,
                "fail": FAILS,
                "warn": FAILS,
                "not_run": OPEN,
                "waived": OPEN,
                None: OPEN,
            }
            assert found.result == expected[gates.get(gate)]


def test_a_missing_proof_does_not_conform_and_an_unused_class_is_not_applicable(tmp_path: Path) -> None:
    bare = made.build(tmp_path, [made.source("shop", evidence=[], **{"class": "commercial-contract"})])
    told = by_clause(bare)
    assert told["contract"] == FAILS
    assert told["user-consent"] == NOT_APPLICABLE


def test_a_gate_that_one_part_fails_does_not_conform(tmp_path: Path) -> None:
    failing = made.build(tmp_path, part_gates=[made.gate("pii-residual", "fail", 3)])
    assert by_clause(failing)["pi-residual"] == FAILS
    found = next(r for r in results(failing) if r.clause["id"] == "pi-residual")
    assert found.evidence[0].what.startswith("meta/shards/")


def test_a_source_above_the_limit_does_not_conform(tmp_path: Path) -> None:
    probe = {
        "status": "fail",
        "share": 0.2,
        "upper95": 0.3,
        "max_share": 0.05,
        "n": 10,
        "judged_by": "people",
    }
    assert by_clause(made.build(tmp_path, probe=probe))["source-after"] == FAILS


def test_what_only_a_person_can_judge_stays_open_even_where_it_is_stated(tmp_path: Path) -> None:
    answer = {"zh": "见合同", "author": "甲", "date": "2026-01-01"}
    release = made.build(tmp_path, answers={"rights-basis": answer})
    assert by_clause(release)["ip-risk"] == OPEN
    assert "见合同" in clause_table(release, "zh").markdown().decode()


def test_filtering_conforms_only_when_every_code_ran_and_every_drawn_item_was_read(tmp_path: Path) -> None:
    release = made.build(tmp_path)
    ran = [d for d in made.DETECTORS if d["status"] == "run"]
    full = [s | {"detectors": ran} if s["stage"] == "screen" else s for s in release.manifest["stages"]]

    def told(**changes) -> str:
        manifest = dict(release.manifest) | changes
        return by_clause(Release.of(tmp_path, manifest, list(release.manifests), None))["filtering"]

    read = {"n": 8, "labelled": 8, "passed": 8}
    assert told(stages=full, audit=read) == CONFORMS
    assert told(stages=full, audit=read | {"labelled": 7}) == OPEN
    assert told(stages=full, audit={}) == OPEN
    assert told(audit=read) == OPEN


def test_both_languages_tell_the_same_results(release: Release) -> None:
    def rows(lang: str) -> list[str]:
        lines = clause_table(release, lang).markdown().decode().splitlines()
        return [line.split(" | ")[-1] for line in lines if line.startswith("| ")][4:]

    assert [r.replace("无", "none") for r in rows("zh")] == rows("en")


@pytest.mark.parametrize(
    ("licences", "kinds"),
    [
        (("MIT", "CC0-1.0"), []),
        (("NOASSERTION",), ["no-licence"]),
        (("LicenseRef-scancode-commercial-license",), ["terms-unread"]),
        (("CC-BY-NC-4.0",), ["non-commercial"]),
        (("CC-BY-SA-4.0", "CC-BY-SA-3.0"), []),
        (("CC-BY-SA-4.0", "GPL-3.0-only"), ["several-share-alike"]),
        (("MIT OR GPL-3.0-only", "CC-BY-SA-4.0"), []),
    ],
)
def test_licences_that_collide_are_named(tmp_path: Path, licences: tuple, kinds: list) -> None:
    release = made.build(tmp_path, [made.source(f"s{i}", licence=x) for i, x in enumerate(licences)])
    assert [c.kind for c in conflicts(release)] == kinds


def test_no_derivatives_collides_with_redaction_alone(tmp_path: Path) -> None:
    def kinds(folder: str, redacted: int) -> list[str]:
        origin = [made.source("s", licence="CC-BY-ND-4.0")]
        return [c.kind for c in conflicts(made.build(tmp_path / folder, origin, redacted=redacted))]

    assert kinds("as-found", 0) == []
    assert kinds("changed", 2) == ["no-derivatives-changed"]


def test_the_effective_licence_joins_all_and_one_unstated_licence_voids_it(tmp_path: Path) -> None:
    both = made.build(
        tmp_path / "a", [made.source("a", licence="MIT OR ISC"), made.source("b", licence="CC0-1.0")]
    )
    assert effective(both) == "CC0-1.0 AND (MIT OR ISC)"
    none = made.build(tmp_path / "b", [made.source("a"), made.source("b", licence="NOASSERTION")])
    assert effective(none) == "NOASSERTION"


@pytest.mark.parametrize(
    ("form", "n"), [("gebru", 52), ("gbt-45654", 32), ("eu-summary", 25), ("croissant-rai", 20), ("dps", 22)]
)
def test_a_crosswalk_has_as_many_questions_as_its_form(form: str, n: int) -> None:
    found = table("crosswalk")["forms"][form]["questions"]
    assert len(found) == len({q["id"] for q in found}) == n


def test_every_place_of_a_crosswalk_exists(release: Release) -> None:
    for form in table("crosswalk")["forms"].values():
        for question in form["questions"]:
            assert question["en"] and question["zh"]
            for place in question["places"]:
                if not place.startswith("/"):
                    assert place in questions(), place
                    continue
                found = release.manifest
                for key in place[1:].split("/"):
                    assert found is not None, place
                    found = found[0] if key == "*" else found[key]  # a missing field is a KeyError


def test_the_crosswalk_has_every_clause_that_a_result_or_a_gate_cites_and_every_section_of_the_template() -> (
    None
):
    rows = [q["id"] for q in table("crosswalk")["forms"]["gbt-45654"]["questions"]]
    cited = {c["clause"] for c in table("cn-clauses")["clauses"] if c["edition"] in CHINESE}
    policy = load_policy(Path(__file__).parents[3] / "policies" / "cn-gbt-45654-2025.yaml")
    cited |= {g.clause for g in policy.gates if g.edition in CHINESE}
    cited |= {r.clause for r in policy.rules if r.edition in CHINESE and not r.clause.startswith("A.")}
    assert len(cited) > 12
    assert [c for c in sorted(cited) if not any(row.startswith(c) for row in rows)] == []
    eu = [q["id"] for q in table("crosswalk")["forms"]["eu-summary"]["questions"]]
    sections = [s for s in table("eu-summary")["sections"] if "." in s]
    assert len(sections) == 12
    assert [s for s in sections if not any(row.startswith(s) for row in eu)] == []


def test_a_question_is_answered_once_a_person_answers_it(release: Release, tmp_path: Path) -> None:
    question = {"places": ["purpose-why"]}
    answer = {"en": "x", "author": "a", "date": "2026-01-01"}
    assert state(release, question) == "unanswered"
    assert state(made.build(tmp_path, answers={"purpose-why": answer}), question) == "answered"
    assert state(release, {"places": ["/flow"]}) == "measured"
    assert state(release, {"places": []}) == "not-covered"


def test_every_stage_has_a_start_and_a_complete_event(release: Release) -> None:
    events = [json.loads(line) for line in written(release)["exports/openlineage.jsonl"].splitlines()]
    told = [(e["job"]["name"], e["eventType"]) for e in events]
    assert told == [(s["stage"], k) for s in made.STAGES for k in ("START", "COMPLETE")]
    last = events[-1]["outputs"]
    assert sum(o["outputFacets"]["outputStatistics"]["rowCount"] for o in last) == release.documents


def test_papers_name_no_clause_as_verified_until_a_person_did() -> None:
    for name in ("ab2013", "eu-summary", "cn-clauses", "rai", "licences"):
        assert table(name)["verified"] is False and table(name)["edition"]


def test_every_form_that_asks_for_tokens_names_the_tokenizer(release: Release) -> None:
    n, papers = release.manifest["tokens"]["n"], written(release)
    told = {path: data.decode() for path, data in papers.items() if path.endswith(".md")}
    naming = [path for path, text in told.items() if "words-han@1" in text]
    assert n > 0 and len(naming) >= 3, naming


def test_the_size_range_goes_by_the_count_where_bytes_do_not_settle_it() -> None:
    bands, big = table("eu-summary")["text_bands"], 10**13
    assert size_band(big, bands).startswith("not stated")
    counted = {"tokenizer": "words-han@1", "n": 2 * 10**9}
    assert (
        size_band(big, bands, counted)
        == "1 billion to 10 trillion tokens (2,000,000,000 by the tokenizer words-han@1)"
    )
    assert size_band(big, bands, {**counted, "n": 10**13}).startswith("more than 10 trillion")
