"""The promises of siyu, the tests that show each, and their last figures.

Tests name the guarantee they show in their own name (`test_f9_…`) or by `@pytest.mark.guarantee("F9")`; figures come
from the report of `make soak`: `python -m docs.guarantees REPORT.xml` keeps them in docs/guarantees.json.
"""

import ast
import json
import os
import re
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

from siyu.settings import PROJECT

PROMISES = PROJECT / "docs" / "guarantees.yml"
FIGURES = PROJECT / "docs" / "guarantees.json"
IN_A_NAME = re.compile(r"test_(f\d+)_")  # the guarantee that a test names


def page() -> str:
    """The table of guarantees as Markdown."""
    promises = yaml.safe_load(PROMISES.read_text(encoding="utf-8"))
    shown = tests_by_guarantee()
    if unknown := sorted(shown.keys() - promises.keys()):
        sys.exit(f"docs: tests show {', '.join(unknown)}, which {PROMISES.name} does not promise")
    if unshown := sorted(promises.keys() - shown.keys()):
        sys.exit(f"docs: no test shows {', '.join(unshown)} of {PROMISES.name}")
    measured = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {"figures": {}}
    lines = [
        "# What siyu guarantees\n",
        "Each promise, the tests that show it, and what they measured last. `make test` runs them with quick counts,"
        " `make soak` with the full ones. Processes are started and killed, PostgreSQL is a real server, Airflow a real"
        " scheduler; quick tests of whole nights use a small dbt project, most of them its SQL without dbt.\n",
    ]
    if measured.get("measured_at"):
        lines.append(
            f"Figures of `make soak` of {measured['measured_at']}: {measured['tests']} tests in"
            f" {measured['minutes']} minutes on {measured['cores']} cores, {measured['not_passed']} of them failed or"
            " skipped.\n"
        )
    lines += ["| | promise | shown by | figures |", "|---|---|---|---|"]
    for number in sorted(promises, key=lambda number: int(number[1:])):
        files: dict[str, int] = defaultdict(int)
        for test in shown[number]:
            files[test.partition("::")[0]] += 1
        tests = ", ".join(f"[`{file}`](../{file}) ({count})" for file, count in sorted(files.items()))
        figures = "; ".join(
            f"{name} {value}"
            for test in sorted(shown[number])
            for name, value in measured["figures"].get(test, {}).items()
        )
        lines.append(f"| {number} | {promises[number]} | {tests} | {figures} |")
    return "\n".join(lines) + "\n"


def tests_by_guarantee() -> dict[str, set[str]]:
    """Ids of tests, without parameters, by the number of the guarantee they show."""
    shown: dict[str, set[str]] = defaultdict(set)
    for file in sorted((PROJECT / "tests").rglob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        of_module = set(_marked(tree.body, "pytestmark"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                numbers = of_module | set(_numbers(node.decorator_list))
                if named := IN_A_NAME.match(node.name):
                    numbers.add(named[1].upper())
                for number in numbers:
                    shown[number].add(f"{file.relative_to(PROJECT).as_posix()}::{node.name}")
    return shown


def keep_figures(report: Path) -> int:
    """Take the figures out of a pytest report; how many tests reported some."""
    suite = next(ET.parse(report).iter("testsuite"))  # noqa: S314 - written by our own pytest
    figures: dict[str, dict[str, str]] = defaultdict(dict)
    for case in suite.iter("testcase"):
        name = re.split(r"[\[@]", case.get("name", ""), maxsplit=1)[0]
        test = f"{case.get('classname', '').replace('.', '/')}.py::{name}"
        for found in case.iter("property"):
            name, value = found.get("name", ""), found.get("value", "")
            # a test that ran with several parameters measured each of them
            told = figures[test].setdefault(name, value)
            if value not in told.split(", "):
                figures[test][name] = f"{told}, {value}"
    measured = {
        "measured_at": suite.get("timestamp", "")[:10],
        "minutes": round(float(suite.get("time", "0")) / 60),
        "tests": int(suite.get("tests", "0")),
        "not_passed": sum(int(suite.get(name, "0")) for name in ("failures", "errors", "skipped")),
        "cores": os.cpu_count(),
        "figures": figures,
    }
    FIGURES.write_text(json.dumps(measured, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return len(figures)


def _marked(body: list[ast.stmt], name: str) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            yield from _numbers([statement.value])


def _numbers(expressions: list[ast.expr]) -> Iterator[str]:
    for expression in expressions:
        yield from re.findall(r"mark\.guarantee\('(F\d+)'\)", ast.unparse(expression))


if __name__ == "__main__":
    sys.stdout.write(f"{keep_figures(Path(sys.argv[1]))} tests reported figures\n")
