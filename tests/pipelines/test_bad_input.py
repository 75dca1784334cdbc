"""Bad input ends in a clear error or a counted row, never in a half-written result."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support import call, environment

GOOD = [
    "The lock keeper opens the upper gate before sunrise and writes the water level into a green book.",
    "A baker in the old quarter leaves the first loaf on the window sill for the man who sweeps the street.",
    "图书馆的屋顶在夏天漏雨,管理员把旧地图一张张搬到二楼的长桌上晾干。",
]


@pytest.fixture
def project(tmp_path: Path, keys_folder: Path) -> Path:
    """Return a new project with one good source of three documents."""
    folder = tmp_path / "corpus"
    call(["hallmark", "init", str(folder)], tmp_path, keys_folder)
    write_jsonl(folder / "in" / "good.jsonl", GOOD)
    (folder / "licence.txt").write_text("CC-BY-4.0, granted by the authors")
    add(folder, keys_folder, "in/good.jsonl", "good")
    return folder


def write_jsonl(path: Path, texts: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join(json.dumps({"text": t}, ensure_ascii=False) + "\n" for t in texts), encoding="utf-8"
    )


def replace_input(project: Path, texts: list[str]) -> None:
    """Put other texts in the place of the good source's, as a new revision of it."""
    write_jsonl(project / "in" / "good.jsonl", texts)
    entry = (project / "sources.yaml").read_text(encoding="utf-8")
    assert 'revision: "1"' in entry
    (project / "sources.yaml").write_text(entry.replace('revision: "1"', 'revision: "2"'), encoding="utf-8")


def add(folder: Path, keys: Path, path: str, name: str, licence: str = "CC-BY-4.0", code: int | None = 0):
    command = ["hallmark", "source", "add", path, "--id", name, "--licence", licence]
    return call([*command, "--class", "open-licence", "--evidence", "licence.txt"], folder, keys, code=code)


def stages(folder: Path, keys: Path, *names: str, code: int | None = 0):
    done = None
    for name in names:
        done = call(["hallmark", "stage", "run", name], folder, keys, code=code if name == names[-1] else 0)
    return done


def books(folder: Path, keys: Path) -> dict:
    return json.loads((folder / "metrics" / "ingest.json").read_text())


def test_an_unknown_licence_names_the_file_that_the_user_knows(project: Path, keys_folder: Path) -> None:
    before = (project / "sources.yaml").read_bytes()
    said = add(project, keys_folder, "in/good.jsonl", "other", licence="Friendly", code=1).stderr
    assert "sources.yaml" in said and ".sources.new" not in said and "Friendly" in said
    assert (project / "sources.yaml").read_bytes() == before


def test_a_missing_file_is_named_and_nothing_runs(project: Path, keys_folder: Path) -> None:
    (project / "in" / "good.jsonl").unlink()
    done = stages(project, keys_folder, "inventory", code=1)
    assert "good" in done.stderr
    assert "->" in done.stderr
    assert "Traceback" not in done.stderr
    assert (
        "good.jsonl matches no file"
        in call(["hallmark", "source", "check"], project, keys_folder, code=1).stdout
    )


@pytest.mark.parametrize(
    ("name", "content", "documents", "unreadable"),
    [
        ("list.jsonl", b'["a", "list"]\n{"text": "One good line about the weather on the ridge."}\n', 2, 1),
        ("null.jsonl", b'{"text": null}\n{"text": "One good line about the weather on the ridge."}\n', 2, 1),
        ("bytes.jsonl", b'{"text": "\xff\xfe\x00"}\n{"text": "One good line about the weather."}\n', 2, 1),
        ("empty.jsonl", b"", 1, 1),
        ("cut.jsonl.gz", gzip.compress(b'{"text": "A line that is whole."}\n' * 500, mtime=0)[:-30], None, 1),
    ],
)
def test_a_broken_record_is_a_counted_row(
    project: Path, keys_folder: Path, name: str, content: bytes, documents: int | None, unreadable: int
) -> None:
    (project / "in" / name).write_bytes(content)
    add(project, keys_folder, "in/good.jsonl", "other")
    text = (project / "sources.yaml").read_text().replace('"in/good.jsonl"', f'"in/{name}"', 2)
    first, second = text.split("  - id: ", 2)[1:]
    (project / "sources.yaml").write_text(
        "sources:\n  - id: " + first.replace(f"in/{name}", "in/good.jsonl") + "  - id: " + second
    )
    stages(project, keys_folder, "inventory", "ingest")
    counts = books(project, keys_folder)["sources"]
    assert counts["good"] == {
        "documents": 3,
        "unreadable": 0,
        "licence_unread": 0,
        "text_bytes": sum(len(t.encode()) for t in GOOD),
    }
    assert counts["other"]["unreadable"] == unreadable
    if documents is not None:
        assert counts["other"]["documents"] == documents


