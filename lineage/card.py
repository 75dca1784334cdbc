"""The dataset card: README.md of a release, with the named list of shard files that `datasets` loads."""

from __future__ import annotations

import json
import re
from typing import Any

from lineage.sheets import safe
from lineage.sheets.glance import grade, unchecked
from lineage.sheets.model import Value
from lineage.sheets.reader import Reader

#: Upper ends of the hub's size classes, in rows.
SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**10, "1B<n<10B"),
    (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)


def card(release_manifest: dict[str, Any]) -> str:
    """Return README.md for a release manifest: YAML front matter, then Chinese and English text.

    The front matter lists every shard by its path. A path holds the digest of its shard, so changed data is
    another list and `datasets` cannot answer from the cache of an earlier release.
    """
    body = "\n".join(_body(release_manifest, lang) for lang in ("zh", "en"))
    return f"---\n{_front_matter(release_manifest)}---\n\n{body}"


def size_category(rows: int) -> str:
    """Return the hub's size class for a number of rows."""
    return next((name for end, name in SIZES if rows < end), "n>1T")


def _front_matter(manifest: dict[str, Any]) -> str:
    dataset, shards = manifest["dataset"], _shards(manifest)
    title = dataset.get("title") or {}
    languages = sorted(
        {_primary(x["code"]) for x in manifest["languages"] if x["docs"] and x["code"] != "und"}
    )
    lines = [f"pretty_name: {_quoted(title.get('en') or title.get('zh') or dataset['id'])}"]
    if languages:
        lines += ["language:", *(f"- {_quoted(code)}" for code in languages)]
    lines += _licence([x["spdx"] for x in manifest["licences"] if x["docs"]])
    lines += ["size_categories:", f"- {size_category(sum(s['rows'] for s in shards))}"]
    if shards:
        lines += ["configs:", f"- config_name: {_quoted(config_name(dataset['version']))}", "  data_files:"]
        lines += ["  - split: train", "    path:"]
        lines += [f"    - {_quoted(_literal(s['path']))}" for s in sorted(shards, key=lambda s: s["path"])]
    return "\n".join(lines) + "\n"


def config_name(version: str) -> str:
    """Return the configuration's name for a version: `v1.0.0`."""
    return "v" + re.sub(r"[^0-9A-Za-z.+-]", "-", str(version))


def _shards(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts that have a file; a part with nothing kept has a manifest alone."""
    return [shard for shard in manifest["shards"] if shard["path"]]


def _licence(found: list[str]) -> list[str]:
    if len(found) == 1 and re.fullmatch(r"[0-9A-Za-z.-]+", found[0]) and found[0] != "NOASSERTION":
        return [f"license: {_quoted(found[0].lower())}"]
    return [
        "license: other",
        f"license_name: {_quoted('several' if found else 'none')}",
        "license_link: '#licences'",
    ]


def _primary(code: str) -> str:
    return code.split("-")[0]


def _literal(path: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", path)  # data_files are globs


def _quoted(text: str) -> str:
    return json.dumps(safe.visible(str(text)), ensure_ascii=False)


def _body(manifest: dict[str, Any], lang: str) -> str:
    read = Reader(manifest, lang)
    allowed, why = grade(read)
    lines = [f"# {_v(read.any('/dataset/title'))}", ""]
    lines += [
        f"{read.say('card.version')}: {_v(read.any('/dataset/version'))} · {_v(read.any('/dataset/as_of'))}",
        "",
    ]
    lines += [f"**{read.say('grade')}: {_v(allowed)}**", "", f"{why} {read.say('grade.note')}", ""]
    lines += [
        "```sh",
        "hallmark verify .",
        "```",
        "",
        *_loading(read, manifest),
        *_books(read),
        *_sources(read),
    ]
    lines += [*_licences(read, lang), *_languages(read), f"## {read.say('not_checked')}", ""]
    items = unchecked(read)
    lines += [f"- {_v(what)} ({_v(reason)})" for what, reason in items.items] or [items.empty]
    lines += ["", f"## {read.say('ch.limits')}", ""]
    limits = [
        _v(read.any(f"/known_limits/{lang}/{i}")) for i in range(len(read.entries(f"/known_limits/{lang}")))
    ]
    lines += [f"- {limit}" for limit in limits] or [read.say("limits.none")]
    lines += ["", f"[{read.say('eyebrow.release')}](sheets/release.{lang}.html)", "", read.say("claim"), ""]
    return "\n".join(lines)


def _loading(read: Reader, manifest: dict[str, Any]) -> list[str]:
    if not _shards(manifest):
        return [read.say("card.empty"), ""]
    return ["```python", "import datasets", "", 'rows = datasets.load_dataset(".", split="train")', "```", ""]


def _books(read: Reader) -> list[str]:
    ends = " + ".join(
        f"{_v(read.int(f'/flow/{e}'))} {read.say(f'flow.{e}').lower()}"
        for e in ("kept", "redacted", "removed", "quarantined", "unreadable")
    )
    return [f"## {read.say('books')}", "", f"{_v(read.int('/flow/in'))} = {ends}", ""]


def _sources(read: Reader) -> list[str]:
    heads = [
        read.say("col.source"),
        read.name("field", "title"),
        read.name("field", "licence"),
        read.say("published"),
    ]
    rows = [
        [_v(read.any(f"{at}/{n}")) for n in ("id", "title", "licence")]
        + [_v(read.int(f"{at}/flow/kept {at}/flow/redacted"))]
        for at in (f"/sources/{i}" for i in range(len(read.entries("/sources"))))
    ]
    return [f"## {read.say('ch.sources')}", "", *_table(heads, rows)]


def _licences(read: Reader, lang: str) -> list[str]:
    anchor = ['<a id="licences"></a>', ""] if lang == "zh" else []
    rows = [
        [_v(read.code(f"/licences/{i}/spdx", "licence")), _v(read.int(f"/licences/{i}/docs"))]
        for i in range(len(read.entries("/licences")))
    ]
    return [
        *anchor,
        f"## {read.say('licences')}",
        "",
        *_table([read.say("col.spdx"), read.say("col.docs")], rows),
    ]


def _languages(read: Reader) -> list[str]:
    rows = [
        [_v(read.code(f"/languages/{i}/code", "language")), _v(read.int(f"/languages/{i}/docs"))]
        for i in range(len(read.entries("/languages")))
    ]
    return [f"## {read.say('languages')}", "", *_table([read.say("languages"), read.say("col.docs")], rows)]


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---"] * (len(heads) - 1) + ["---:"]
    return [f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows)] + [""]


def _v(value: Value) -> str:
    return safe.markdown(value.text)
