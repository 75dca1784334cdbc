"""The rules a verdict was given by: the policy and, where it exists, reviews/rulebook.md; bound to every decision."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pipelines.project import Project
from stages.decide.policy import load_policy

NAME = "rulebook.md"


@dataclass(frozen=True)
class RuleBook:
    """Label for the decisions (`<policy>@<version>:<digest>`, and the rule book's digest), and the text to read."""

    label: str
    text: str


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
