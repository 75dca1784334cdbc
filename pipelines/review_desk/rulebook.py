"""The rules a verdict was given by: the policy and, where it exists, reviews/rulebook.md; bound to every decision."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.project import Project
from stages.decide.policy import load_policy
from stages.screen import TAXONOMY

NAME = "rulebook.md"
#: Headings that rules of annotation need (TC260-003 5.3 b), R-36), by words of either language.
HEADINGS = {
    "goal": ("goal", "purpose", "目标"),
    "format": ("format", "格式"),
    "method": ("method", "how to", "方法"),
    "quality": ("quality", "质量"),
}


@dataclass(frozen=True)
class RuleBook:
    """Label for the decisions (`<policy>@<version>:<digest>`, and the rule book's digest), and the text to read."""

    label: str
    text: str


def papers(root: Path) -> dict[str, Any]:
    """Return {people_sha256, rulebook_sha256, headings_missing[], risks_named} of reviews/; null without the file.

    `headings_missing`: of those R-36 asks for; `risks_named`: how many of the 31 codes the rule book names (R-37).
    """
    people, rules = (_bytes(root / "reviews" / name) for name in ("people.yaml", NAME))
    text = rules.decode("utf-8", "replace") if rules is not None else ""
    heads = " ".join(line.lower() for line in text.splitlines() if line.startswith("#"))
    missing = [name for name, words in HEADINGS.items() if not any(word in heads for word in words)]
    named = sum(bool(re.search(rf"(?<![\w.-]){re.escape(r.code)}(?![\w-])", text)) for r in TAXONOMY.annex())
    return {
        "people_sha256": None if people is None else hashlib.sha256(people).hexdigest(),
        "rulebook_sha256": None if rules is None else hashlib.sha256(rules).hexdigest(),
        "headings_missing": None if rules is None else missing,
        "risks_named": None if rules is None else named,
    }


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def rulebook(project: Project) -> RuleBook:
    """Return the rule book in force."""
    policy = load_policy(project.policy_path)
    label = f"{policy.policy}@{policy.version}:{policy.sha256[:12]}"
    path = project.root / "reviews" / NAME
    if not path.is_file():
        return RuleBook(label, "")
    content = path.read_bytes()
    return RuleBook(
        f"{label}+{NAME}:{hashlib.sha256(content).hexdigest()[:12]}", content.decode("utf-8", "replace")
    )
