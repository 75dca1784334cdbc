"""Archives that are cut, damaged, nested, hostile or too large cost their own rows only, and no memory."""

from __future__ import annotations

import gzip
import io
import json
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterable

import pytest
import zstandard
from fuzz_helpers import errors, measured, read_broken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_helpers import make_source

from stages.ingest.files import list_files
from stages.ingest.plan import Part, plan_parts
from stages.ingest.read import read_part, read_row
from stages.ingest.settings import IngestSettings

Members = Iterable[tuple[str, bytes]]
PLAIN = [(f"{i:02d}.txt", f"Leaf {i} of the herbarium, pressed. ".encode() * (i + 1)) for i in range(12)]


def tar(members: Members, **changes: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in changes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zipped(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


@pytest.mark.parametrize("cut", [0.1, 0.35, 0.5, 0.77, 0.9])
@pytest.mark.parametrize("pack", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_a_truncated_tar_keeps_the_members_before_the_break_and_tells_it_once(put, tmp_path, pack, cut):
    from test_ingest_formats import PACK

    whole = tar([(name, data * 400) for name, data in PLAIN])
    data = {".zst": zstandard.compress}.get(pack, PACK[pack])(whole)
    put(f"a.tar{pack}", data[: int(len(data) * cut)])
    rows = read_broken(tmp_path)
    texts = [row["text"] for row in rows[:-1]]
    assert texts == [data.decode() * 400 for _, data in PLAIN[: len(texts)]]
    assert rows[-1]["error"] == "truncated" and rows[-1]["offset"] is not None


def test_a_damaged_header_in_the_middle_of_a_tar_is_no_silent_end(put, tmp_path):
    data = bytearray(tar(PLAIN))
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as archive:
        at = archive.getmembers()[5].offset
    data[at : at + 512] = b"\xa5" * 512
    put("a.tar", bytes(data))
    rows = read_broken(tmp_path)
    assert errors(rows) == [None] * 5 + ["damaged"]
    assert (rows[-1]["file"], rows[-1]["offset"]) == ("in/a.tar", at)


def test_links_devices_and_long_names_in_a_tar_are_counted_and_never_followed(put, tmp_path):
    (tmp_path / "secret.txt").write_text("not for training")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, target in (
            ("link.txt", tarfile.SYMTYPE, "../../secret.txt"),
            ("hard.txt", tarfile.LNKTYPE, "../secret.txt"),
            ("pipe.txt", tarfile.FIFOTYPE, ""),
            ("n" * 300 + ".txt", tarfile.REGTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, target, 4 if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(b"text"))
    put("a.tar", buffer.getvalue())
    rows = read_broken(tmp_path)
    assert errors(rows) == ["not-a-file"] * 3 + [None]
    assert rows[3]["text"] == "text"


@pytest.mark.parametrize("name", ["../../up.txt", "/abs.txt", "a/../../../b.txt", "C:\\x.txt", "..\\win.txt"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_path_that_leaves_the_archive_is_a_name_and_no_place(put, tmp_path, name, kind):
    put(f"a.{kind}", (tar if kind == "tar" else zipped)([(name, b"inside")]))
    before = sorted(path for path in tmp_path.parent.rglob("*") if "in" not in path.parts[-2:])
    rows = read_broken(tmp_path)
    assert [row["text"] for row in rows] == ["inside"]
    assert rows[0]["file"] == f"in/a.{kind}!{name}"
    assert sorted(p for p in tmp_path.parent.rglob("*") if "in" not in p.parts[-2:]) == before


def test_an_archive_in_an_archive_is_told_and_not_opened(put, tmp_path):
    inner = tar([("deep.txt", b"deep")])
    for _ in range(30):
        inner = tar([("inner.tar", inner)])
    put("a.tar", inner)
    put("b.zip", zipped([("x.zip", zipped([("y.txt", b"y")])), ("z.tgz", gzip.compress(inner))]))
    rows = read_broken(tmp_path)
    assert errors(rows) == ["nested-archive"] * 3


def test_a_symbolic_link_and_a_locked_member_of_a_zip_are_told(put, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hostname")
        archive.writestr("locked.txt", "cipher")
        archive.writestr("plain.txt", "open")
    data = bytearray(buffer.getvalue())
    local = data.index(b"locked.txt") - 30
    central = data.index(b"locked.txt", local + 40) - 46
    data[local + 6] |= 1
    data[central + 8] |= 1
    put("a.zip", bytes(data))
    rows = read_broken(tmp_path)
    assert errors(rows) == ["not-a-file", "encrypted", None]
    assert all(row["offset"] is not None for row in rows)


def test_a_damaged_member_of_a_zip_spares_the_others(put, tmp_path):
    data = bytearray(zipped(PLAIN, zipfile.ZIP_STORED))
    data[data.index(b"Leaf 4")] ^= 0xFF
    put("a.zip", bytes(data))
    assert errors(read_broken(tmp_path)) == [None] * 4 + ["damaged"] + [None] * 7


def test_bombs_are_given_up_by_ratio_and_by_size(put, tmp_path):
    zeros = bytes(96 << 20)
    put("a.zip", zipped([("bomb.txt", zeros), ("good.txt", b"after the bomb")]))
    put("b.jsonl.gz", gzip.compress(zeros, 9))
    put("c.tar.gz", gzip.compress(tar([("x.txt", zeros)]), 9))
    put("d.jsonl.zst", zstandard.compress(zeros))
    rows = read_broken(tmp_path, max_ratio=100)
    assert errors(rows) == ["archive-bomb", None, "archive-bomb", "archive-bomb", "archive-bomb"]
    limited = read_broken(tmp_path, max_ratio=1e6, max_slice_mib=20)
    assert errors(limited)[0] == "archive-bomb" and "archive-bomb" in errors(limited)[2:]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst", "a.csv.bz2", "a.zip", "a.tar.xz"])
def test_a_bomb_takes_little_memory(put, tmp_path, name):
    put(name, bomb(name, 400 << 20))
    found = measured(tmp_path)
    assert set(found["reasons"]) <= {"archive-bomb", "too-long"} and found["reasons"]
    assert found["mib"] < 300


def bomb(name: str, size: int) -> bytes:
    """Return a packed file of so many letters, made without holding them."""
    import bz2
    import lzma

    block = b"a" * (1 << 20)
    if name.endswith(".zip"):
        buffer = io.BytesIO()
        with (
            zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("x.txt", "w", force_zip64=True) as member,
        ):
            for _ in range(size >> 20):
                member.write(block)
        return buffer.getvalue()
    if name.endswith(".gz"):
        member = gzip.compress(block * 16, 9)
        return member * (size >> 24)
    if name.endswith(".bz2"):
        return bz2.compress(block * 16) * (size >> 24)
    if name.endswith(".zst"):
        packer = zstandard.ZstdCompressor(level=3).compressobj()
        return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()
    head = tarfile.TarInfo("x.txt")
    head.size = size
    return lzma.compress(head.tobuf() + block * 16) + lzma.compress(block * 16) * ((size >> 24) - 1)


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_a_large_archive_is_read_in_parts_that_hold_each_member_once(put, tmp_path, kind):
    from test_ingest_formats import PACK

    members = [(f"{i:03d}.txt", f"page {i} ".encode() * (1 + i * 7 % 900)) for i in range(150)]
    data = zipped(members) if kind == "zip" else PACK[kind[3:]](tar(members))
    put(f"a.{kind}", data)
    (file,), source, chosen = (
        list_files(make_source(), tmp_path),
        make_source(),
        IngestSettings(part_mib=0.003),
    )
    plan = plan_parts(source, [file], chosen)
    assert len(plan) > 3
    (whole,) = plan_parts(source, [file], IngestSettings())
    names = ["native_id", "text", "offset", "raw_sha256"]
    expected = read_part(source, whole, tmp_path, chosen).select(names).to_pylist()
    alone = [row for p in plan for row in read_part(source, p, tmp_path, chosen).select(names).to_pylist()]
    assert alone == expected and len(expected) == 150
    if kind != "zip":
        names_of = {part.part for part in plan}
        row = [t.select(names).to_pylist() for _, t in read_row(source, plan, tmp_path, chosen, names_of)]
        assert [item for table in row for item in table] == expected


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_bytes_stops_an_archive_or_its_neighbours(put, tmp_path, data):
    kind = data.draw(st.sampled_from(["tar", "zip", "tar.gz", "tar.zst"]))
    members = [
        ("a.txt", b"one"),
        ("b.jsonl", json.dumps({"text": "two"}).encode()),
        ("c.csv", b"text\nx\n"),
        ("d.html", b"<p>x"),
    ]
    body = zipped(members) if kind == "zip" else tar(members)
    body = {"tar.gz": gzip.compress, "tar.zst": zstandard.compress}.get(kind, bytes)(body)
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    for path in (tmp_path / "in").glob("*"):
        path.unlink()
    put(f"a.{kind}", bytes(changed[:cut] if data.draw(st.booleans()) else changed))
    read_broken(tmp_path)


def test_a_header_that_claims_a_huge_name_takes_no_memory(put, tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 32
    put("a.tar", tar(PLAIN[:2])[:2048] + info.tobuf() + bytes(4096))
    put("b.tar", tarfile.TarInfo("x").tobuf()[:100] + struct.pack(">Q", 0) * 600)
    rows = read_broken(tmp_path)
    assert errors(rows)[:2] == [None, None] and errors(rows)[2:] == ["damaged", "damaged"]


def test_a_slice_of_a_zip_knows_its_members_by_their_place(put, tmp_path):
    path = put("a.zip", zipped(PLAIN))
    half = path.stat().st_size // 2
    source, chosen = make_source(), IngestSettings()
    spans = [(0, half), (half, path.stat().st_size)]
    found = [
        read_part(source, Part("shelf", "x", (("in/a.zip", *span),)), tmp_path, chosen) for span in spans
    ]
    assert [t.num_rows > 0 for t in found] == [True, True]
    assert sum(t.num_rows for t in found) == len(PLAIN)
