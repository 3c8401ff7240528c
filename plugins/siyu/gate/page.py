"""The verdict as a page for people: one file, nothing loaded from elsewhere, no value of any row.

Here: the HTML. Not here: the verdict itself.
"""

from collections.abc import Callable
from html import escape
from pathlib import Path

from siyu.gate.verdict import CheckResult, Status, Verdict
from siyu.storage import written_whole

PAGE_FILE = "verdict.html"

_STYLE = """
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto; max-width: 70rem; color: #222; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
td.number { text-align: right; }
.published { color: #176b3a; } .refused { color: #a4161a; }
code { font-size: 90%; }
"""
_HEADINGS = (
    "Check 检查",
    "Model 模型",
    "Severity 级别",
    "Status 结果",
    "Offending 违规数",
    "What it protects 作用",
)
_SECTIONS: tuple[tuple[str, Callable[[CheckResult], bool]], ...] = (
    ("Refusing 导致拒绝", lambda check: check.refuses),
    ("Warnings 警告", lambda check: check.is_told and not check.refuses),
    ("Accepted warnings 已接受的警告", lambda check: check.status is Status.ACCEPTED),
    ("Passed 通过", lambda check: check.status is Status.PASSED),
)


def write_page(folder: Path, verdict: Verdict) -> None:
    """Write `verdict.html` into the candidate's folder."""
    with written_whole(folder / PAGE_FILE) as staged:
        staged.write_text(page(verdict), encoding="utf-8")


def page(verdict: Verdict) -> str:
    """The page's text: what refuses first, then warnings, then what passed."""
    outcome, css = (
        ("May be published 可以发布", "published") if verdict.passed else ("Refused 拒绝发布", "refused")
    )
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>Audit {escape(verdict.run_id)}</title><style>{_STYLE}</style></head><body>",
        f'<h1>Audit of the candidate 候选数据审计: <span class="{css}">{outcome}</span></h1>',
        f"<p>Run 运行: <code>{escape(verdict.run_id)}</code><br>",
        f"Manifest SHA-256 清单摘要: <code>{escape(verdict.manifest_sha256)}</code><br>",
        f"Checks 检查数: {len(verdict.checks)} · Seconds 用时（秒）: {verdict.seconds:.1f}</p>",
    ]
    for heading, belongs in _SECTIONS:
        checks = [check for check in verdict.checks if belongs(check)]
        parts.append(f"<h2>{heading} ({len(checks)})</h2>")
        parts.append(_table(checks) if checks else "<p>None 无</p>")
    return "\n".join([*parts, "</body></html>\n"])


def _table(checks: list[CheckResult]) -> str:
    header = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    return f"<table><tr>{header}</tr>{''.join(map(_row, checks))}</table>"


def _row(check: CheckResult) -> str:
    offending = "" if check.offending_rows is None else f"{check.offending_rows:,}"
    return (
        f"<tr><td><code>{escape(check.id)}</code></td><td>{escape(check.model)}</td><td>{escape(check.severity)}</td>"
        f'<td>{check.status}</td><td class="number">{offending}</td><td>{escape(check.what)}</td></tr>'
    )
