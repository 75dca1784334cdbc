"""The steps of the candidate search: one small file each, kept until all is found, so that a kill costs a step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import parts
from pipelines.executor import usage
from pipelines.stage_run import StageRun
from stages import dedup
from stages.dedup import DedupSettings

SCRATCH = "scratch"


@dataclass(frozen=True)
class Step:
    """One unit of the candidate search or the verification: paths in, a small file out."""

    kind: str
    number: int
    of: int
    key: str
    signatures: tuple[str, ...]
    texts: tuple[str, ...]
    settings: DedupSettings
    folder: str
    weight: int

    @property
    def label(self) -> str:
        return f"{self.kind} {self.number + 1} of {self.of}"

    @property
    def output(self) -> Path:
        return Path(self.folder) / f"{self.kind}-{self.number:05d}.parquet"


@dataclass(frozen=True)
class Steps:
    """The steps of one search; `key` covers all that their answers depend on."""

    run: StageRun
    key: str
    folder: Path
    signatures: tuple[str, ...]
    texts: tuple[str, ...]

    def once(self, name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """Return a table made before under this key, else make it and keep it."""
        path, key = self.folder / f"{name}.parquet", parts.content_key(search=self.key, name=name)
        if not parts.is_done([path], key):
            parts.write_part(path, make(), None, key)
        return parts.read_part(path)

    def each(self, kind: str, weights: Sequence[int]) -> list[pl.DataFrame]:
        """Return the answers of all steps of a kind, as many as weights (bytes); only those not yet there are run."""
        steps = [self._step(kind, number, len(weights), weight) for number, weight in enumerate(weights)]
        todo = [s for s in steps if not parts.is_done([s.output], s.key)]
        self.run.map(work, todo, label=f"dedup {kind}")
        return [parts.read_part(s.output) for s in steps]

    def _step(self, kind: str, number: int, of: int, weight: int) -> Step:
        key = parts.content_key(search=self.key, kind=kind, number=number, of=of)
        named = self.signatures, self.texts
        return Step(kind, number, of, key, *named, self.run.settings, str(self.folder), max(1, weight))


def work(step: Step) -> dict[str, Any]:
    """Do one step and write its answer."""
    start, before = time.perf_counter(), usage()
    folder, files = Path(step.folder), [Path(p) for p in step.signatures]
    if step.kind == "candidates":
        members = parts.read_part(folder / "members.parquet")
        result = dedup.candidates(files, step.settings, step.number, step.of, members)
    else:
        batch = parts.read_part(folder / f"pairs-{step.number:05d}.parquet")
        result = dedup.verify(batch, [Path(p) for p in step.texts], step.settings)
    parts.write_part(step.output, result, None, step.key)
    after = usage()
    return {
        "seconds": time.perf_counter() - start,
        "cpu": after["cpu"] - before["cpu"],
        "peak_mib": after["peak_mib"],
        "bytes": 0,  # text was counted when it was signed
    }
