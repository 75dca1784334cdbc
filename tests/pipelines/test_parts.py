"""Part files: whole or absent, keyed by everything they depend on."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import BooksError, InputError
from pipelines import parts

SCHEMA = pa.schema([("row", pa.uint32()), ("doc_id", pa.large_binary())])


def table(n: int = 3) -> pl.DataFrame:
    return pl.DataFrame(
        {"row": range(n), "doc_id": [bytes([i]) for i in range(n)]}, schema_overrides={"row": pl.UInt32}
    )


def test_a_part_is_done_only_under_its_own_key(tmp_path: Path) -> None:
    path = tmp_path / "s" / "p.parquet"
    assert not parts.is_done([path], "k")
    parts.write_part(path, table(), SCHEMA, "k")
    assert parts.is_done([path], "k")
    assert not parts.is_done([path], "other")
    assert parts.read_part(path).equals(table())


@pytest.mark.parametrize("span", [(0, 25), (0, 10), (10, 20), (9, 11), (3, 4), (20, 25), (25, 25), (0, 0)])
def test_rows_of_a_part_are_read_from_their_row_groups_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, span: tuple[int, int]
) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP", 10)
    path = tmp_path / "p.parquet"
    parts.write_part(path, table(25), SCHEMA, "k")
    assert parts.read_part(path, ["doc_id", "row"], span).equals(
        table(25).select("doc_id", "row").slice(span[0], span[1] - span[0])
    )


def test_a_damaged_part_is_not_done_and_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    parts.write_part(path, table(), SCHEMA, "k")
    path.write_bytes(path.read_bytes()[:-20])
    assert not parts.is_done([path], "k")
    with pytest.raises(InputError, match=r"p\.parquet"):
        parts.read_part(path)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BooksError, match="doc_id"):
        parts.write_part(tmp_path / "p.parquet", table().drop("doc_id"), SCHEMA, "k")
    assert list(tmp_path.iterdir()) == []


def test_equal_tables_make_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        parts.write_part(tmp_path / name, table(), SCHEMA, "k")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@given(
    st.dictionaries(
        st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5)), min_size=1, max_size=5
    )
)
def test_a_key_changes_with_any_value_and_not_with_order(pieces: dict) -> None:
    key = parts.content_key(p=pieces)
    assert key == parts.content_key(p=dict(reversed(pieces.items())))
    name = next(iter(pieces))
    assert key != parts.content_key(p=pieces | {name: [pieces[name]]})


@pytest.mark.parametrize(
    "spoiled",
    [table(2), table().reverse(), table().with_columns(doc_id=pl.lit(b"x"))],
    ids=["a row lost", "rows in another order", "other documents"],
)
def test_a_result_that_is_not_aligned_is_refused(spoiled: pl.DataFrame) -> None:
    parts.check_aligned(table(), table(), where="here")
    with pytest.raises(BooksError, match="here"):
        parts.check_aligned(spoiled, table(), where="here")


def test_sweep_deletes_what_no_part_owns(tmp_path: Path) -> None:
    for name in ("s/keep.parquet", "s/gone.parquet", "t/.x.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    parts.sweep(tmp_path, {tmp_path / "s" / "keep.parquet"})
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")] == ["s", "s/keep.parquet"]
