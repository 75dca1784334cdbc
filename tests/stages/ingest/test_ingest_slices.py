"""Cutting a file changes nothing: the slices together hold each record once, in order."""

from __future__ import annotations

import bz2
import gzip
import json
import random
from itertools import pairwise

import pytest
import zstandard
from ingest_helpers import make_source

from stages.ingest.files import InputFile
from stages.ingest.plan import Part, plan_parts
from stages.ingest.read import in_a_row, read_part, read_row
from stages.ingest.settings import IngestSettings

SETTINGS = IngestSettings()


def table(name: str) -> bytes:
    draw = random.Random(5)
    texts = ["".join(draw.choices("河上芦苇ab c\n\"'", k=draw.randrange(1, 400))) + "。" for _ in range(300)]
    if name.startswith("csv"):
        rows = ["id,text", *(f'{i},"{t.replace(chr(34), chr(34) * 2)}"' for i, t in enumerate(texts))]
        return "\n".join(rows).encode()
    text = "\n".join(json.dumps({"id": i, "text": t}, ensure_ascii=False) for i, t in enumerate(texts))
    return text.encode("utf-16") if name == "jsonl.utf16" else text.encode()


@pytest.mark.parametrize(
    "name", ["jsonl", "jsonl.utf16", "jsonl.gz", "jsonl.bz2", "jsonl.zst", "csv", "csv.gz"]
)
@pytest.mark.parametrize("seed", range(4))
def test_slices_hold_each_record_once_wherever_they_are_cut(put, tmp_path, name, seed):
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstandard.compress}.get(
        name[-3:].strip("."), bytes
    )
    data = pack(table(name))
    file = "in/a." + name.removesuffix(".utf16")
    put(file[3:], data)
    cuts = [0, *sorted(random.Random(seed).sample(range(1, len(data)), 6)), len(data)]
    source = make_source()

    def rows(*slices: tuple[int, int]) -> list[tuple]:
        out = []
        for start, end in slices:
            part = read_part(source, Part("shelf", "x", ((file, start, end),)), tmp_path, SETTINGS)
            out += part.select(["native_id", "text", "error", "offset", "raw_sha256"]).to_pylist()
        return out

    whole = rows((0, len(data)))
    assert len(whole) == 300 and not any(row["error"] for row in whole)
    assert rows(*pairwise(cuts)) == whole


def test_a_new_file_leaves_most_parts_untouched():
    files = [InputFile(f"in/{i:04d}.txt", 20_000, 0) for i in range(2000)]
    settings = IngestSettings(part_mib=1)
    before = set(plan_parts(make_source(), files, settings))
    after = set(plan_parts(make_source(), [*files, InputFile("in/0777a.txt", 20_000, 0)], settings))
    assert len(before) > 20
    assert len(before - after) <= 2
    assert sorted(s[0] for part in after for s in part.slices) == sorted(
        [*(f.path for f in files), "in/0777a.txt"]
    )


def test_a_large_file_becomes_parts_that_cover_it_and_survive_json():
    parts = plan_parts(make_source(), [InputFile("in/a.jsonl", 10 << 30, 0)], SETTINGS)
    assert len(parts) == 160
    spans = [part.slices[0][1:] for part in parts]
    assert spans[0][0] == 0 and spans[-1][1] == 10 << 30
    assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert Part.from_json(json.loads(json.dumps(parts[3].to_json()))) == parts[3]


@pytest.mark.parametrize("name", ["jsonl.gz", "jsonl.bz2", "jsonl.zst", "csv", "csv.gz"])
@pytest.mark.parametrize("seed", range(3))
def test_a_file_read_in_a_row_gives_the_same_parts_as_its_slices_alone(put, tmp_path, name, seed):
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstandard.compress}.get(
        name[-3:].strip("."), bytes
    )
    data = pack(table(name))
    put("a." + name, data)
    cuts = [0, *sorted(random.Random(seed).sample(range(1, len(data)), 5)), len(data)]
    spans = [((f"in/a.{name}", a, b),) for a, b in pairwise(cuts)]
    parts = [Part("shelf", f"p{at}", span) for at, span in enumerate(spans)]
    wanted = {"p0", "p2", "p3", "p5"}
    found = {part.part: t for part, t in read_row(make_source(), parts, tmp_path, SETTINGS, wanted)}
    assert set(found) == wanted and in_a_row(make_source(), parts[0])
    for part in parts:
        if part.part in wanted:
            assert found[part.part].equals(read_part(make_source(), part, tmp_path, SETTINGS))
