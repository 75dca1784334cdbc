"""The bundled sample is what its script makes, and its planted truths are true."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import phonenumbers
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_from_disk
from ruamel.yaml import YAML
from stdnum import luhn
from stdnum.cn import ric, uscc

from lineage.reasons import BY_SLUG
from lineage.records import DISPOSITIONS, doc_id
from stages.ingest import check, load_sources

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample"
CORPORA = SAMPLE / "corpora"
TRUTH = json.loads((SAMPLE / "truth.json").read_text("utf-8"))
SOURCES = {entry["id"]: entry for entry in YAML(typ="safe").load(ROOT / "sources.yaml")["sources"]}
Key = tuple[str, str]


def test_the_script_makes_the_committed_files(made: Path) -> None:
    assert _files(made) == _files(SAMPLE)
    different = [name for name in _files(made) if _content(made / name) != _content(SAMPLE / name)]
    assert different == []


def test_a_second_run_makes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    _make(tmp_path, hash_seed="2")
    different = [
        name for name in _files(made) if (made / name).read_bytes() != (tmp_path / name).read_bytes()
    ]
    assert _files(made) == _files(tmp_path) and different == []


def test_the_sample_is_small_and_holds_about_a_thousand_documents(texts: dict[Key, str]) -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 3_000_000
    assert 950 <= len(texts) <= 1100
    planted = {(t["source"], t["native_id"]) for t in TRUTH}
    lengths = [len(text) for key, text in texts.items() if key not in planted]
    assert min(lengths) >= 80 and max(lengths) <= 700


def test_every_truth_names_one_document(texts: dict[Key, str]) -> None:
    keys = Counter((t["source"], t["native_id"]) for t in TRUTH)
    assert [key for key, n in keys.items() if n > 1] == []
    assert [t for t in TRUTH if "file" not in t and (t["source"], t["native_id"]) not in texts] == []
    assert [t["file"] for t in TRUTH if "file" in t and not (ROOT / t["file"]).exists()] == []


def test_every_expectation_is_in_the_vocabulary() -> None:
    for truth in TRUTH:
        disposition, reason = truth["expect"]["disposition"], truth["expect"]["reason"]
        assert disposition in DISPOSITIONS
        assert (reason is None) if disposition == "kept" else reason in BY_SLUG, truth


def test_every_keeper_comes_first_among_those_that_may_stay() -> None:
    by_key = {(t["source"], t["native_id"]): t for t in TRUTH}
    copies = [t for t in TRUTH if t["expect"]["reason"] in ("exact-duplicate", "near-duplicate")]
    assert len(copies) >= 15
    for copy in copies:
        keeper = by_key[copy["expect"]["keeper"]["source"], copy["expect"]["keeper"]["native_id"]]
        assert keeper["expect"]["disposition"] == "kept"
        assert _rank(keeper) < _rank(copy)


def test_planted_similarities_are_what_the_truth_says(texts: dict[Key, str]) -> None:
    seen = Counter()
    for truth in TRUTH:
        if "jaccard" not in truth:
            continue
        other = truth.get("pair") or truth["expect"]["keeper"]
        a, b = texts[truth["source"], truth["native_id"]], texts[other["source"], other["native_id"]]
        value = _jaccard(_shingles(a), _shingles(b))
        assert value == pytest.approx(truth["jaccard"], abs=0.0001)
        kind = truth["plant"] if "pair" in truth else truth["expect"]["reason"]
        bounds = {"below-threshold": (0.4, 0.6), "chain": (0.6, 0.79), "exact-duplicate": (1, 1)}
        low, high = bounds.get(kind, (0.85, 0.9999))
        assert low <= value <= high, truth
        seen[kind] += 1
    assert seen["near-duplicate"] >= 6 and seen["twin-of-removed"] >= 2 and seen["below-threshold"] >= 4


def test_the_end_of_the_chain_is_near_to_the_middle_only(texts: dict[Key, str]) -> None:
    first, middle, last = (_shingles(texts[key]) for key in _keys("chain"))
    assert _jaccard(first, middle) >= 0.85 and _jaccard(middle, last) >= 0.85 and _jaccard(first, last) < 0.79


def test_unrelated_documents_are_not_alike(texts: dict[Key, str]) -> None:
    plants = {(t["source"], t["native_id"]): t["plant"] for t in TRUTH}
    keys = sorted(texts)
    sets = [_shingles(texts[key]) for key in keys]
    holders = defaultdict(list)
    for number, shingles in enumerate(sets):
        for shingle in shingles:
            holders[shingle].append(number)
    shared = Counter(
        (a, b) for numbers in holders.values() for i, a in enumerate(numbers) for b in numbers[i + 1 :]
    )
    alike = []
    for (a, b), common in shared.items():
        related = keys[a] in plants and plants[keys[a]] == plants.get(keys[b])
        if not related and common >= 0.3 * (len(sets[a]) + len(sets[b]) - common):
            alike.append((keys[a], keys[b]))
    assert alike == []


def test_planted_resident_ids_pass_the_check_and_were_never_issued(texts: dict[Key, str]) -> None:
    found = [n for key in _keys("pii") for n in re.findall(r"\d{17}[\dX]", texts[key])]
    assert len(found) >= 3
    assert all(ric.is_valid(number) and number[14:17] == "000" for number in found)
    broken = [
        n for key in _keys("pii-look-alike") for n in re.findall(r"(?<!\d)\d{17}[\dX](?!\d)", texts[key])
    ]
    assert broken and not any(ric.is_valid(number) or uscc.is_valid(number) for number in broken)


def test_planted_bank_cards_are_published_test_numbers(texts: dict[Key, str]) -> None:
    published = {"6200000000000005", "6212345678901232", "4111111111111111", "5555555555554444"}
    assert _cards("pii", texts) == published and all(luhn.is_valid(card) for card in published)
    near_misses = _cards("pii-look-alike", texts)
    assert near_misses and not any(luhn.is_valid(card) for card in near_misses)


def test_no_number_or_address_in_the_sample_can_be_anybodys(texts: dict[Key, str]) -> None:
    for text in texts.values():
        bare = re.sub(r"(?<=\d)[ -](?=\d)", "", text)
        for mobile in re.findall(r"(?<!\d)(?:86)?(1[3-9]\d{9})(?!\d)", bare):
            assert not phonenumbers.is_valid_number(phonenumbers.parse(mobile, "CN")), mobile
        for phone in re.findall(r"\(\d{3}\) \d{3}-\d{4}", text):
            assert re.search(r"555-01\d\d$", phone)
        for number in re.findall(r"\d{17}[\dX]", bare):
            assert number[14:17] == "000"
        for address in re.findall(r"[\w.-]+@([\w.-]+\w)", text):
            assert address in ("example.com", "example.org")


def test_ai_labels_are_as_planted() -> None:
    verdicts = Counter(t["expect"]["ai_label"] for t in TRUTH if "ai_label" in t["expect"])
    assert verdicts.keys() >= {
        "labelled-1",
        "labelled-2",
        "labelled-3",
        "label-malformed",
        "explicit-only",
        "none",
    }
    for truth in TRUTH:
        verdict = truth["expect"].get("ai_label", "")
        if verdict.startswith("labelled-"):
            head = (ROOT / truth["native_id"].removesuffix("#0")).read_text("utf-8").split("---\n")[1]
            label = YAML(typ="safe").load(head)["AIGC"]
            assert label["Label"] == verdict[-1] and len(label) == 7
            assert label["ContentProducer"].startswith("0011") and uscc.is_valid(
                label["ContentProducer"][4:22]
            )


def test_markings_stand_on_lines_of_their_own_and_mentions_do_not(texts: dict[Key, str]) -> None:
    marking = re.compile(r"^(密级：)?(绝密|机密|秘密)★(\d+年|长期|启用前)$", re.MULTILINE)
    for plant, wanted in (("secrecy-marking", True), ("exam-paper", True), ("secrecy-mention", False)):
        assert all(bool(marking.search(texts[key])) is wanted for key in _keys(plant)) and _keys(plant)
    for key in _keys("secrecy-twin"):
        assert bool(marking.search(texts[key])) is ("unmarked" not in key[1])
    assert all("启用前" in texts[key] for key in _keys("exam-paper"))


def test_hidden_text_is_made_of_tag_characters(texts: dict[Key, str]) -> None:
    hidden = {key for key, text in texts.items() if re.search("[\U000e0000-\U000e007f]", text)}
    assert hidden == {*_keys("hidden-text"), *_keys("tagged-flag")} and len(hidden) == 3


def test_broken_lines_are_broken_as_told() -> None:
    lines = (CORPORA / "zh-notes" / "broken.jsonl").read_bytes().splitlines()
    reasons = {t["record"]: t["expect"]["reason"] for t in TRUTH if t["plant"] == "broken-record"}
    assert [reasons[n] for n in range(len(lines) - 1)] == [_why_broken(line) for line in lines[:-1]]
    assert reasons[len(lines) - 1] == "duplicate-id"
    assert json.loads(lines[-1])["id"] == json.loads(lines[-2])["id"]
    places = {
        t["native_id"].split("@")[1] for t in TRUTH if "@" in t["native_id"] and t["plant"] == "broken-record"
    }
    starts = [str(sum(len(line) + 1 for line in lines[:n])) for n in range(len(lines))]
    assert places < set(starts)


def test_broken_files_are_broken_as_told() -> None:
    with pytest.raises(EOFError), gzip.open(CORPORA / "en-articles" / "truncated.jsonl.gz") as file:
        file.read()
    whole = _content(CORPORA / "en-articles" / "truncated.jsonl.gz").split(b"\n")
    assert json.loads(whole[0])["id"] == "ea-whole" and whole[1] and whole[1][-1:] != b"}"
    widths = [len(row) for row in csv.reader(io.StringIO(_gb18030("ragged.csv")))]
    assert widths == [4, 4, 5, 4]
    assert (CORPORA / "en-letters" / "empty.txt").stat().st_size == 0


def test_the_ledger_can_be_read_only_as_gb18030() -> None:
    body = (CORPORA / "zh-ledger" / "ledger.csv").read_bytes()
    for wrong in ("utf-8", "gbk", "big5"):
        with pytest.raises(UnicodeDecodeError):
            body.decode(wrong)
    assert "𠮷" in _gb18030("ledger.csv")


def test_sources_declare_what_the_truths_rest_on() -> None:
    assert set(SOURCES) == {path.name for path in CORPORA.iterdir()}
    missing = [
        e["path"] for s in SOURCES.values() for e in s["evidence"] if not (ROOT / e["path"]).stat().st_size
    ]
    assert missing == []
    assert {s["id"] for s in SOURCES.values() if s["licence"] == "NOASSERTION"} == {"zh-web"}
    assert {s["id"] for s in SOURCES.values() if s["retain_until"].year < 2026} == {"club-archive"}
    assert max(SOURCES, key=lambda name: SOURCES[name]["priority"]) == "zh-web"


def test_every_source_proves_what_its_class_must_prove() -> None:
    findings = [f for source in load_sources(ROOT / "sources.yaml") for f in check(source, ROOT)]
    assert [(f.source, f.field) for f in findings] == [("zh-web", "licence")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the script has made the sample."""
    return _make(tmp_path_factory.mktemp("sample"), hash_seed="1")


