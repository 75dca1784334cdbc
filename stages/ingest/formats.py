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
ARCHIVES = {".tar": "tar", ".zip": "zip"}
_SHORT = {".tgz": "gz", ".tbz2": "bz2", ".tbz": "bz2", ".txz": "xz", ".tzst": "zst"}
#: Formats read in slices: by byte range (jsonl), by row (parquet, arrow), after a scan (csv, warc, tar).
_SLICED = {"jsonl", "parquet", "arrow", "csv", "tsv", "warc"}


class Kind(NamedTuple):
    """Format of the content, compression around it, archive around that; "" where there is none."""

    format: str
    compression: str
    archive: str

    @property
    def sliceable(self) -> bool:
        """Tell whether a large file of this kind can be cut into parts."""
        if self.archive:
            return True
        return self.format in _SLICED and not (self.compression and self.format in ("parquet", "arrow"))

    @property
    def in_a_row(self) -> bool:
        """Tell whether a slice can only be read from the file's start."""
        if self.archive:
            return self.archive == "tar"
        return self.sliceable and (bool(self.compression) or self.format in ("csv", "tsv", "warc"))


def kind_of(path: str, declared: str = "auto") -> Kind:
    """Tell what a file is; format "" where neither the name nor the source says."""
    name = PurePosixPath(path.lower())
    compression = COMPRESSIONS.get(name.suffix, "")
    if compression:
        name = name.with_suffix("")
    archive = ARCHIVES.get(name.suffix, "")
    if name.suffix in _SHORT and not compression:
        archive, compression = "tar", _SHORT[name.suffix]
    if declared == "hf-disk":
        declared = "arrow"
    if archive:
        return Kind("" if declared == "auto" else declared, compression, archive)
    return Kind(SUFFIXES.get(name.suffix, "") if declared == "auto" else declared, compression, "")
