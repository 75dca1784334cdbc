"""The job that stops a release which needs a new filing: text for GitHub Actions and GitLab CI."""

from __future__ import annotations

from lineage.errors import SettingsError

_GITHUB = """\
# Stops a release whose change is material by the policy of the newest sealed one.
# Needs the history: check out with its tags, and give DVC access to the remote that holds the releases.
name: hallmark gate
on: [pull_request]
permissions:
  contents: read
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: pip install 'hallmark[pipeline]'
{steps}
"""

_GITLAB = """\
# Stops a release whose change is material by the policy of the newest sealed one.
# Needs the history: check out with its tags, and give DVC access to the remote that holds the releases.
hallmark-gate:
  image: python:3.11
  variables:
    GIT_DEPTH: "0"
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - pip install 'hallmark[pipeline]'
{steps}
"""

#: The shell commands of the job. `hallmark gate` exits with 4 on a material change, which fails the job.
STEPS = (
    "dvc pull release",
    "hallmark verify release",
    "hallmark journal verify",
    "hallmark gate sealed release",
)

_PLACES = {
    "github": (".github/workflows/hallmark.yml", _GITHUB, "      - run: "),
    "gitlab": (".gitlab-ci.yml", _GITLAB, "    - "),
}


def ci_job(kind: str) -> tuple[str, str]:
    """Return (path, text) of the job file for `github` or `gitlab`."""
    if kind not in _PLACES:
        raise SettingsError(f"no job is known for {kind!r}", cure=f"use one of: {', '.join(_PLACES)}")
    path, text, prefix = _PLACES[kind]
    return path, text.format(steps="\n".join(prefix + step for step in STEPS))
