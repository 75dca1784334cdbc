"""Promises of the CBRN seed files: four fields in two languages, splits that share no name, nothing usable."""

import re

import polars as pl
import pytest

from pipelines.train.seeds import BENIGN, SEEDS, expand

FIELDS = {"cbrn-biological", "cbrn-chemical", "cbrn-nuclear", "cbrn-missile"}
FILES = sorted(SEEDS.glob("cbrn-*.yaml"))
QUANTITY = re.compile(
    r"\d+\s*(?:mg|g|kg|ml|l|%|°|degrees|hours?|minutes?|毫克|克|千克|毫升|升|摄氏度|小时|分钟)\b", re.I
)


@pytest.fixture(params=FILES, ids=lambda p: p.stem)
def rows(request):
    return expand(request.param).with_columns(pl.col("labels").list.last().alias("code"))


def test_each_field_has_names_in_each_split_beside_benign_topics(rows):
    assert set(rows["code"]) == FIELDS | {BENIGN} and len(FILES) == 2
    counts = rows.group_by("code", "split").len()
    assert counts.height == 15 and counts["len"].min() > 0


def test_no_sentence_stands_in_two_splits_and_frames_are_shared_by_all_classes(rows):
    assert rows["text"].n_unique() == rows.height
    first = rows["text"].str.slice(0, 4)
    benign = set(first.filter(rows["code"] == BENIGN))
    assert set(first.filter(rows["code"] != BENIGN)) & benign, "the frame alone must not tell the class"


def test_no_seed_names_a_quantity(rows):
    assert not [t for t in rows["text"] if QUANTITY.search(t)]
