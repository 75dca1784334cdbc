"""Papers of a Chinese filing: the report's section on corpora, Annex 3 (annotation rules), Annex 7 (proofs).

Annex numbers differ by province; they stand in the titles as most provinces use them. Annex 4 (keywords) is
restricted and made by `lineage.exports.office.keyword_workbook` alone, outside the release.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineage.exports.facts import MANIFEST, NOT_STATED, Release, name, or_not_stated, published
from lineage.exports.paper import Paper
from lineage.exports.rights import conflicts, effective

REPORT, PROOFS = "exports/cn/corpora.zh.md", "exports/cn/annex-7-proofs.zh.md"
UNSAID = NOT_STATED["zh"]
CLASSES = {
    "开源语料": ("open-licence", "public-domain"),
    "自采语料": ("self-collected",),
    "商业语料": ("commercial-contract",),
    "使用者输入": ("user-data",),
    "合成语料": ("synthetic",),
}


def corpora(release: Release) -> Paper:
    """Return the section on corpora of the assessment report: size, sources, rights, people, checks."""
    paper = Paper(f"安全评估报告：语料部分（{release.dataset['id']} {release.dataset['version']}）")
    paper.say(
        "本节由程序根据发布版清单生成，仅陈述测量结果，不构成合规结论。“未声明”表示没有任何材料说明该项。"
    )
    for fill in (_scale, _sources, _annotation, _legality, _personal, _rights, _checks):
        fill(release, paper)
    return paper


def _tokens(manifest: Mapping[str, Any]) -> str:
    counted = manifest.get("tokens")
    return f"{counted['n']}（分词器：{counted['tokenizer']}）" if counted else "未声明"


def _scale(release: Release, paper: Paper) -> None:
    shards = release.shards
    paper.head("一、语料规模").table(
        ["项目", "数值"],
        [
            ("条数（单位：文档）", release.documents),
            ("字符数", release.manifest["chars"]),
            ("词元数", _tokens(release.manifest)),
            ("文本字节数（UTF-8）", release.manifest["bytes"]),
            ("存储规模（字节）", sum(s["bytes"] for s in shards)),
            ("分片数", len(shards)),
            ("用途", release.dataset["purpose"]),
        ],
    )
    paper.table(
        ["语种", "文档数", "字符数"],
        [(x["code"], x["docs"], x["chars"]) for x in release.manifest["languages"]],
    )


def _sources(release: Release, paper: Paper) -> None:
    paper.head("二、语料来源").table(
        ["类别", "来源数", "文档数", "占比"],
        [_class_row(release, label, release.of_class(*classes)) for label, classes in CLASSES.items()],
    )
    home = sum(published(s["flow"]) for s in release.used if s["jurisdiction"] == "CN")
    paper.say(f"境内来源文档占比：{_share(home, release.documents)}；境外来源文档占比："
              f"{_share(release.documents - home, release.documents)}。")  # fmt: skip
    paper.table(
        [
            "编号",
            "名称",
            "类别",
            "许可",
            "国别",
            "存储地",
            "跨境",
            "采集时间",
            "文档数",
            "抽检不良占比（95 % 上限）",
        ],
        [_source_row(s) for s in release.sources],
    )


def _class_row(release: Release, label: str, found: list) -> tuple[Any, ...]:
    docs = sum(published(s["flow"]) for s in found)
    return label, len(found), docs, _share(docs, release.documents)


def _source_row(source: Mapping[str, Any]) -> tuple[Any, ...]:
    probe, span = source.get("probe") or {}, source.get("collected") or {}
    rate = (
        f"{probe['share']}（{probe['upper95']}，n={probe['n']}）"
        if probe.get("share") is not None
        else "未抽检"
    )
    return (
        source["id"],
        source["title"]["zh"],
        name("class", source["class"], "zh"),
        source["licence"],
        source["jurisdiction"],
        source["storage_region"],
        "是" if source["cross_border"] else "否",
        f"{span.get('from', UNSAID)} 至 {span.get('to', UNSAID)}",
        published(source["flow"]),
        rate,
    )


def _annotation(release: Release, paper: Paper) -> None:
    own = [s for s in release.used if s["annotated"]]
    paper.head("三、标注").table(
        ["项目", "内容"],
        [
            ("已标注语料数量（文档）", sum(published(s["flow"]) for s in own)),
            ("含标注的来源", "、".join(s["id"] for s in own) or "无"),
            ("标注人员情况", release.answer("collection-who", "zh") or UNSAID),
            ("标注规则", "见附件3" if own else "不涉及：没有来源声明含有标注"),
        ],
    )


def _legality(release: Release, paper: Paper) -> None:
    paper.head("四、来源合法性").table(
        ["来源", "合法性基础", "证明材料（类别，SHA-256）"],
        [
            (
                s["id"],
                s["lawful_basis"],
                "；".join(f"{e['kind']} {e['sha256']}" for e in s["evidence"]) or UNSAID,
            )
            for s in release.used
        ],
    )


def _personal(release: Release, paper: Paper) -> None:
    rows = [
        (r["type"], r["found"], r["in_published"], r["action"], r["residual"])
        for r in release.manifest["pii"]
    ]
    paper.head("五、个人信息").table(["类型", "发现", "其中在已发布文档", "处理", "处理后残留"], rows)
    paper.say(f"保留个人信息的依据：{release.answer('personal-basis', 'zh') or UNSAID}。"
              f"个人信息保护影响评估：{release.answer('personal-impact', 'zh') or UNSAID}。")  # fmt: skip


def _rights(release: Release, paper: Paper) -> None:
    paper.head("六、知识产权").say(
        f"整体适用的许可：{effective(release)}。投诉渠道：{release.answer('rights-complaints', 'zh') or UNSAID}。"
    )
    paper.points([f"{c.where}：{c.zh}" for c in conflicts(release)] or ["许可证表中未见冲突。"])


def _checks(release: Release, paper: Paper) -> None:
    flow = release.manifest["flow"]
    paper.head("七、过滤与抽检").say(
        f"读入 {flow['in']} = 保留 {flow['kept']} + 脱敏 {flow['redacted']} + 移除 {flow['removed']} + "
        f"隔离 {flow['quarantined']} + 不可读 {flow['unreadable']}。"
    )
    paper.table(
        ["阶段", "原因", "去向", "文档数"],
        [(name("stage", r["stage"], "zh"), r["reason"], name("disposition", r["disposition"], "zh"), r["docs"])
         for r in release.manifest["reasons"]],
    )  # fmt: skip
    paper.table(
        ["门限", "条款", "版本", "状态", "实测", "要求"],
        [(g["zh"] or g["id"], or_not_stated(g["clause"], "zh"), or_not_stated(g["edition"], "zh"),
          name("status", g["status"], "zh"), "未测" if g["measured"] is None else g["measured"], g["threshold"])
         for g in release.manifest["gates"]],
    )  # fmt: skip
    audit = release.manifest.get("audit") or {}
    span = audit.get("interval95")
    paper.say(
        f"人工抽检：抽取 {audit.get('n', 0)} 条，已判 {audit.get('labelled', 0)} 条，合格 {audit.get('passed', 0)} 条，"
        f"合格率 {or_not_stated(audit.get('pass_rate'), 'zh')}"
        f"（95 % 区间 {f'{span[0]} 至 {span[1]}' if span else '未测'}）。"
    )
    paper.say("未检查的内容：").points(
        [f"{x['what_zh']}（{x['why']}）" for x in release.manifest["not_checked"]] or ["无。"]
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "0.00 %"


def proofs(release: Release) -> Paper:
    """Return Annex 7: an index of every proof, by source and by release file, with digest and what it shows."""
    paper = Paper("附件7　其他证明材料索引")
    paper.say("合同、授权、采集记录等原件不在发布版内；此处列出其摘要，供与原件核对。")
    paper.head("一、来源证明").table(
        ["序号", "来源", "类别", "证明", "SHA-256"],
        [
            (i, source["id"], name("class", source["class"], "zh"), proof["kind"], proof["sha256"])
            for i, (source, proof) in enumerate(((s, e) for s in release.used for e in s["evidence"]), 1)
        ],
    )
    bare = [s["id"] for s in release.used if not s["evidence"]]
    paper.say(f"没有任何证明的来源：{'、'.join(bare) or '无'}。")
    rows = [(MANIFEST, "发布版清单", release.manifest_digest)]
    rows += [("meta/policy.yaml", "策略", release.manifest["policy"]["sha256"])]
    rows += [(f"meta/shards/{s['source']}/{s['part']}.json", "分片清单", s["manifest_sha256"])
             for s in sorted(release.manifest["shards"], key=lambda s: (s["source"], s["part"]))]  # fmt: skip
    rows += [(m["lineage"]["path"], "公开血缘表", m["lineage"]["sha256"]) for m in release.manifests]
    paper.head("二、发布版文件").table(["文件", "内容", "SHA-256"], rows)
    return paper


def annotation_rules(release: Release, records: Mapping[str, Mapping[str, Any] | None]) -> Paper:
    """Return Annex 3 from the annotation records of sources.yaml (`records`: source id to record); for an inspector."""
    paper = Paper("附件3　语料标注规则")
    own = [s for s in release.used if records.get(s["id"])]
    if not own:
        return paper.say("不涉及。理由：所用来源均未声明含有标注或编写的答案。")
    for source in own:
        paper.head(f"{source['id']}　{source['title']['zh']}")
        record = records[source["id"]] or {}
        paper.table(["项目", "内容"], [(key, _plain(value)) for key, value in sorted(record.items())])
    rest = [s["id"] for s in release.used if not records.get(s["id"])]
    return paper.say(f"未声明标注的来源：{'、'.join(rest) or '无'}。")


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return "；".join(f"{k}：{_plain(v)}" for k, v in value.items())
    return "；".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value)
