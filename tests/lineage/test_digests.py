import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage import digests
from lineage.errors import InputError


@given(st.lists(st.binary(max_size=300), max_size=150), st.integers(1, 5))
def test_digests_come_in_the_order_of_the_files_for_any_number_of_threads(
    tmp_path_factory, contents, threads
):
    folder = tmp_path_factory.mktemp("files")
    paths = [folder / str(n) for n in range(len(contents))]
    for path, data in zip(paths, contents, strict=True):
        path.write_bytes(data)
    found = digests.sha256_files(paths, threads)
    assert found == [hashlib.sha256(data).hexdigest() for data in contents]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        digests.sha256_files([tmp_path / "nowhere"])
