"""Lines of any bytes, any length and any JSON, and streams cut or damaged anywhere: the books close."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
import zstandard
from fuzz_helpers import ROOT, errors, measured, read_broken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_ingest_formats import PACK

QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["text", "id", "url", "prompt", "answer", "messages", "license", "title", "x"])
RECORDS = st.dictionaries(KEYS, VALUES, max_size=5)


def line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


@QUIET
@given(
    data=st.binary(max_size=400),
    suffix=st.sampled_from(["jsonl", "json", "txt", "md", "csv", "html", "warc"]),
)
def test_any_bytes_are_rows_in_every_format(put, tmp_path, data, suffix):
    for path in (tmp_path / "in").glob("*"):
        path.unlink()
    put(f"a.{suffix}", data)
    read_broken(tmp_path)


@QUIET
@given(records=st.lists(RECORDS, min_size=1, max_size=6))
def test_any_json_gives_one_row_for_each_line(put, tmp_path, records):
    put("a.jsonl", b"".join(line(record) for record in records))
    assert len(read_broken(tmp_path)) == len(records)


@QUIET
@given(seed=st.integers(0, 10**6), pack=st.sampled_from([".gz", ".bz2", ".xz", ".zst"]), change=st.booleans())
def test_a_stream_cut_or_changed_anywhere_ends_in_one_row_that_says_so(put, tmp_path, seed, pack, change):
    draw = random.Random(seed)
    texts = [f"{i} " + draw.randbytes(20).hex() for i in range(300)]
    data = bytearray(PACK[pack](b"".join(line({"text": text}) for text in texts)))
    at = draw.randrange(1, len(data))
    if change:
        data[at] ^= 1 << draw.randrange(8)
    else:
        del data[at:]
    for path in (tmp_path / "in").glob("*"):
        path.unlink()
    put(f"a.jsonl{pack}", bytes(data))
    rows = read_broken(tmp_path)
    good = [row["text"] for row in rows if not row["error"]]
    if not change:
        assert good == texts[: len(good)]
        assert rows[-1]["error"] in ("truncated", "empty-text", "damaged")
    elif pack != ".zst":  # the others carry a checksum
        assert good == texts or any(errors(rows))


def test_nul_bytes_and_lone_surrogates_are_text_or_a_reason_never_a_crash(put, tmp_path):
    put(
        "a.jsonl",
        b'{"text": "nul \\u0000 inside"}\n{"text": "raw \x00 nul"}\n{"text": "\\ud83d alone"}\n'
        b'{"text": "pair \\ud83d\\ude00"}\n{"text": "\\ude00\\ud83d"}\n{"id": "\\ud800", "text": "x"}\n'
        b'\x00\x00\x00\n{"text": "last"}\n',
    )
    rows = read_broken(tmp_path)
    assert errors(rows) == [
        None,
        "bad-json",
        "bad-encoding",
        None,
        "bad-encoding",
        "bad-encoding",
        "bad-json",
        None,
    ]
    assert (rows[0]["text"], rows[3]["text"]) == ("nul \x00 inside", "pair \U0001f600")


@pytest.mark.parametrize("pack", ["", ".gz", ".zst"])
def test_one_line_of_a_hundred_megabytes_is_one_row_and_takes_no_such_memory(put, tmp_path, pack):
    body = b'{"text": "before"}\n{"text": "' + b"x" * (100 << 20) + b'"}\n{"text": "after"}\n'
    packed = {".gz": lambda data: gzip.compress(data, 1), ".zst": zstandard.compress}.get(pack, bytes)(body)
    put(f"a.jsonl{pack}", packed)
    found = measured(tmp_path, max_ratio=1e6)
    assert (found["rows"], found["reasons"]) == (3, ["too-long"])
    assert found["mib"] < 200
    rows = read_broken(tmp_path, max_ratio=1e6)
    assert (rows[1]["offset"], rows[1]["length"]) == (19, (100 << 20) + 12)
    assert [row["text"] for row in (rows[0], rows[2])] == ["before", "after"]


def test_depth_beyond_any_stack_is_bad_json(put, tmp_path):
    deep = b'{"text": "x", "deep": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    put("a.jsonl", deep + b'{"text": "y"}\n')
    put("b.json", b"[" * 200_000 + b"]" * 200_000)
    put("c.md", b"---\n" + b"[" * 50_000 + b"\n---\nbody")
    assert errors(read_broken(tmp_path)) == ["bad-json", None, "bad-json", None]


_AS_NOBODY = """
import json, os, sys
sys.path[:0] = sys.argv[2:4]
from pathlib import Path
from fuzz_helpers import read_broken
from lineage.errors import InputError
read_broken(Path(sys.argv[1], "warm"))  # all imports, before the user who may not read them
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    rows = read_broken(Path(sys.argv[1]))
    print(json.dumps([[row["file"], row["error"]] for row in rows]))
except InputError as error:
    print(json.dumps(str(error)))
"""


def as_nobody(project: Path) -> object:
    """Read as a user without rights: root reads everything."""
    (project / "warm" / "in").mkdir(parents=True)
    (project / "warm" / "in" / "a.jsonl").write_text('{"text": "x"}')
    folder = str(Path(__file__).parent)
    command = [sys.executable, "-c", _AS_NOBODY, str(project), str(ROOT), folder]
    if os.getuid() != 0:
        command[2] = _AS_NOBODY.replace("os.setgroups([]); os.setgid(65534); os.setuid(65534)", "")
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NUMBA_CACHE_DIR": str(project)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture
def open_project():
    """Return a project that every user may enter and write to: pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        (project / "in").mkdir()
        project.chmod(0o777)
        (project / "in").chmod(0o777)
        yield project
        (project / "in" / "deep").chmod(0o755) if (project / "in" / "deep").exists() else None


def test_a_file_that_may_not_be_read_costs_its_own_row(open_project):
    (open_project / "in" / "a.jsonl").write_text('{"text": "open"}\n')
    for name in ("b.jsonl", "c.parquet", "d.zip"):
        (open_project / "in" / name).write_text("locked")
        (open_project / "in" / name).chmod(0)
    assert as_nobody(open_project) == [
        ["in/a.jsonl", None],
        ["in/b.jsonl", "file-unreadable"],
        ["in/c.parquet", "file-unreadable"],
        ["in/d.zip", "file-unreadable"],
    ]


def test_a_folder_that_may_not_be_read_stops_before_any_work(open_project):
    (open_project / "in" / "deep").mkdir()
    (open_project / "in" / "deep" / "a.txt").write_text("hidden")
    (open_project / "in" / "deep").chmod(0)
    said = as_nobody(open_project)
    assert "in/deep" in str(said) and "Permission denied" in str(said) and "->" in str(said)


def test_a_file_that_vanishes_or_is_a_pipe_costs_its_own_row(put, tmp_path):
    from ingest_helpers import make_source

    from stages.ingest.plan import Part
    from stages.ingest.read import read_part
    from stages.ingest.settings import IngestSettings

    put("a.txt", b"here")
    part = Part("shelf", "x", (("in/gone.jsonl", 0, 40), ("in/a.txt", 0, 4)))
    done: list = []
    thread = threading.Thread(
        target=lambda: done.append(read_part(make_source(), part, tmp_path, IngestSettings())), daemon=True
    )
    thread.start()
    thread.join(20)
    assert done and done[0]["error"].to_pylist() == ["file-unreadable", None]