@pytest.fixture(scope="module")
def texts() -> dict[Key, str]:
    """Return the text of every good record of the committed sample, by source and native id."""
    out: dict[Key, str] = {}
    for source in SOURCES:
        for path in sorted((CORPORA / source).rglob("*")):
            for native, text in _records(path):
                assert (source, native) not in out or path.name == "broken.jsonl"
                out.setdefault((source, native), text)
    return out


def _make(out: Path, hash_seed: str) -> Path:
    env = os.environ | {"PYTHONHASHSEED": hash_seed}
    subprocess.run([sys.executable, "-m", "sample.make", "--out", str(out)], cwd=ROOT, env=env, check=True)
    return out


def _files(folder: Path) -> list[str]:
    found = [path for path in (folder / "corpora").rglob("*") if path.is_file()]
    return sorted(path.relative_to(folder).as_posix() for path in [*found, folder / "truth.json"])


def _content(path: Path) -> object:
    """Return a file's bytes; of a container what it holds, since other library versions pack it otherwise."""
    if path.suffix == ".gz":
        return zlib.decompressobj(31).decompress(path.read_bytes())
    if path.suffix == ".zst":
        return pa.input_stream(str(path), compression="zstd").read()
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pydict()
    if path.suffix == ".arrow":
        return pa.ipc.open_stream(path.read_bytes()).read_all().to_pydict()
    if path.parent.name == "set":
        return sorted(json.loads(path.read_text("utf-8")))
    return path.read_bytes()


