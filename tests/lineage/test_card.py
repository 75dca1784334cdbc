"""The dataset card: loads with the real `datasets`, and no title can break it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sheet_manifests as made
from ruamel.yaml import YAML

from lineage.card import card, config_name, size_category


def front_matter(text: str) -> dict:
    return YAML(typ="safe").load(text.split("---\n")[1])


def write_release(folder: Path, texts: dict[str, list[str]]) -> dict:
    manifest = made.release()
    manifest["shards"] = []
    for source, rows in texts.items():
        digest = hashlib.sha256(repr(rows).encode()).hexdigest()
        path = f"data/{source}/p-0000-{digest[:12]}.parquet"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({"doc_id": [str(i) for i in range(len(rows))], "text": rows})
        pq.write_table(table, folder / path)
        manifest["shards"].append(
            {
                "source": source,
                "part": "p-0000",
                "path": path,
                "sha256": digest,
                "rows": len(rows),
                "manifest_sha256": digest,
            }
        )
    (folder / "README.md").write_text(card(manifest), encoding="utf-8")
    return manifest


def load(folder: Path, cache: Path) -> list[str]:
    return datasets.load_dataset(str(folder), split="train", cache_dir=str(cache))["text"][:]


def test_datasets_loads_exactly_the_listed_shards(tmp_path: Path) -> None:
    release = tmp_path / "release"
    write_release(release, {"b": ["3", "4"], "a": ["1", "2"]})
    stray = release / "data/a/stray.parquet"
    pq.write_table(pa.table({"other": [9]}), stray)
    (release / "lineage/a").mkdir(parents=True)
    pq.write_table(pa.table({"row": [1]}), release / "lineage/a/p-0000.parquet")
    assert load(release, tmp_path / "cache") == ["1", "2", "3", "4"]


def test_a_changed_release_is_never_served_from_the_cache(tmp_path: Path) -> None:
    release, cache = tmp_path / "release", tmp_path / "cache"
    write_release(release, {"a": ["old"]})
    assert load(release, cache) == ["old"]
    write_release(release, {"a": ["new"]})
    assert load(release, cache) == ["new"]


def test_a_path_with_glob_characters_is_taken_literally(tmp_path: Path) -> None:
    release = tmp_path / "release"
    write_release(release, {"a[1]": ["inside"]})
    assert load(release, tmp_path / "cache") == ["inside"]


def test_the_configuration_carries_the_version() -> None:
    manifest = made.release()
    config = front_matter(card(manifest))["configs"][0]
    assert config["config_name"] == config_name("1.0.0") == "v1.0.0"
    assert config["data_files"][0]["path"] == sorted(s["path"] for s in manifest["shards"])


def test_front_matter_states_languages_licence_and_size() -> None:
    matter = front_matter(card(made.release()))
    assert set(matter["language"]) <= {"zh", "en", "lzh"} and "zh" in matter["language"]
    assert matter["license"] == "other"
    assert matter["size_categories"] == ["10K<n<100K"]


def test_one_licence_is_named_in_lower_case() -> None:
    manifest = made.release()
    manifest["licences"] = [{"spdx": "CC-BY-SA-4.0", "docs": 5}, {"spdx": "MIT", "docs": 0}]
    assert front_matter(card(manifest))["license"] == "cc-by-sa-4.0"


def test_an_unstated_licence_is_never_printed_as_a_licence() -> None:
    manifest = made.release()
    manifest["licences"] = [{"spdx": "NOASSERTION", "docs": 5}]
    assert front_matter(card(manifest))["license"] == "other"


def test_a_release_with_nothing_kept_has_no_configuration_and_says_so() -> None:
    text = card(made.release([made.shard(4, empty=True)]))
    assert "configs" not in front_matter(text)
    assert "nothing to load" in text and "无可加载" in text


@pytest.mark.parametrize("title", ['"\n---\nlicense: mit', "'x'\n- y", "a: b # c", "[[", "\u202etxt"])
def test_a_title_cannot_write_front_matter(title: str) -> None:
    manifest = made.release()
    manifest["dataset"]["title"] = {"zh": title, "en": title}
    matter = front_matter(card(manifest))
    assert matter["license"] == "other"
    assert set(matter) == {
        "pretty_name",
        "language",
        "license",
        "license_name",
        "license_link",
        "size_categories",
        "configs",
    }


@pytest.mark.parametrize("rows,name", [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**12, "n>1T")])
def test_size_classes_meet_without_gap(rows: int, name: str) -> None:
    assert size_category(rows) == name


def test_equal_manifests_give_equal_cards() -> None:
    assert card(made.release()) == card(made.release())
