"""Every option has its effect, and the method says what ran."""

from __future__ import annotations

import dedup_reference as reference
import pytest
from datasketch import MinHashLSH
from dedup_reference import Run
from pydantic import ValidationError
from scipy.stats import binom

from stages.dedup import DedupSettings, method, partitions, sign
from stages.dedup.parameters import bands_rows, detection, least_matches

WORDS = [f"w{n}" for n in range(60)]
PAIR = [" ".join(WORDS), " ".join([*WORDS[:30], "other", *WORDS[31:]])]  # 51 of 61 shingles shared: 0.8361


def near(folder, texts=PAIR, **chosen) -> int:
    return len(Run(folder, [reference.documents(texts)], DedupSettings(**chosen)).near())


def test_threshold_decides_which_pairs_are_duplicates(tmp_path):
    assert near(tmp_path / "a", threshold=0.8361) == 1
    assert near(tmp_path / "b", threshold=0.8362) == 0


def test_word_ngram_sets_the_words_of_a_shingle(tmp_path):
    assert near(tmp_path / "a", word_ngram=5) == 1
    assert near(tmp_path / "b", word_ngram=9) == 0


def test_char_ngram_sets_the_characters_of_a_shingle(tmp_path):
    text = "".join(chr(0x4E00 + n) for n in range(60))
    texts = [text, text[:30] + "龘" + text[31:]]
    assert near(tmp_path / "a", texts, char_ngram=5) == 1
    assert near(tmp_path / "b", texts, char_ngram=9) == 0
    assert near(tmp_path / "c", texts, word_ngram=9) == 1


def test_seed_and_num_perm_change_the_signature_but_not_the_exact_group():
    docs = reference.documents(PAIR)
    plain, seeded = sign(docs, DedupSettings()), sign(docs, DedupSettings(seed=2))
    assert (plain["signature"] != seeded["signature"]).all()
    assert plain["exact"].equals(seeded["exact"])
    assert len(sign(docs, DedupSettings(num_perm=64))["signature"][0]) == 256


def test_bands_and_rows_replace_the_chosen_ones(tmp_path):
    assert bands_rows(DedupSettings(bands=4, rows=3)) == (4, 3)
    assert near(tmp_path / "a", num_perm=128, bands=1, rows=128) == 0
    assert near(tmp_path / "b", num_perm=128, bands=32, rows=4) == 1


def test_bands_come_from_datasketch_and_miss_weight_buys_recall():
    for weight in (0.5, 0.9, 0.98):
        index = MinHashLSH(threshold=0.8, num_perm=128, weights=(round(1 - weight, 6), weight))
        assert bands_rows(DedupSettings(miss_weight=weight)) == (index.b, index.r)
    assert detection(DedupSettings(miss_weight=0.5), 0.8) < 0.5
    assert detection(DedupSettings(), 0.8) > 0.95
    assert detection(DedupSettings(), 0.9) >= 0.995


@pytest.mark.parametrize(("threshold", "num_perm"), [(0.5, 64), (0.8, 128), (0.95, 256), (1.0, 128)])
def test_the_estimate_turns_away_no_pair_at_the_threshold(threshold, num_perm):
    least = least_matches(DedupSettings(threshold=threshold, num_perm=num_perm))
    assert binom.cdf(least - 1, num_perm, threshold) <= 1e-4 < binom.cdf(least, num_perm, threshold)


def test_partitions_follow_the_setting_or_the_size(tmp_path):
    run = Run(tmp_path, [reference.documents([f"text number {n}" for n in range(500)])], DedupSettings())
    assert partitions(run.files, DedupSettings()) == 1
    assert partitions(run.files, DedupSettings(partitions=7)) == 7
    assert partitions(run.files, DedupSettings(partition_keys=1000)) == 9  # 500 texts, 17 bands


@pytest.mark.parametrize(
    "wrong", [{"bands": 4}, {"rows": 4}, {"bands": 20, "rows": 20}, {"threshold": 0}, {"hot_band": 3}]
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValidationError):
        DedupSettings(**wrong)


def test_every_setting_is_described():
    assert all(field.description for field in DedupSettings.model_fields.values())


def test_the_method_names_what_a_stranger_needs_to_recompute_a_signature():
    plain, seeded = method(DedupSettings()), method(DedupSettings(seed=7))
    assert plain["permutations_sha256"] != seeded["permutations_sha256"]
    assert (plain["bands"], plain["rows"], plain["num_perm"], plain["threshold"]) == (17, 7, 128, 0.8)
    assert [point["jaccard"] for point in plain["detection"]] == [0.5, 0.6, 0.7, 0.8, 0.9]
    assert plain["detection"][3]["chance"] == round(1 - (1 - 0.8**7) ** 17, 4)
    assert method(DedupSettings()) == plain
