"""`hallmark due`: what has to leave by a day because its retention ended, and what ends next."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from lineage import canonical, certificate, dsse
from lineage.errors import SettingsError
from lineage.yamlfile import YamlFile
from pipelines import parts
from pipelines.project import Project, write_bytes
from pipelines.questions import decided
from pipelines.removal.releases import LIVE
from pipelines.sealing.diary import note

_LINE = re.compile(
    r"""^(?P<head>\s*as_of:\s*)(?P<quote>["']?)\d{4}-\d{2}-\d{2}(?P=quote)(?P<tail>\s*(?:#.*)?)$"""
)


def due(project: Project, day: dt.date) -> dict[str, Any]:
    """Return {day, as_of, ended, next}: sources past `retain_until` on `day`, and dates that come after it.

    ended: {source, class, retain_until, docs, published}. next: {what, name, until}, soonest first; a source of class
    commercial-contract counts as a contract.
    """
    counts = _documents(project)
    ended, coming = [], []
    for source in project.sources.values():
        docs, published = counts.get(source.id, (0, 0))
        if source.retain_until < day:
            row = {
                "source": source.id,
                "class": source.source_class,
                "retain_until": source.retain_until.isoformat(),
            }
            ended.append(row | {"docs": docs, "published": published})
        else:
            what = "contract" if source.source_class == "commercial-contract" else "retention"
            coming.append({"what": what, "name": source.id, "until": source.retain_until.isoformat()})
    for row in _certificates(project):
        (coming if row["until"] >= day.isoformat() else ended).append(row)
    return {
        "day": day.isoformat(),
        "as_of": project.params.release.as_of.isoformat(),
        "ended": sorted(
            ended, key=lambda r: (r.get("retain_until") or r["until"], r.get("source") or r["name"])
        ),
        "next": sorted(coming, key=lambda r: (r["until"], r["name"])),
    }


def due_report(project: Project, day: dt.date, *, apply: bool, as_json: bool) -> str:
    """Return what is due as JSON or in lines; with `apply` move release.as_of to `day`."""
    found = due(project, day)
    if apply and day != project.params.release.as_of:
        move_as_of(project, day)
        gone = sorted(r["source"] for r in found["ended"] if "source" in r)
        note(project.root, "retention", {"as_of": found["day"], "before": found["as_of"], "sources": gone})
    if as_json:
        return json.dumps(found | {"applied": apply}, indent=1)
    lines = [f"on {found['day']} (release.as_of is {found['as_of']}):"]
    lines += [_ended(row) for row in found["ended"]] or ["  nothing has ended"]
    lines += ["next:", *(f"  {r['until']}  {r['what']}  {r['name']}" for r in found["next"][:10])]
    if apply:
        lines.append(f"release.as_of is now {day}; run `dvc repro`")
    elif found["ended"]:
        lines.append("`hallmark due --apply` moves release.as_of there; the next `dvc repro` drops them")
    return "\n".join(lines)


def move_as_of(project: Project, day: dt.date) -> None:
    """Write `day` as release.as_of into params.yaml; every other byte of the file stays."""
    path = project.root / "params.yaml"
    if day < project.params.release.as_of:
        raise SettingsError(
            f"release.as_of is {project.params.release.as_of} and does not go back to {day}",
            where=str(path),
            cure="give a later --date",
        )
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    number = YamlFile(path).line("release", "as_of")
    body = lines[number - 1].rstrip("\r\n")
    if not (found := _LINE.match(body)):
        raise SettingsError(
            "the date does not stand on a line of its own", where=f"{path}:{number}: release.as_of"
        )
    quote = found["quote"] or '"'  # DVC takes no bare dates
    lines[number - 1] = f"{found['head']}{quote}{day}{quote}{found['tail']}{lines[number - 1][len(body) :]}"
    write_bytes(path, "".join(lines).encode("utf-8"))


def _documents(project: Project) -> dict[str, tuple[int, int]]:
    """Return documents and published documents per source; nothing before the first run."""
    counts: dict[str, tuple[int, int]] = {}
    if not (project.data / "ingest" / "plan.json").is_file():
        return counts
    for ref in project.parts():
        docs = parts.read_part(project.table("ingest", ref), ["row"]).height
        done = project.table("decide", ref).is_file()
        live = int(decided(project, ref, ["disposition"])["disposition"].is_in(LIVE).sum()) if done else 0
        before = counts.get(ref.source, (0, 0))
        counts[ref.source] = (before[0] + docs, before[1] + live)
    return counts


def _certificates(project: Project) -> list[dict[str, Any]]:
    """Return when the release certificate at hand ends; shard certificates without days of their own have no end."""
    path = project.release / certificate.RELEASE_CERTIFICATE
    if not path.is_file():
        return []
    says = canonical.loads(dsse.parse(path.read_bytes()).payload)["predicate"].get("validity") or {}
    until = says.get("valid_until")
    return [{"what": "certificate", "name": "release", "until": until}] if until else []


def _ended(row: dict[str, Any]) -> str:
    if "source" not in row:
        return f"  {row['until']}  {row['what']}  {row['name']}: sign anew with `dvc repro`"
    counts = f"{row['docs']} documents, {row['published']} published"
    return f"  {row['retain_until']}  {row['source']} ({row['class']}): {counts}"
