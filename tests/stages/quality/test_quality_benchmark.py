"""The benchmark runs on any folder of the layout, whatever the files are called."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import zstandard

ROOT = Path(__file__).parents[3]
PROSE = "The ferry leaves at seven and reaches the island before noon on most days of the year.\n"
CHINESE = "渡船七点离开，大多数日子里中午以前就能到岛上。没有人会等迟到的旅客，因为潮水也不等人。\n"


def jsonl(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def a_folder(root: Path) -> Path:
    for sub in ("lid", "quality", "corpora/notes"):
        (root / sub).mkdir(parents=True)
    labelled = [{"text": PROSE, "lang": "en"}, {"text": CHINESE, "lang": "zh-Hans"}]
    (root / "lid" / "anything.jsonl.gz").write_bytes(gzip.compress(jsonl(labelled), mtime=0))
    kinds = [
        {"text": PROSE, "keep": 1, "kind": "prose"},
        {
            "text": "".join(f"word{i}\t{i}\n" for i in range(150)),
            "keep": 0,
            "kind": "wordlist",
        },
        {"text": "if (a) {\n}\n" * 9, "keep": 0, "kind": "code"},
    ]
    (root / "quality" / "x.jsonl.zst").write_bytes(zstandard.compress(jsonl(kinds)))
    (root / "quality" / "y.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    pl.DataFrame(
        {"text": [CHINESE], "classical": ["舟人曰：" + "风之大者，吾与汝居岸而待之，岂不信乎。" * 3]}
    ).write_parquet(root / "corpora" / "old.parquet")
    (root / "corpora" / "notes" / "a.txt").write_bytes(CHINESE.encode("gb18030"))
    return root


def test_the_benchmark_measures_a_folder_by_row_format(tmp_path):
    folder, out, page = a_folder(tmp_path / "eval"), tmp_path / "figures.json", tmp_path / "page.md"
    page.write_text(
        "before\n<!-- rules --><!-- /rules -->\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n",
        encoding="utf-8",
    )
    command = [
        sys.executable,
        "-m",
        "benchmarks.quality",
        "--eval-dir",
        folder,
        "--json",
        out,
        "--write",
        page,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert figures["kinds"]["prose_kept"] == 1.0
    assert figures["kinds"]["junk_dropped"] == 1.0
    assert {row["lang"]: row["recall"] for row in figures["languages"]} == {
        "en": 1.0,
        "zh": 1.0,
        "zh-Hans": 1.0,
    }
    assert [row["recall"] for row in figures["classical"]] == [1.0, 1.0]
    assert {row["corpus"]: row["docs"] for row in figures["corpora"]} == {"notes": 1, "old.parquet": 1}
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert "old\n" not in text and "| wordlist | 1 | 0.0 |" in text


def test_the_rules_of_a_file_replace_the_suggested_ones(tmp_path):
    rules, out = tmp_path / "rules.json", tmp_path / "figures.json"
    rules.write_text('[{"id": "all", "column": "words", "op": ">", "value": 0, "languages": null}]')
    command = [sys.executable, "-m", "benchmarks.quality", "--eval-dir", a_folder(tmp_path / "eval")]
    done = subprocess.run(
        [*command, "--rules", rules, "--json", out], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    kinds = json.loads(out.read_text(encoding="utf-8"))["kinds"]
    assert kinds["prose_kept"] == 0.0
    assert all(line["rules"] == {"all": line["docs"]} for line in kinds["by_kind"])


def test_a_folder_without_the_layout_is_a_clear_error(tmp_path):
    command = [sys.executable, "-m", "benchmarks.quality", "--eval-dir", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "there are no evaluation files for `lid`" in done.stderr and "Traceback" not in done.stderr