def test_an_unreadable_file_is_counted_or_refused_never_skipped(project: Path, keys_folder: Path) -> None:
    (project / "in" / "folder.jsonl").mkdir()
    (project / "in" / "folder.jsonl" / "x.jsonl").symlink_to("nowhere")
    text = (project / "sources.yaml").read_text()
    (project / "sources.yaml").write_text(
        text.replace('"in/good.jsonl"', '"in/good.jsonl", "in/folder.jsonl"')
    )
    done = stages(project, keys_folder, "inventory", code=None)
    if done.returncode == 0:
        stages(project, keys_folder, "ingest")
        assert books(project, keys_folder)["unreadable"] == 1
    else:
        assert "x.jsonl" in done.stderr or "folder.jsonl" in done.stderr


def test_an_unknown_licence_is_refused_before_any_work(project: Path, keys_folder: Path) -> None:
    before = (project / "sources.yaml").read_text()
    done = add(project, keys_folder, "in/good.jsonl", "other", licence="MY-OWN-1.0", code=1)
    assert "MY-OWN-1.0" in done.stderr
    assert (project / "sources.yaml").read_text() == before


def test_two_sources_with_one_id_are_refused(project: Path, keys_folder: Path) -> None:
    entry = (project / "sources.yaml").read_text().split("sources:\n", 1)[1]
    with (project / "sources.yaml").open("a") as f:
        f.write(entry)
    done = stages(project, keys_folder, "inventory", code=1)
    assert "sources.yaml:" in done.stderr
    assert "good" in done.stderr


def test_a_policy_that_is_missing_or_broken_stops_the_run_before_any_work(
    project: Path, keys_folder: Path
) -> None:
    params, named = project / "params.yaml", "cn-gbt-45654-2025"
    params.write_text(params.read_text().replace(f'"{named}"', '"cn-gbt-45655"'))
    missing = stages(project, keys_folder, "inventory", code=1).stderr
    assert "decide.policy: no policy is called 'cn-gbt-45655'" in missing
    assert named in missing
    params.write_text(params.read_text().replace('"cn-gbt-45655"', f'"{named}"'))
    policy = project / "policies" / f"{named}.yaml"
    policy.write_text(policy.read_text().replace("rules:", "rulez:", 1))
    assert f"{named}.yaml:" in stages(project, keys_folder, "inventory", code=1).stderr
    assert not (project / "data" / "inventory" / "ingest.json").exists()


def test_a_full_disk_leaves_no_half_written_part(project: Path, keys_folder: Path) -> None:
    replace_input(project, [f"{t} {i} {os.urandom(300).hex()}" for i in range(4000) for t in GOOD])
    stages(project, keys_folder, "inventory")
    limited = ["bash", "-c", "ulimit -f 400; trap '' XFSZ; exec hallmark stage run ingest"]
    done = call(limited, project, keys_folder, code=None)
    assert done.returncode != 0
    left = [p.name for p in (project / "data" / "ingest").rglob("*") if p.is_file()]
    assert left == []
    stages(project, keys_folder, "ingest")
    assert books(project, keys_folder)["documents"] == 12000


def test_a_killed_run_resumes_and_ends_with_the_same_bytes(
    project: Path, keys_folder: Path, tmp_path: Path
) -> None:
    replace_input(project, [f"{t} Entry {i} of the log." for i in range(3000) for t in GOOD])
    twin = tmp_path / "twin"
    shutil.copytree(project, twin)
    steps = ("inventory", "ingest", "quality", "dedup")
    stages(twin, keys_folder, *steps)
    stages(project, keys_folder, "inventory")
    for name in steps[1:]:
        run = subprocess.Popen(
            ["hallmark", "stage", "run", name],
            cwd=project,
            env=environment(keys_folder),
            stderr=subprocess.DEVNULL,
        )
        time.sleep(1.5)
        run.send_signal(signal.SIGKILL)
        run.wait()
        stages(project, keys_folder, name)
    for folder in ("ingest", "quality", "dedup", "dedup_edges"):
        assert content(project / "data" / folder) == content(twin / "data" / folder), folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
