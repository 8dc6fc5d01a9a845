"""Reports: the same findings as JSON, as JUnit XML and for a person, whatever a target says."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import jsonschema
import msgspec
import pytest
from rich.console import Console

from bgspec.spec import Profile
from bgspec_conformance import Recipe
from bgspec_conformance.engine import Result
from bgspec_conformance.implementation import Traits
from bgspec_conformance.plan import Add, Plan, Run, Task
from bgspec_conformance.report import schema
from bgspec_conformance.report.json import to_json
from bgspec_conformance.report.junit import to_junit
from bgspec_conformance.report.model import Report, Reports, counted, report_of
from bgspec_conformance.report.terminal import show
from bgspec_conformance.verdict import Evidence, Kind, Verdict

PLAN = Plan((Task(), Task()), (Add(0), Add(1), Run()))
PROOF = "log.index('t0 started') < log.index('t1 started')"
WILD = "[red]t1\x1b[31m\x00 first[/red]"
FAILED = Evidence(
    "t0 first", f"{WILD} (on asyncio)", PLAN, PROOF, backend="asyncio", also=("t1 again",)
)
VERDICTS = (
    Verdict("ADD-1", Kind.PASSED, examples=9, exercised=9),
    Verdict("ADD-6", Kind.FAILED, examples=9, exercised=2, evidence=FAILED),
    Verdict("RUN-5", Kind.PASSED, answer="this run", examples=9, exercised=1),
    Verdict("ORD-1", Kind.FAILED, examples=9, exercised=9, evidence=FAILED),
    Verdict("ORD-2", Kind.BLOCKED, examples=9, exercised=9, blocked_by="RUN-1"),
    Verdict(
        "CTX-3", Kind.DEVIATES, evidence=FAILED, reason="known since 1.0", link="https://x.test/1"
    ),
    Verdict("CAN-5", Kind.NOT_APPLICABLE, examples=9, reason="it does not say"),
    Verdict("CAN-6", Kind.INCONCLUSIVE, examples=9, reason="no example exercised it"),
)


def report(*verdicts: Verdict, name: str = "mine:Tasks") -> Report:
    traits = Traits(
        name=name,
        recipe=Recipe(imports="from mine import Tasks", make="Tasks()"),
        profile=Profile.COLLECTOR,
        versions={"mine": "1.2"},
        tells_pending=False,
        deviations={},
    )
    return report_of(
        Result(target="mine", traits=traits, seed=7, examples=30, verdicts=verdicts or VERDICTS)
    )


def shown(terminal: bool = False, width: int = 80, witnesses: bool = True, **more: Any) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=width, highlight=False)
    show(console, report(**more), strict=False, witnesses=witnesses)
    return file.getvalue()


def shown_of(*verdicts: Verdict) -> str:
    file = io.StringIO()
    show(Console(file=file, width=80), report(*verdicts), strict=True, witnesses=False)
    return file.getvalue()


def test_the_schema_in_the_package_is_the_one_that_the_structs_have() -> None:
    remake = "python -m bgspec_conformance.report.schema"
    assert schema.PATH.read_text("utf-8") == schema.text(), f"remake it: {remake}"


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.schema())


@pytest.mark.parametrize("several", [(report(),), (report(), report(name="other"))])
def test_a_report_and_several_validate(several: tuple[Report, ...]) -> None:
    jsonschema.validate(json.loads(to_json(several)), json.loads(schema.PATH.read_text("utf-8")))


CHANGES: tuple[Callable[[Any], object], ...] = (
    lambda written: written.pop("seed"),
    lambda written: written["clauses"][0].update(verdict="fine"),
    lambda written: written["clauses"][0].update(examples=-1),
    lambda written: written["clauses"][0].pop("title"),
)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_report_does_not_validate(change: Callable[[Any], object]) -> None:
    written = json.loads(to_json([report()]))
    change(written)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, schema.schema())


def test_the_json_report_has_the_documented_fields() -> None:
    written = json.loads(to_json([report()]))
    assert list(written) == [
        "schema",
        "spec",
        "suite",
        "seed",
        "examples",
        "implementation",
        "summary",
        "clauses",
    ]
    assert written["implementation"] == {
        "name": "mine:Tasks",
        "target": "mine",
        "versions": {"mine": "1.2"},
    }
    by_id = {clause["id"]: clause for clause in written["clauses"]}
    assert by_id["ADD-1"] == {
        "id": "ADD-1",
        "level": "MUST",
        "profile": "collector",
        "title": "adding calls nothing",
        "verdict": "passed",
        "examples": 9,
        "exercised": 9,
    }
    assert by_id["RUN-5"]["answer"] == "this run"
    assert by_id["ORD-2"]["blocked_by"] == "RUN-1"
    assert by_id["CTX-3"]["link"] == "https://x.test/1"
    assert {"expected", "seen", "also", "plan", "witness"} <= set(by_id["ORD-1"])


def test_the_plan_of_a_failure_can_be_read_back() -> None:
    written = json.loads(to_json([report()]))
    plans = [clause["plan"] for clause in written["clauses"] if clause["id"] == "ORD-1"]
    assert msgspec.convert(plans, list[Plan]) == [PLAN]


def test_several_reports_stand_in_one_file() -> None:
    both = (report(), report(name="other"))
    assert msgspec.json.decode(to_json(both), type=Reports).reports == both


def test_the_same_findings_give_the_same_bytes() -> None:
    assert to_json([report()]) == to_json([report()])


def test_the_summary_counts_every_verdict() -> None:
    assert report().summary == {
        Kind.PASSED: 2,
        Kind.FAILED: 2,
        Kind.BLOCKED: 1,
        Kind.INCONCLUSIVE: 1,
        Kind.NOT_APPLICABLE: 1,
        Kind.DEVIATES: 1,
    }


def test_a_should_and_a_known_deviation_count_under_strict_alone() -> None:
    assert [entry.id for entry in counted(report(), strict=False)] == ["ORD-1"]
    assert [entry.id for entry in counted(report(), strict=True)] == ["ADD-6", "ORD-1", "CTX-3"]


def test_every_clause_has_a_plain_line_where_there_is_no_terminal() -> None:
    lines = shown().splitlines()
    assert lines[0] == "mine:Tasks  mine 1.2"
    assert "+ passed         ADD-1   MUST    adding calls nothing" in lines
    assert "+ passed         RUN-5   CHOICE  an add while the container runs: this run" in lines
    assert "# blocked        ORD-2   MUST    one at a time (rests on RUN-1)" in lines
    assert any(line.startswith("~ deviates       CTX-3   SHOULD") for line in lines)
    assert lines[-2] == (
        "mine:Tasks: 2 passed, 2 failed, 1 blocked, 1 inconclusive, 1 not-applicable, "
        "1 deviates (1 counted)"
    )


def test_a_failure_says_what_was_expected_and_seen() -> None:
    text = shown()
    assert "  expected: t0 first\n" in text
    assert "  also:     t1 again\n" in text
    assert "  known:    known since 1.0 (https://x.test/1)\n" in text


@pytest.mark.parametrize("terminal", [False, True])
def test_what_an_implementation_says_is_neither_markup_nor_control(terminal: bool) -> None:
    text = shown(terminal=terminal, width=200)
    assert "[red]t1\\x1b[31m\\x00 first[/red]" in text
    assert "\x1b[31m\x00" not in text


def test_a_terminal_gets_colour_and_nobody_else() -> None:
    assert "\x1b[" in shown(terminal=True)
    assert "\x1b" not in shown()


@pytest.mark.parametrize("width", [40, 200])
def test_a_witness_stands_at_the_margin_and_unfolded(width: int) -> None:
    witness = next(entry.witness for entry in report().clauses if entry.id == "ORD-1")
    compile(witness, "witness", "exec")
    assert witness in shown(width=width)


def test_a_terminal_folds_no_witness() -> None:
    longest = max(report().clauses[3].witness.splitlines(), key=len)
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system=None, width=40)
    show(console, report(), strict=False, witnesses=True)
    assert len(longest) > 40
    assert longest in file.getvalue()


def test_witnesses_can_be_left_out() -> None:
    assert "import anyio" not in shown(witnesses=False)


def test_a_fault_that_comes_and_goes_says_how_often() -> None:
    evidence = msgspec.structs.replace(FAILED, shown=2, tries=5)
    assert "at times: 2 of 5 tries showed it again" in shown_of(
        Verdict("ORD-1", Kind.FAILED, evidence=evidence)
    )


@pytest.mark.parametrize(("strict", "failures"), [(False, 1), (True, 3)])
def test_junit_counts_as_the_exit_status_does(strict: bool, failures: int) -> None:
    (suite,) = ET.fromstring(to_junit([report()], strict=strict))
    counts = {name: int(suite.attrib[name]) for name in ("tests", "failures", "skipped", "errors")}
    assert suite.attrib["name"] == "mine:Tasks"
    assert counts == {"tests": 8, "failures": failures, "skipped": 6 - failures, "errors": 0}


def test_junit_has_a_suite_for_each_implementation() -> None:
    written = to_junit([report(), report(name="other")], strict=False)
    assert [suite.get("name") for suite in ET.fromstring(written)] == ["mine:Tasks", "other"]


def test_a_case_of_junit_carries_what_was_seen_and_the_witness() -> None:
    text = to_junit([report()], strict=False).decode()
    assert 'name="ORD-1 first added, first started" classname="bgspec.mine:Tasks"' in text
    assert "\\x1b[31m\\x00 first" in text
    assert "import anyio" in text
    assert "MUST blocked: rests on RUN-1" in text
