"""`hallmark source add|check`: entries of sources.yaml, shown as understood before they are used."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import polars as pl

from lineage.errors import HallmarkError, SettingsError
from pipelines import source_lock
from pipelines.project import Project, write_bytes

#: First evidence file of each class is of this kind; a second one of the next, and so on.
KINDS = {
    "open-licence": ("licence-text",),
    "self-collected": ("collection-record", "robots-verdict"),
    "commercial-contract": ("contract", "supplier-evidence"),
    "user-data": ("consent-record", "withdrawals"),
    "synthetic": ("generator-record", "generator-licence"),
    "public-domain": ("public-domain-ground",),
}
SHOWN = 3
PREVIEW_BYTES = 4 << 20


def add_source(
    project: Project,
    *,
    paths: list[str],
    id: str,
    licence: str,
    source_class: str,
    evidence: list[Path],
    title: str,
    jurisdiction: str,
) -> list[str]:
    """Append one entry to sources.yaml and return what to say: format, three masked records, what is missing."""
    from pipelines.tasks.inventory import file_rows
    from stages.ingest import list_files
    from stages.ingest.evidence import findings
    from stages.ingest.source import Source

    if source_class not in KINDS:
        raise SettingsError(f"no class is called {source_class!r}", cure=f"use one of: {', '.join(KINDS)}")
    if id in project.sources:
        raise SettingsError(f"there is a source {id!r} already", where=str(project.root / "sources.yaml"))
    entry = _entry(project, paths, id, licence, source_class, evidence, title, jurisdiction)
    text = (project.root / "sources.yaml").read_text(encoding="utf-8")
    fresh = _appended(text, entry)
    source = _validated(project, fresh, id, Source)
    lines = describe(project, source)
    write_bytes(project.root / "sources.yaml", fresh.encode())
    source_lock.accept(project.root, source, file_rows(list_files(source, project.root), project.root, {}))
    lines += [f"added {id} to sources.yaml; look through the entry, some fields are defaults"]
    return lines + [_finding(f) for f in findings(source, project.root)]


def _entry(project, paths, id, licence, source_class, evidence, title, jurisdiction) -> dict[str, Any]:
    from stages.ingest.places import scheme_of

    today = dt.date.today()  # written into sources.yaml, from where stages read it
    kinds = KINDS[source_class]
    if not evidence and source_class != "public-domain":
        what = f"the class {source_class} needs proof: {', '.join(kinds)}"
        raise SettingsError(
            what, where="--evidence", cure="name the file, e.g. --evidence licences/CC-BY-4.0.txt"
        )
    proofs = []
    for i, path in enumerate(evidence):
        if not path.is_file():
            raise SettingsError("the evidence file does not exist", where=str(path))
        proofs.append({"kind": kinds[min(i, len(kinds) - 1)], "path": _relative(path, project.root)})
    return {
        "id": id,
        "title": {"zh": title or id, "en": title or id},
        "paths": [p if scheme_of(p) else _relative(Path(p), project.root) for p in paths],
        "format": "auto",
        "class": source_class,
        "licence": licence,
        "evidence": proofs,
        "jurisdiction": jurisdiction,
        "storage_region": jurisdiction,
        "cross_border": False,
        "collected": {"from": today.isoformat(), "to": today.isoformat()},
        "personal_data": {"lawful_basis": "none"},
        "retain_until": today.replace(year=today.year + 10, day=1).isoformat(),
        "purpose": [project.params.release.purpose],
        "priority": 0,
        "revision": "1",
        "publish_fields": [],
    }


def _relative(path: Path, root: Path) -> str:
    absolute = path if path.is_absolute() else Path.cwd() / path
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else absolute.as_posix()


def _appended(text: str, entry: dict[str, Any]) -> str:
    """Return the YAML text with one more entry; comments and order of what stands there stay."""
    text = re.sub(r"^sources:\s*\[\s*\]\s*$", "sources:", text, flags=re.MULTILINE).rstrip("\n")
    lines = [
        f"{'  - ' if i == 0 else '    '}{k}: {json.dumps(v, ensure_ascii=False)}"
        for i, (k, v) in enumerate(entry.items())
    ]
    return text + "\n" + "\n".join(lines) + "\n"


def _validated(project: Project, text: str, id: str, model: Any) -> Any:
    from stages.ingest.source import load_sources

    trial = project.root / ".sources.new.yaml"
    try:
        trial.write_text(text, encoding="utf-8")
        return next(s for s in load_sources(trial) if s.id == id)
    except HallmarkError as e:  # the file it names was never shown
        e.where = (e.where or "").replace(trial.name, "sources.yaml (with the new entry)")
        raise
    finally:
        trial.unlink(missing_ok=True)


def describe(project: Project, source: Any) -> list[str]:
    """Return how the source is understood: files, format, and a few records with letters and digits masked."""
    from stages.ingest import list_files, plan_parts, read_part
    from stages.ingest.formats import kind_of

    files = list_files(source, project.root)
    kinds = sorted({kind_of(f.path, source.format).format or "unknown" for f in files})
    size = sum(f.size for f in files)
    lines = [f"{len(files)} file{'s' * (len(files) != 1)}, {size / 1e6:.1f} MB, read as {', '.join(kinds)}"]
    settings = project.params.ingest.model_copy(update={"part_mib": PREVIEW_BYTES / (1 << 20)})
    part = plan_parts(source, files, settings)[0]
    table = pl.DataFrame(pl.from_arrow(read_part(source, part, project.root, settings)))
    good = table.filter(pl.col("status") == "ok")
    for row in good.head(SHOWN).iter_rows(named=True):
        lines.append(
            f"  {row['file']}#{row['record']}  {row['kind']}  {row['chars']} characters: {mask(row['text'])}"
        )
    bad = table.filter(pl.col("status") != "ok")["error"].value_counts(sort=True)
    lines += [f"  {n} of the first {table.height} records unreadable: {error}" for error, n in bad.rows()]
    if good.is_empty():
        raise HallmarkError(
            "no record could be read",
            where=f"source {source.id}",
            cure="name the data's text field under `fields:`, or the format",
        )
    return lines


def mask(text: str, length: int = 60) -> str:
    """Return the shape of a text's beginning: letters as x, digits as 0, Chinese characters as 字."""
    shape = re.sub(r"[\u3400-\u9fff]", "字", text[:length].replace("\n", " "))
    shape = re.sub(r"\d", "0", shape)
    return re.sub(r"[^\W\d_字]", "x", shape) + ("..." if len(text) > length else "")


def check_sources(project: Project) -> tuple[list[str], bool]:
    """Return what each source lacks and whether something that blocks is missing."""
    from stages.ingest import list_files
    from stages.ingest.evidence import findings

    lines, blocked = [], False
    for source in project.sources.values():
        found = findings(source, project.root)
        told = [_finding(f) for f in found]
        blocked |= any(f.level == "error" for f in found)
        try:
            list_files(source, project.root)
        except HallmarkError as e:
            told, blocked = [f"{source.id}: error: {e}", *told], True
        lines += told or [f"{source.id}: nothing missing"]
    return lines or ["no sources yet; add one with `hallmark source add`"], blocked


def _finding(finding: Any) -> str:
    head = f"{finding.source}: {finding.level}: {finding.field}: {finding.what}"
    return f"{head}\n  because {finding.why}\n  -> {finding.cure}"
