"""What a file is, by its name and by the source's declared format."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

COMPRESSIONS = {".gz": "gz", ".gzip": "gz", ".zst": "zst", ".zstd": "zst", ".bz2": "bz2", ".xz": "xz"}
SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".txt": "txt",
    ".text": "txt",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".warc": "warc",
    ".wet": "warc",
}
ARCHIVES = {".tar": "tar", ".tgz": "tar", ".zip": "zip"}
#: Formats read in slices: by byte range (jsonl), by row (parquet, arrow), after a scan (csv, warc).
_SLICED = {"jsonl", "parquet", "arrow", "csv", "tsv", "warc"}


class Kind(NamedTuple):
    """Format of the content, compression around it, archive around that; "" where there is none."""

    format: str
    compression: str
    archive: str

    @property
    def sliceable(self) -> bool:
        """Tell whether a large file of this kind can be cut into parts."""
        return not self.archive and self.format in _SLICED


def kind_of(path: str, declared: str = "auto") -> Kind:
    """Tell what a file is; format "" where neither the name nor the source says."""
    name = PurePosixPath(path.lower())
    compression = COMPRESSIONS.get(name.suffix, "")
    if compression:
        name = name.with_suffix("")
    archive = ARCHIVES.get(name.suffix, "")
    if name.suffix == ".tgz":
        compression = "gz"
    if declared == "hf-disk":
        declared = "arrow"
    if archive:
        return Kind("" if declared == "auto" else declared, compression, archive)
    return Kind(SUFFIXES.get(name.suffix, "") if declared == "auto" else declared, compression, "")
