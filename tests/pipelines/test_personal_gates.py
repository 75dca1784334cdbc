"""R-24 to R-28 through the real pipeline: basis, separate consent, minors, impact assessment."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from support import call

STAGES = ("inventory", "ingest", "quality", "dedup", "pii", "screen", "sample", "decide", "publish")
GATES = ("pii-lawful-basis", "sensitive-consent", "minors-decided", "impact-assessment")
PROSE = {
    "a": "清晨,管水闸的人打开上游的闸门,把水位写进一本绿色的册子里,再去码头边喝一碗热粥。",
    "b": "图书馆的屋顶在夏天漏雨,管理员把旧地图一张张搬到二楼的长桌上晾干,窗外有人敲钟。",
    "c": "面包师每天把第一个面包放在窗台上,留给扫街的老人,老人总是把碎屑撒给麻雀和鸽子。",
    "d": "修钟的人说钟楼的摆锤每年要上两次油,他带着学徒爬上九十级台阶,一路数着鸽子羽毛。",
}


def number(day: str) -> str:
    """Return a resident ID with a right check digit and a sequence that is never given out."""
    body = f"110105{day}000"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


ADULT, CHILD = number("19700102"), number("20200102")


def entry(name: str, basis: str, **more: str) -> str:
    """Return an entry of sources.yaml."""
    personal = {"lawful_basis": basis} | more
    return f"""  - id: {name}
    title: {{zh: {name}, en: {name}}}
    paths: [in/{name}.jsonl]
    format: jsonl
    fields: {{text: text, id: id}}
    class: open-licence
    licence: CC-BY-4.0
    cross_border: false
    retain_until: "2099-12-31"
    jurisdiction: CN
    storage_region: CN
    collected: {{from: "2026-01-01", to: "2026-01-02"}}
    revision: "1"
    personal_data: {json.dumps(personal)}
    purpose: [pretraining]
    evidence: [{{kind: licence, path: licence.txt}}, {{kind: consent-record, path: licence.txt}}]
"""


def outcome(project: Path) -> dict[str, tuple[str, str | None]]:
    """Return disposition and reason of each document by its native id."""
    read = lambda stage: pl.concat(  # noqa: E731
        [pl.read_parquet(p, glob=False) for p in sorted((project / "data" / stage).rglob("*.parquet"))],
        how="diagonal",
    )
    joined = (
        read("ingest")
        .select("doc_id", "native_id")
        .join(read("decide").select("doc_id", "disposition", "reason"), on="doc_id")
    )
    return {name: (kind, reason) for _, name, kind, reason in joined.iter_rows()}


def gates(folder: Path) -> dict[str, set[str]]:
    """Return the states of each gate over all manifests of a release."""
    found: dict[str, set[str]] = {}
    for path in (folder / "meta" / "manifest.json", *(folder / "meta" / "shards").rglob("*.json")):
        for gate in json.loads(path.read_text("utf-8"))["gates"]:
            found.setdefault(gate["id"], set()).add(gate["status"])
    return {name: found[name] for name in GATES}


@pytest.fixture(scope="module")
def project(tmp_path_factory, keys_folder: Path) -> Path:
    """Return a project of two sources that has run: one by consent, one without any basis."""
    folder = tmp_path_factory.mktemp("personal") / "corpus"
    call(["hallmark", "init", str(folder)], folder.parent, keys_folder)
    (folder / "in").mkdir(exist_ok=True)
    (folder / "licence.txt").write_text("CC-BY-4.0, granted by the authors")
    (folder / "pipia.txt").write_text("Impact assessment of an invented corpus.")
    rows = {
        "agreed": [("plain", PROSE["a"]), ("adult", f"{PROSE['b']}身份证{ADULT}。"),
                   ("child", f"{PROSE['c']}身份证{CHILD}。")],
        "unfounded": [("phone", f"{PROSE['d']}手机15400001234。"), ("nothing", PROSE["d"].replace("钟", "灯"))],
    }  # fmt: skip
    for name, texts in rows.items():
        lines = (json.dumps({"id": i, "text": t}, ensure_ascii=False) + "\n" for i, t in texts)
        (folder / "in" / f"{name}.jsonl").write_text("".join(lines), "utf-8")
    (folder / "sources.yaml").write_text(
        "sources:\n" + entry("agreed", "consent") + entry("unfounded", "none")
    )
    for stage in STAGES:
        call(["hallmark", "stage", "run", stage], folder, keys_folder)
    return folder


def test_without_basis_and_about_children_nothing_is_published(project: Path) -> None:
    assert outcome(project) == {
        "plain": ("kept", None),
        "adult": ("redacted", "pii-redacted"),
        "child": ("quarantined", "minor-undecided"),
        "phone": ("removed", "no-lawful-basis"),
        "nothing": ("kept", None),
    }


def test_what_was_computed_passes_and_an_absent_assessment_is_not_run(project: Path) -> None:
    passed = {name: {"pass"} for name in GATES[:3]}
    assert gates(project / "release") == passed | {"impact-assessment": {"not_run"}}


def state(project: Path, **more: str) -> None:
    """Write sources.yaml with what the source by consent states of its personal information."""
    entries = entry("agreed", "consent", **more) + entry("unfounded", "none")
    (project / "sources.yaml").write_text("sources:\n" + entries)


def test_an_assessment_in_date_passes_and_its_file_is_not_named(project: Path, keys_folder: Path) -> None:
    state(project, pipia="pipia.txt", pipia_until="2099-12-31")
    for stage in ("inventory", "publish"):
        call(["hallmark", "stage", "run", stage], project, keys_folder)
    assert gates(project / "release")["impact-assessment"] == {"pass"}
    manifest = (project / "release" / "meta" / "manifest.json").read_text("utf-8")
    kinds = {s["id"]: {e["kind"] for e in s["evidence"]} for s in json.loads(manifest)["sources"]}
    assert "pipia" in kinds["agreed"] and "pipia" not in kinds["unfounded"]
    assert "pipia.txt" not in manifest


def test_a_kept_number_without_separate_consent_and_an_old_assessment_withhold(
    project: Path, keys_folder: Path
) -> None:
    policy = project / "policies" / "cn-gbt-45654-2025.yaml"
    text = policy.read_text("utf-8")
    policy.write_text(
        text.replace("    CN_USCC: keep", "    CN_RESIDENT_ID: keep\n    CN_USCC: keep", 1), "utf-8"
    )
    state(project, pipia="pipia.txt", pipia_until="2020-12-31")
    for stage in ("inventory", "sample", "decide"):
        call(["hallmark", "stage", "run", stage], project, keys_folder)
    done = call(["hallmark", "stage", "run", "publish"], project, keys_folder, code=None)
    assert done.returncode != 0 and ADULT not in done.stderr + done.stdout
    found = gates(project / "data" / "withheld")
    assert "fail" in found["sensitive-consent"] and found["impact-assessment"] == {"fail"}
    assert found["pii-lawful-basis"] == found["minors-decided"] == {"pass"}
    assert gates(project / "release")["impact-assessment"] == {"pass"}  # the release before stays
