"""The bundled sample, run for real: every planted truth comes true, the books close, same bytes again."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

import datasets
import polars as pl
import pytest
from support import call

from lineage.verify import verify_release


def tables(project: Path, stage: str, columns: list[str] | None = None) -> pl.DataFrame:
    found = sorted((project / "data" / stage).rglob("*.parquet"))
    return pl.concat([pl.read_parquet(p, columns=columns, glob=False) for p in found])


@pytest.fixture(scope="module")
def outcome(sample: Path) -> dict[tuple[str, str], dict]:
    """Return what happened to every document, by source and native id."""
    docs = tables(sample, "ingest", ["doc_id", "source", "native_id", "ai_label"])
    joined = docs.join(tables(sample, "decide").drop("row"), on="doc_id").join(
        tables(sample, "pii", ["doc_id", "counts"]), on="doc_id"
    )
    names = dict(docs.select("doc_id", pl.struct("source", "native_id")).iter_rows())
    rows = {}
    for row in joined.iter_rows(named=True):
        row["keeper"] = names.get(row["keeper"])
        row["pii"] = {c["type"]: c["n"] for c in row.pop("counts")}
        rows[row["source"], row["native_id"]] = row
    return rows


def test_every_planted_truth_comes_true(sample: Path, outcome: dict) -> None:
    wrong = []
    for truth in json.loads((sample / "sample" / "truth.json").read_text(encoding="utf-8")):
        got = outcome[truth["source"], truth["native_id"]]
        for name, expected in truth["expect"].items():
            if got[name] != expected:
                wrong.append((truth["plant"], truth["source"], truth["native_id"], name, expected, got[name]))
    assert wrong == []


def test_nothing_unplanted_is_lost(sample: Path, outcome: dict) -> None:
    planted = {
        (t["source"], t["native_id"])
        for t in json.loads((sample / "sample" / "truth.json").read_text("utf-8"))
    }
    whole_source = ("licence-missing", "retention-ended")
    lost = [
        (key, row["disposition"], row["reason"])
        for key, row in outcome.items()
        if row["disposition"] != "kept" and row["reason"] not in whole_source and key not in planted
    ]
    assert lost == []


def test_the_books_close(sample: Path, keys_folder: Path) -> None:
    books = json.loads(call(["hallmark", "books", "--json"], sample, keys_folder).stdout)
    total = books["total"]
    assert total["in"] == sum(n for name, n in total.items() if name != "in")
    assert total["in"] == sum(flow["in"] for flow in books["sources"].values())
    assert total["in"] == tables(sample, "ingest", ["row"]).height


def test_the_release_verifies_and_is_screened(sample: Path, keys_folder: Path) -> None:
    report = verify_release(sample / "release", trust=sample / "trust.json", deep=True)
    assert (report.code, report.grade, report.problems) == (0, "screened", [])
    assert call(["hallmark", "verify", "release"], sample, keys_folder).returncode == 0
    assert call(["python", "-m", "lineage.verify", "release"], sample, keys_folder).returncode == 0


def test_the_release_tells_who_is_written_about_and_what_filtering_took(sample: Path, outcome: dict) -> None:
    meta = sample / "release" / "meta"
    whole = json.loads((meta / "manifest.json").read_text("utf-8"))["fairness"]
    own = [json.loads(p.read_text("utf-8"))["fairness"] for p in sorted((meta / "shards").rglob("*.json"))]
    kept = [r for r in outcome.values() if r["disposition"] in ("kept", "redacted")]
    assert whole["docs"] == sum(part["docs"] for part in own) == len(kept)
    assert whole["diversity"]["sources"] == len({r["source"] for r in kept})
    assert sum(row["docs"] for row in whole["filtering"]["rows"]) == len(outcome)
    assert sum(row["mentions"] for row in whole["attributes"]) > 0
    assert whole["discrimination"]["evidence"]


def test_datasets_loads_exactly_what_was_kept(sample: Path, outcome: dict, tmp_path: Path) -> None:
    loaded = datasets.load_dataset(str(sample / "release"), cache_dir=str(tmp_path))["train"]
    kept = {r["doc_id"].hex() for r in outcome.values() if r["disposition"] in ("kept", "redacted")}
    assert set(loaded["doc_id"]) == kept
    assert loaded.num_rows == len(kept)


def test_no_personal_value_is_published(sample: Path) -> None:
    spans = tables(sample, "pii_spans", ["doc_id", "type", "start", "end"])
    texts = tables(sample, "ingest", ["doc_id", "text"])
    found = spans.filter(pl.col("type") != "CN_USCC").join(texts, on="doc_id")
    values = {(r["doc_id"].hex(), r["text"][r["start"] : r["end"]]) for r in found.iter_rows(named=True)}
    assert len(values) > 10
    shards = [
        pl.read_parquet(p, glob=False) for p in sorted((sample / "release" / "data").rglob("*.parquet"))
    ]
    published = dict(pl.concat(shards).select("doc_id", "text").iter_rows())
    # the same digits may stand elsewhere as an order number; in its own document a value is gone
    assert [d for d, v in values if v in published.get(d, "")] == []
    papers = "\n".join(
        p.read_text(encoding="utf-8")
        for folder in ("meta", "sheets")
        for p in (sample / "release" / folder).rglob("*")
        if p.is_file()
    )
    assert [v for _, v in values if v in papers] == []


def test_another_number_of_workers_gives_the_same_bytes(
    sample: Path, keys_folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(
        sample,
        other,
        ignore=shutil.ignore_patterns("data", "release", "metrics", "runs", "dvc.lock", "cache"),
    )
    params = (other / "params.yaml").read_text()
    assert "workers: 0" in params
    (other / "params.yaml").write_text(params.replace("workers: 0", "workers: 1"))
    call(["dvc", "repro"], other, keys_folder)
    for folder in (
        "release",
        "data/ingest",
        "data/quality",
        "data/dedup",
        "data/pii",
        "data/screen",
        "data/decide",
    ):
        assert digests(other / folder) == digests(sample / folder), folder


def digests(folder: Path) -> dict[str, bytes]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def test_a_second_run_changes_nothing(sample: Path, keys_folder: Path) -> None:
    before = digests(sample / "release")
    done = call(["dvc", "repro"], sample, keys_folder)
    assert "Stage 'publish' didn't change, skipping" in done.stdout
    assert digests(sample / "release") == before


def test_trace_tells_origin_evidence_and_shard_or_keeper(
    sample: Path, keys_folder: Path, outcome: dict
) -> None:
    kept = next(r for r in outcome.values() if r["disposition"] == "kept")
    story = json.loads(
        call(["hallmark", "trace", kept["doc_id"].hex(), "--json"], sample, keys_folder).stdout
    )
    shard = pl.read_parquet(sample / "release" / story["published"]["shard"], glob=False)
    assert shard["doc_id"][story["published"]["row"]] == kept["doc_id"].hex()
    lost = next(r for r in outcome.values() if r["reason"] == "near-duplicate")
    story = json.loads(
        call(["hallmark", "trace", lost["doc_id"].hex()[:16], "--json"], sample, keys_folder).stdout
    )
    assert story["disposition"]["jaccard"] >= 0.8
    assert story["keeper"]["source"] == lost["keeper"]["source"]


def test_a_traced_record_reads_again_to_the_same_bytes(
    sample: Path, keys_folder: Path, outcome: dict
) -> None:
    seen = set()
    for row in outcome.values():
        if row["source"] in seen or row["disposition"] == "unreadable":
            continue
        seen.add(row["source"])
        command = ["hallmark", "trace", row["doc_id"].hex(), "--reread", "--json"]
        assert json.loads(call(command, sample, keys_folder).stdout)["reread"]["matches"], row["source"]
    assert len(seen) == 10


def test_removed_shows_only_what_was_asked(sample: Path, keys_folder: Path) -> None:
    done = call(["hallmark", "removed", "--reason", "low-quality", "--sample", "2"], sample, keys_folder)
    assert done.stdout.count("removed low-quality (rule") == 2


def test_what_if_counts_under_another_policy_without_publishing(
    sample: Path, keys_folder: Path, tmp_path: Path
) -> None:
    policy = (sample / "policies" / "cn-gbt-45654-2025.yaml").read_text(encoding="utf-8")
    lax = tmp_path / "lax.yaml"
    lax.write_text(
        policy.replace("test: licence-missing, action: remove", "test: licence-missing, action: flag")
    )
    before = digests(sample / "release")
    done = call(["hallmark", "what-if", "--policy", str(lax), "--json"], sample, keys_folder)
    answer = json.loads(done.stdout)
    line = next(r for r in answer["reasons"] if r["reason"] == "licence-missing")
    assert line["now"] > 0
    assert line["then"] == 0
    assert answer["then"]["kept"] > answer["now"]["kept"]
    assert digests(sample / "release") == before


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_figure_on_every_sheet_is_recomputed_from_the_releases_own_files(
    sample: Path, lang: str
) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "lineage"))
    from test_sheets_facts import Page, expected_text

    release, figures = sample / "release", 0
    sheets = sorted((release / "sheets").glob(f"*/*.{lang}.html"))
    assert len(sheets) > 8
    for sheet in [release / "sheets" / f"release.{lang}.html", *sheets]:
        text = sheet.read_text(encoding="utf-8")
        named = re.search(r'data-manifest="([^"]+)" data-sha256="([0-9a-f]{64})"', text)
        assert named
        content = (release / named[1]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == named[2]
        manifest = json.loads(content)
        for value in Page(text).values:
            expected = expected_text(manifest, value)
            shown = re.sub(r"^[≤≥] ", "", value["text"])
            assert expected is None or shown in (expected, "<0.1%", ">99.9%"), (sheet.name, value)
            figures += expected is not None
    assert figures > 10_000
