"""Documents of earlier releases are found again by signature alone."""

from __future__ import annotations

import dedup_reference as reference
import polars as pl
import pytest
from test_dedup_pairs import variants

from stages.dedup import DedupSettings, earlier, sign
from stages.dedup.releases import EARLIER


def signed(folder, name: str, texts: list[str | None], settings: DedupSettings):
    path = folder / f"{name}.parquet"
    sign(reference.documents(texts, name), settings).write_parquet(path)
    return path


@pytest.fixture
def case(tmp_path):
    settings = DedupSettings()
    groups = [
        variants(11, 40, (1, 40))[n::3] for n in range(3)
    ]  # originals, one word changed, a third changed
    files = [
        signed(tmp_path, f"now{n}", texts, settings) for n, texts in enumerate([*groups, ["ok", None, "!"]])
    ]
    index = [signed(tmp_path, "then", [*groups[0][:20], "OK?", "", "!"], settings)]
    return settings, files, index


def test_a_text_of_an_earlier_release_is_found_again_and_a_changed_one_by_its_estimate(case):
    settings, files, index = case
    found = earlier(files, index, settings)
    ids = [pl.read_parquet(f)["doc_id"].to_list() for f in [*files, *index]]
    pairs = {(a, b): (kind, estimate) for a, b, kind, estimate in found.rows()}
    then = ids[-1]
    for n in range(20):
        assert pairs.pop((ids[0][n], then[n])) == ("exact", 1.0)
        kind, estimate = pairs.pop((ids[1][n], then[n]))
        assert kind == "near" and 0.8 <= estimate < 1
    assert pairs == {(ids[3][0], then[20]): ("near", 1.0), (ids[3][2], then[22]): ("exact", 1.0)}


def test_matches_do_not_depend_on_partitions(case):
    settings, files, index = case
    whole = earlier(files, index, settings)
    split = pl.concat([earlier(files, index, settings, p, 40) for p in range(40)])
    joined = split.sort("doc_id", "earlier", "kind").unique(["doc_id", "earlier"], keep="first")
    assert joined.sort("doc_id", "earlier").equals(whole)


def test_without_an_index_or_documents_nothing_matches(case, tmp_path):
    settings, files, _ = case
    assert earlier(files, [], settings).is_empty()
    assert earlier([], files, settings).is_empty()
    assert dict(earlier([], [], settings).schema) == EARLIER


def test_a_crowd_of_equal_texts_in_the_index_costs_one_star(tmp_path):
    settings = DedupSettings(hot_band_size=10)
    crowd = [f"the same words of a long enough text{'!' * n}" for n in range(500)]
    index = [signed(tmp_path, "then", crowd, settings)]
    files = [signed(tmp_path, "now", ["The same words of a long enough text"] * 30, settings)]
    found = earlier(files, index, settings)
    assert found.height == 300
    assert found["doc_id"].n_unique() == 30
