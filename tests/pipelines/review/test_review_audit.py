"""The audit's figures against outside oracles and the promises around them."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from desk_project import line, written
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from lineage import keys, trust
from pipelines.review_desk.rulebook import papers
from pipelines.review_desk.signing import sign_file, signed_lines
from stages.decide.reviews import read_reviews
from stages.publish.audit import (
    allowed_failures,
    audit_facts,
    cohen_kappa,
    draw_id,
    outcomes,
    share_interval,
    upper_bound,
    weighted_rate,
)


def draws(n: int) -> pl.DataFrame:
    ids = [bytes([i]) * 32 for i in range(n)]
    return pl.DataFrame({"doc_id": ids, "text_sha256": [b"\x0b" * 32] * n})


def facts(folder: Path, lines: list[dict], n: int = 4, wanted: int = 4) -> dict:
    found = read_reviews(written(folder, lines))
    return audit_facts(draws(n), found, wanted=wanted, seed=1, min_pass=0.5)


def test_four_thousand_items_at_96_percent_allow_160_failures_and_139_with_confidence() -> None:
    assert allowed_failures(4000, 0.96) == {"rule": 160, "bound95": 139}


def test_a_small_audit_cannot_show_the_rate_with_confidence() -> None:
    assert allowed_failures(50, 0.96)["bound95"] == -1
    assert allowed_failures(0, 0.96)["bound95"] == -1


@settings(deadline=None)  # the first call loads scipy
@given(st.integers(1, 900), st.data())
def test_the_interval_is_that_of_scipy(n: int, data: st.DataObject) -> None:
    passed = data.draw(st.integers(0, n))
    theirs = binomtest(passed, n).proportion_ci(0.95, "exact")
    assert share_interval(passed, n) == pytest.approx((theirs.low, theirs.high), abs=1e-4)


@settings(deadline=None)  # the first call loads scipy
@given(st.integers(1, 900), st.data())
def test_the_upper_bound_is_the_quantile_of_the_beta_distribution(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n - 1))
    assert upper_bound(k, n, 0.05) == pytest.approx(beta.ppf(0.95, k + 1, n - k), abs=1e-6)


def test_kappa_of_the_textbook_table() -> None:
    pairs = (
        [("pass", "pass")] * 20
        + [("pass", "remove")] * 5
        + [("remove", "pass")] * 10
        + [("remove",) * 2] * 15
    )
    assert cohen_kappa([a for a, _ in pairs], [b for _, b in pairs]) == 0.4


def test_kappa_is_undefined_where_only_one_verdict_was_used() -> None:
    assert cohen_kappa(["pass"] * 5, ["pass"] * 5) is None
    assert cohen_kappa([], []) is None


def test_a_failed_item_counts_and_names_its_code(tmp_path: Path) -> None:
    found = facts(tmp_path, [line("00"), line("01", verdict="remove", code="A.2-d"), line("02")])
    assert (found["labelled"], found["passed"], found["failures"], found["pass_rate"]) == (3, 2, 1, 0.6667)
    assert found["codes"] == [{"code": "A.2-d", "docs": 1}]


def test_readers_who_differ_or_doubt_leave_the_item_open_until_adjudicated(tmp_path: Path) -> None:
    lines = [
        line("00"),
        line("00", verdict="remove", who="r2", role="reviewer"),
        line("01", verdict="unsure"),
    ]
    assert facts(tmp_path, lines)["open"] == 2
    lines.append(line("00", who="r3", role="adjudicator"))
    found = facts(tmp_path, lines)
    assert (found["open"], found["passed"]) == (1, 1)


def test_agreement_counts_only_what_both_roles_read(tmp_path: Path) -> None:
    lines = [line(d) for d in ("00", "01", "02")]
    lines += [line(d, who="r2", role="reviewer", verdict=v) for d, v in (("00", "pass"), ("01", "remove"))]
    both = facts(tmp_path, lines)["agreement"]
    assert (both["items"], both["alike"], both["kappa"]) == (2, 0.5, 0.0)


def test_verdicts_on_other_texts_and_other_draws_are_not_the_audit(tmp_path: Path) -> None:
    found = facts(tmp_path, [line("00", text="0c"), line("01", draw="probe"), line("77")])
    assert found["labelled"] == 0
    assert found["pass_rate"] is None


def test_fewer_documents_than_asked_is_a_census(tmp_path: Path) -> None:
    assert facts(tmp_path, [], n=4, wanted=10)["census"]
    assert not facts(tmp_path, [], n=4, wanted=4)["census"]


def test_a_second_audit_states_the_first(tmp_path: Path) -> None:
    lines = [
        line("70", sample="s1"),
        line("71", verdict="remove", sample="s1"),
        line("00", sample=draw_id(draws(4), 1)),
    ]
    found = facts(tmp_path, lines)
    assert found["labelled"] == 1
    assert found["earlier"] == [{"sample": "s1", "labelled": 2, "failures": 1, "pass_rate": 0.5}]


def test_outcomes_keep_the_order_of_the_draw(tmp_path: Path) -> None:
    found = read_reviews(written(tmp_path, [line("02"), line("00", verdict="remove")]))
    assert outcomes(draws(3), found)["outcome"].to_list() == ["remove", "unread", "pass"]


def test_readers_their_qualification_and_role_conflicts_are_counted(tmp_path: Path) -> None:
    lines = [
        line("00", qualified="qualified"),
        line("00", role="reviewer"),
        line("01", who="r2"),
        line("77", who="r3"),
    ]
    assert facts(tmp_path, lines)["readers"] == {
        "people": 2,
        "readings": 2,
        "qualified": 1,
        "signed": 0,
        "under_2_s": 0,
        "annotated": 2,
        "reviewed": 0,
        "role_conflicts": 1,
    }


def test_only_readings_that_a_trusted_reviewers_key_covers_count_as_signed(tmp_path: Path) -> None:
    lines = [line("00"), line("01"), line("02"), line("77")]
    folder = written(tmp_path / "reviews", lines)
    (folder / "r1.jsonl").write_text(
        "\n" + (folder / "r1.jsonl").read_text()
    )  # a blank line counts as a line
    keys.generate("reviewer", tmp_path / "k")
    signer = keys.load_private(tmp_path / "k")
    trusted = trust.parse(trust.trust_file([trust.trust_entry(signer.public_pem, "reviewer")]))
    sign_file(folder, "r1", signer)
    with (folder / "r1.jsonl").open("a") as f:
        f.write(json.dumps(line("02", verdict="remove")) + "\n")  # a later reading replaces the signed one

    def signed(vouching: trust.Trust | None) -> int:
        given = signed_lines(folder, vouching)
        found = audit_facts(draws(5), read_reviews(folder), wanted=5, seed=1, min_pass=0.9, signed=given)
        assert found["readers"]["readings"] == 3
        return found["readers"]["signed"]

    assert (signed(trusted), signed(None)) == (2, 0)
    own = {"name": "r1", "keyid": "0" * 64}
    (folder / "people.yaml").write_text(json.dumps({"people": [own]}))
    assert signed(trusted) == 0  # the key is trusted, but it is another reader's
    (folder / "people.yaml").write_text(json.dumps({"people": [own | {"keyid": signer.keyid[:16]}]}))
    assert signed(trusted) == 2


def test_items_an_annotator_read_are_counted_with_those_a_reviewer_read_too(tmp_path: Path) -> None:
    lines = [line("00"), line("01", seconds=1.5), line("00", who="r2", role="reviewer", seconds=30)]
    found = facts(tmp_path, lines)["readers"]
    assert (found["annotated"], found["reviewed"], found["under_2_s"]) == (2, 1, 1)


def test_the_rule_book_is_checked_for_its_headings_and_the_risks_it_names(tmp_path: Path) -> None:
    assert papers(tmp_path) == dict.fromkeys(
        ("people_sha256", "rulebook_sha256", "headings_missing", "risks_named")
    )
    (tmp_path / "reviews").mkdir()
    (tmp_path / "reviews" / "rulebook.md").write_text("# 目标\n# Method\nA.2-d, A.2-da and A.4-c\nquality\n")
    found = papers(tmp_path)
    assert (found["headings_missing"], found["risks_named"]) == (["format", "quality"], 2)
    assert len(found["rulebook_sha256"]) == 64 and found["people_sha256"] is None


def test_a_rate_weighs_a_source_as_the_corpus_does() -> None:
    strata = [
        {"source": "large", "docs": 9_900, "drawn": 99, "labelled": 99, "failures": 0},
        {"source": "small", "docs": 100, "drawn": 1, "labelled": 1, "failures": 1},
    ]
    assert weighted_rate(strata) == 0.99  # proportional: the plain rate
    lifted = [strata[0] | {"docs": 99_999}, strata[1] | {"docs": 1}]
    assert weighted_rate(lifted) == 1.0
    assert weighted_rate([*strata, strata[0] | {"labelled": 0}]) is None
    assert weighted_rate([]) is None


def test_the_audit_counts_what_was_read_of_each_source(tmp_path: Path) -> None:
    found = read_reviews(written(tmp_path, [line("00"), line("01", verdict="remove"), line("03")]))
    table = draws(4).with_columns(source=pl.Series(["a", "a", "b", "b"]))
    frame = [{"source": "a", "docs": 30, "drawn": 2}, {"source": "b", "docs": 10, "drawn": 2}]
    told = audit_facts(table, found, wanted=4, seed=1, min_pass=0.5, strata=frame)
    assert told["strata"] == [
        frame[0] | {"labelled": 2, "failures": 1},
        frame[1] | {"labelled": 1, "failures": 0},
    ]
    assert (told["pass_rate"], told["weighted_rate"]) == (0.6667, 0.625)
