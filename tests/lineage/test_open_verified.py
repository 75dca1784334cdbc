import shutil

import pyarrow.parquet as pq
import pytest
import small_release as small

from lineage import trust
from lineage.errors import InputError, TrustError
from lineage.loading import open_verified


@pytest.fixture
def release(tmp_path, monkeypatch):
    signer = small.signer(tmp_path)
    small.build(tmp_path / "release", signer)
    (tmp_path / "trusted.json").write_bytes(
        trust.trust_file([trust.trust_entry(signer.public_pem, "pipeline")])
    )
    monkeypatch.setenv(trust.VARIABLE, str(tmp_path / "trusted.json"))
    return tmp_path / "release"


def texts(release, *numbers):
    return [
        t for n in numbers for t in pq.read_table(release / small.shard_of(release, n))["text"].to_pylist()
    ]


def opened(release, kind, tmp_path, **more):
    options = {} if kind == "polars" else {"cache_dir": str(tmp_path / "cache")}
    rows = open_verified(release, kind=kind, today=small.TODAY, **options, **more)
    return rows.collect()["text"].to_list() if kind == "polars" else [row["text"] for row in rows]


@pytest.mark.parametrize("kind", ["dataset", "stream", "polars"])
def test_every_kind_gives_the_rows_of_the_verified_shards(release, kind, tmp_path):
    assert opened(release, kind, tmp_path) == texts(release, 0, 1)
    assert opened(release, kind, tmp_path, shards="wiki/*-0001") == texts(release, 1)


@pytest.mark.parametrize("kind", ["dataset", "polars"])
def test_a_changed_shard_is_not_opened_though_it_was_read_and_cached_before(release, kind, tmp_path):
    assert opened(release, kind, tmp_path)
    shutil.copy(release / small.shard_of(release, 1), release / small.shard_of(release, 0))
    with pytest.raises(TrustError, match="were certified"):
        opened(release, kind, tmp_path)


def test_an_unlisted_shard_is_neither_read_nor_passed_over(release, tmp_path):
    shutil.copy(release / small.shard_of(release, 0), release / "data/wiki/zz.parquet")
    with pytest.raises(TrustError, match=r"zz\.parquet"):
        opened(release, "polars", tmp_path)


def test_demands_are_kept(release, tmp_path):
    with pytest.raises(TrustError, match="required: certified"):
        opened(release, "polars", tmp_path, require=["certified"])


def test_an_unknown_kind_is_refused(release):
    with pytest.raises(InputError, match="no such kind"):
        open_verified(release, kind="csv")
