"""Sealed signatures that the present settings cannot be compared with are named, never passed over."""

from __future__ import annotations

import json

import removal_house as house

from pipelines.params_file import params_text
from pipelines.removal.denial import denied
from pipelines.removal.report import list_report
from pipelines.removal.request import Ground, request
from pipelines.removal.selector import choose


def test_signatures_of_another_method_are_named_as_not_compared(project, capsys):
    seq = request(project, choose(url="https://www.example.org/page/1"), Ground("pipl-47", house.AS_OF))[
        "seq"
    ]
    assert denied(project).not_run == () and not any(signatures_silent(project))
    dedup = project.params.dedup.model_copy(update={"seed": project.params.dedup.seed + 1})
    text = params_text(project.params.model_copy(update={"dedup": dedup}))
    (project.root / "params.yaml").write_text(text, encoding="utf-8")
    project = house.run(project.root, "dedup")
    capsys.readouterr()
    assert denied(project).not_run == (seq,)
    assert f"requests [{seq}] were made by another dedup method" in capsys.readouterr().err
    assert signatures_silent(project) == [True]


def signatures_silent(project) -> list[bool]:
    return [row["signatures_not_run"] for row in json.loads(list_report(project, as_json=True))]