def _records(path: Path) -> list[tuple[str, str]]:
    """Read the good records of one file: native id and text."""
    name = path.relative_to(ROOT).as_posix()
    if ".jsonl" in path.name:
        return [pair for line in _content(path).split(b"\n") for pair in _json_record(line)]
    if path.suffix == ".parquet":
        return [(row["id"], row["text"]) for row in pq.read_table(path).to_pylist()]
    if path.suffix == ".csv":
        rows = list(csv.reader(io.StringIO(_gb18030(path.name), newline="")))
        return [(row[0], row[2]) for row in rows[1:] if len(row) == 4]
    if path.is_dir():
        return [(row["id"], row["text"]) for row in load_from_disk(str(path))]
    if path.suffix in (".md", ".txt") and path.stat().st_size:
        codec = "utf-16" if path.read_bytes().startswith(b"\xff\xfe") else "utf-8-sig"
        return [(f"{name}#0", re.sub(r"\A---\n.*?\n---\n", "", path.read_text(codec), flags=re.DOTALL))]
    return []


def _json_record(line: bytes) -> list[tuple[str, str]]:
    if not line or _why_broken(line):
        return []
    value = json.loads(line)
    sides = [value["question"], value["answer"]] if "question" in value else []
    sides += [turn.get("content") or turn["value"] for turn in value.get("messages", ())]
    return [(value["id"], value.get("text") or "\n\n".join(sides))]


