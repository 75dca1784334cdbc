"""One stage over all parts: which inputs, which key, which function; skip what stands, check what comes out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineage.errors import HallmarkError
from pipelines.executor import Limits, Lost, run_tasks, worker_count
from pipelines.project import PartRef, Project

if TYPE_CHECKING:
    from pipelines.part_work import PartTask

# parts (polars, pyarrow) are imported where they are used: inventory, which always runs, needs neither


@dataclass
class StageRun:
    """What a task module needs: the project, its settings, the parts, and a way to map over them."""

    name: str
    project: Project
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def settings(self) -> Any:
        return getattr(self.project.params, self.name)

    @cached_property
    def parts(self) -> list[PartRef]:
        return self.project.parts()

    @cached_property
    def code(self) -> dict[str, Any]:
        """Return the digest of this stage's code and libraries, as inventory recorded it."""
        return self.project.inventory(self.name)["code"]

    @property
    def workers(self) -> int:
        return worker_count(self.project.params.executor.workers)

    @property
    def limits(self) -> Limits:
        """Return what one worker may use, from `executor` in params.yaml."""
        from pipelines.executors.watch import machine_memory

        own = self.project.params.executor
        memory = own.worker_mib << 20 or int(0.8 * machine_memory() / self.workers)
        return Limits(own.document_seconds, own.bytes_per_second, memory)

    def map(self, fn: Callable[[Any], Any], tasks: Sequence[Any], *, label: str | None = None) -> list[Any]:
        """Return [fn(t) for t in tasks] from this project's executor, and log what each cost."""
        results = self._execute(fn, tasks, label or self.name)
        self.log += results
        return results

    def _execute(
        self, fn: Callable, tasks: Sequence[Any], label: str, *, guarded: bool = False, attempts: int = 3
    ) -> list[Any]:
        """Run tasks where `executor` in params.yaml says; `guarded`: with limits, what has no result is `Lost`."""
        own = self.project.params.executor
        if own.kind == "ray" and tasks:
            from pipelines.executors.cluster import run_on_ray

            return run_on_ray(
                fn, tasks, address=own.address, label=label, keep_lost=guarded, attempts=attempts
            )
        return run_tasks(
            fn,
            tasks,
            workers=self.workers,
            label=label,
            limits=self.limits if guarded else None,
            keep_lost=guarded,
            attempts=attempts,
        )

    def input_key(self, folder: str, ref: PartRef) -> str:
        """Return the content key of an input part; an error if the stage before left a hole."""
        from pipelines import parts

        path = self.project.table(folder, ref)
        key = parts.stored_key(path)
        if key is None:
            raise HallmarkError(
                "an input part is missing or damaged", where=str(path), cure="delete it and run `dvc repro`"
            )
        poisoned = parts.poisoned(path)
        return parts.content_key(key=key, poisoned=poisoned) if poisoned else key

    def map_parts(
        self,
        fn: str,
        inputs: dict[str, tuple[str, ...] | None],
        outputs: tuple[str, ...],
        *,
        extra: Any = None,
        key_extra: Any = None,
        key_settings: Any = None,
        aligned: tuple[str, ...] | None = None,
        by_document: bool = False,
        label: str | None = None,
    ) -> dict[PartRef, dict[str, Any] | None]:
        """Run `fn` over every part whose key changed; return its log line per part, None where it was skipped.

        `by_document` promises that a document's rows depend on no other document: few parts are then cut up.
        `key_extra` is what the result depends on besides inputs, settings and code: a value, or a function of the part.
        `key_settings` stands for the settings in the key where the result depends on some of them only.
        """
        from pipelines import parts
        from pipelines.part_work import PartTask

        tasks, done = [], {}
        for ref in self.parts:
            key = parts.content_key(
                fn=fn,
                inputs=[self.input_key(name, ref) for name in inputs],
                settings=self.settings if key_settings is None else key_settings,
                code=self.code,
                extra=key_extra(ref) if callable(key_extra) else key_extra,
            )
            out = tuple((o, str(self.project.table(o, ref))) for o in outputs)
            if parts.is_done((Path(p) for _, p in out), key):
                done[ref] = None
                continue
            given = tuple((n, str(self.project.table(n, ref)), c) for n, c in inputs.items())
            tasks.append(
                PartTask(
                    fn, ref, given, out, self.settings, extra, key, outputs if aligned is None else aligned
                )
            )
        results = self._work(tasks, label or self.name, by_document)
        self.log += results
        return done | {t.ref: r for t, r in zip(tasks, results, strict=True)}

    def _work(self, tasks: list[PartTask], label: str, by_document: bool) -> list[dict[str, Any]]:
        """Work on every part; where a worker did not survive, find the documents to blame and go on without them."""
        from pipelines import slices
        from pipelines.part_work import work

        def attempt(some: Sequence[PartTask], attempts: int = 2) -> list[Any]:
            guarded = bool(some) and some[0].reads_text
            return self._execute(work, some, label, guarded=guarded, attempts=attempts)

        local = self.project.params.executor.kind == "local"
        results = slices.run(tasks, self.workers if by_document and local else 1, attempt)
        for i, (task, result) in enumerate(zip(tasks, results, strict=True)):
            if isinstance(result, Lost):
                results[i] = self._without_poison(task, attempt)
        return results

    def _without_poison(self, task: PartTask, attempt: Callable) -> dict[str, Any]:
        from pipelines.isolate import isolate

        found = isolate(task, lambda slices: attempt(slices, 1))
        for row, why in found:
            print(
                f"{self.name}: {task.label} row {row}: poisonous record, quarantined ({Lost(why).words})",
                file=sys.stderr,
            )
        result = attempt([replace(task, poisoned=found)])[0]
        if isinstance(result, Lost):
            raise result.error(f"{task.fn} {task.label}")
        return result

    def sweep(self, *folders: str) -> None:
        """Delete outputs of parts that no longer exist, and temporary files of a crash."""
        from pipelines import parts

        for folder in folders:
            keep = {self.project.table(folder, ref) for ref in self.parts}
            if (self.project.data / folder).is_dir():
                parts.sweep(self.project.data / folder, keep)

    def count(self, folder: str, column: str) -> dict[str, int]:
        """Return documents by value of one column, over all parts, most first."""
        from pipelines import parts

        total: dict[str, int] = {}
        for ref in self.parts:
            for value, n in (
                parts.read_part(self.project.table(folder, ref), [column])[column].value_counts().rows()
            ):
                total[str(value)] = total.get(str(value), 0) + n
        return dict(sorted(total.items(), key=lambda kv: (-kv[1], kv[0])))

    def count_structs(self, folder: str, column: str, by: str, n: str) -> dict[str, dict[str, int]]:
        """Return {value: {found, docs}} over a column of lists of structs, over all parts."""
        import polars as pl

        from pipelines import parts

        total: dict[str, dict[str, int]] = {}
        for ref in self.parts:
            table = parts.read_part(self.project.table(folder, ref), ["row", column]).explode(column)
            counts = table.drop_nulls(column).unnest(column).group_by(by)
            for value, found, docs in counts.agg(pl.col(n).sum(), pl.col("row").n_unique()).rows():
                line = total.setdefault(value, {"found": 0, "docs": 0})
                line["found"] += found
                line["docs"] += docs
        return dict(sorted(total.items()))
