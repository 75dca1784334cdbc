"""A policy as a text of its own: checked against what the stages measure, told in words, tried on its examples."""

from pipelines.policies.examples import Outcome, try_examples
from pipelines.policies.lint import Problem, lint
from pipelines.policies.words import contents, explain

__all__ = ["Outcome", "Problem", "contents", "explain", "lint", "try_examples"]