def _why_broken(line: bytes) -> str | None:
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError:
        return "bad-encoding"
    except json.JSONDecodeError:
        return "bad-json"
    if not isinstance(value, dict):
        return "not-an-object"
    if not {"text", "question", "messages"} & value.keys():
        return "missing-field"
    text = value.get("text", "turns")
    if not isinstance(text, str):
        return "null-text" if text is None else "wrong-type"
    return None if text.strip() else "empty-text"


def _gb18030(name: str) -> str:
    return (CORPORA / "zh-ledger" / name).read_bytes().decode("gb18030")


def _shingles(text: str) -> set[tuple[str, ...]]:
    """Five units, a Chinese character or a word each, by code of its own."""
    spaced = "".join(
        f" {c} " if ord(c) >= 0x3400 and c.isalpha() else c if c.isalnum() else " " for c in text
    )
    units = spaced.lower().split()
    windows = [tuple(units[i : i + 5]) for i in range(len(units) - 4)]
    return set(windows or [tuple(units)])


def _jaccard(a: set, b: set) -> float:
    return len(a & b) / len(a | b)


def _keys(plant: str) -> list[Key]:
    return [(t["source"], t["native_id"]) for t in TRUTH if t["plant"] == plant]


def _cards(plant: str, texts: dict[Key, str]) -> set[str]:
    bare = [re.sub(r"(?<=\d) (?=\d)", "", texts[key]) for key in _keys(plant)]
    return {card for text in bare for card in re.findall(r"(?<!\d)[456]\d{15}(?!\d)", text)}


def _rank(truth: dict) -> tuple[int, bytes]:
    return -SOURCES[truth["source"]]["priority"], doc_id(truth["source"], truth["native_id"])
