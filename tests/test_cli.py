"""The command line: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import psutil
import pytest
from click.testing import CliRunner, Result

from bgspec.spec import CLAUSES
from bgspec_conformance import cli as module
from bgspec_conformance.cli import cli
from bgspec_conformance.report.model import About, Entry, Report
from bgspec_conformance.report.schema import schema
from bgspec_conformance.session import Trouble
from bgspec_conformance.verdict import Kind
from tests import few
from tests.children import assert_gone, posix

STARLETTE = "starlette.background:BackgroundTasks"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def bgspec(*args: str) -> Result:
    return CliRunner().invoke(cli, list(args))


def process(*args: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bgspec", *args], capture_output=True, text=True, check=False
    )


def report(**verdicts: Kind) -> Report:
    """A report of these verdicts; a clause is named ``ORD_1``."""
    entries = tuple(
        Entry(
            id=clause.id,
            level=clause.level,
            profile=clause.profiles[0],
            title=clause.title,
            verdict=kind,
            examples=1,
            exercised=1,
        )
        for clause, kind in (
            (CLAUSES[name.replace("_", "-")], kind) for name, kind in verdicts.items()
        )
    )
    return Report(
        schema=1,
        spec=1,
        suite="1",
        seed=0,
        examples=0,
        implementation=About(name="mine", target="mine", versions={}),
        summary={kind: sum(entry.verdict is kind for entry in entries) for kind in Kind},
        clauses=entries,
    )


Outcome = tuple[list[Report], Trouble | None]
Found = dict[str, Outcome]


def checked(monkeypatch: pytest.MonkeyPatch, found: Found, *args: str) -> Result:
    """``check`` of these targets, of each of which so much is found."""

    def tried(target: str, *_: object) -> Outcome:
        return found[target]

    monkeypatch.setattr("bgspec_conformance.session.tried", tried)
    return bgspec("check", *found, *args)


def test_starlette_keeps_all_that_counts_and_the_same_seed_gives_the_same_report() -> None:
    args = ("check", STARLETTE, "--examples", "22", "--seed", "7")
    done = bgspec(*args, "--json", "one.json", "--junit", "out.xml")
    assert done.exit_code == 0, done.output
    assert "x CALL-6 failed" in done.output
    written = json.loads(Path("one.json").read_text())
    jsonschema.validate(written, schema())
    assert len(ET.parse("out.xml").findall(".//testcase")) == len(written["clauses"])
    assert bgspec(*args, "--json", "two.json").exit_code == 0
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()


def test_one_clause_is_judged_alone() -> None:
    args = ("--clause", "CALL-6", "--examples", "0", "--json", "out.json")
    assert bgspec("check", few.TARGET, *args).exit_code == 0
    written = json.loads(Path("out.json").read_text())
    assert [clause["id"] for clause in written["clauses"]] == ["CALL-6"]


def test_a_report_can_go_to_standard_output_with_nothing_beside_it() -> None:
    args = ("check", few.TARGET, "--clause", "ADD-7", "--examples", "0", "--strict", "--json", "-")
    done = process(*args)
    assert done.returncode == 1
    assert json.loads(done.stdout)["summary"]["failed"] == 1
    assert done.stderr == f"checking {few.TARGET} ...\n"


@pytest.mark.parametrize(
    ("verdicts", "plain", "strict"),
    [
        ({"ORD_1": Kind.PASSED}, 0, 0),
        ({"ORD_1": Kind.FAILED}, 1, 1),
        ({"RUN_5": Kind.FAILED}, 1, 1),
        ({"ORD_1": Kind.PASSED, "ADD_7": Kind.FAILED}, 0, 1),
        ({"ORD_1": Kind.DEVIATES}, 0, 1),
        ({"ORD_1": Kind.INCONCLUSIVE}, 3, 3),
        ({"ORD_1": Kind.PASSED, "ORD_2": Kind.INCONCLUSIVE}, 3, 3),
        ({"ORD_1": Kind.PASSED, "ADD_7": Kind.INCONCLUSIVE}, 0, 3),
        ({"ORD_1": Kind.FAILED, "ORD_2": Kind.INCONCLUSIVE}, 1, 1),
        ({"CAN_5": Kind.NOT_APPLICABLE}, 3, 3),
        ({"ORD_1": Kind.PASSED, "CAN_5": Kind.NOT_APPLICABLE}, 0, 0),
        ({"ORD_2": Kind.BLOCKED}, 3, 3),
        ({}, 3, 3),
    ],
)
def test_the_exit_status_says_what_was_found(
    monkeypatch: pytest.MonkeyPatch, verdicts: dict[str, Kind], plain: int, strict: int
) -> None:
    found: Found = {"mine": ([report(**verdicts)], None)}
    assert checked(monkeypatch, found).exit_code == plain
    assert checked(monkeypatch, found, "--strict").exit_code == strict


def test_every_target_is_tried_and_the_worst_status_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    held, broken = report(ORD_1=Kind.PASSED), report(ORD_1=Kind.FAILED)
    unknown = Trouble("no implementation is registered as 'b'", of_target=True)
    found: Found = {"a": ([broken], None), "b": ([], unknown), "c": ([held], None)}
    done = checked(monkeypatch, found, "--json", "out.json")
    assert done.exit_code == 2
    assert done.stderr == "bgspec: no implementation is registered as 'b'\n"
    assert len(json.loads(Path("out.json").read_text())["reports"]) == 2
    del found["b"]
    assert checked(monkeypatch, found).exit_code == 1


def test_an_error_of_the_suites_own_means_that_nothing_was_tested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = checked(monkeypatch, {"a": ([], Trouble("please report it", of_target=False))})
    assert (done.exit_code, done.stderr) == (3, "bgspec: please report it\n")


def test_a_file_that_cannot_be_written_keeps_no_other_from_being_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: Path, content: bytes) -> int:
        if self.name == "out.json":
            raise OSError(28, "No space left on device")
        return write(self, content)

    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", refuse)
    found: Found = {"mine": ([report(ORD_1=Kind.PASSED)], None)}
    done = checked(monkeypatch, found, "--json", "out.json", "--junit", "out.xml")
    assert done.exit_code == 2
    assert done.stderr == "bgspec: out.json cannot be written: No space left on device\n"
    assert Path("out.xml").exists()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("check",), "name a TARGET: one of fastapi, litestar, quart, reference, starlette"),
        (("check", "starlette", "--clause", "QUE-1"), "QUE-1 is not tested yet"),
        (("check", "starlette", "--clause", "ORD-11"), "did you mean"),
        (("check", "starlette", "--json", "no/out.json"), "there is no directory"),
        (("check", "starlette", "--json", "."), "is a directory"),
        (("check", "starlette", "--json", "-", "--junit", "-"), "cannot both go to stdout"),
        (("check", "starlette", "--examples", "-1"), "-1 is not in the range"),
        (
            ("check", "starlette", "--profile", "queue"),
            "'queue' is not one of 'collector', 'request'",
        ),
        (("spec", "ORD-99"), "no clause 'ORD-99'"),
        (("chek",), "No such command 'chek'"),
    ],
)
def test_bad_usage_teaches(args: tuple[str, ...], told: str) -> None:
    done = bgspec(*args)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())


def test_a_wrong_target_is_told_in_a_line() -> None:
    done = process("check", "nowhere:Tasks", "--examples", "0")
    assert done.returncode == 2
    assert done.stdout == ""
    _, told = done.stderr.splitlines()
    assert told.startswith("bgspec: nowhere:Tasks: there is no module 'nowhere'")


def test_the_help_shows_examples_and_every_exit_status() -> None:
    text = bgspec("check", "--help").output
    assert "bgspec check mytasks:MyTasks --strict" in text
    assert [line.split()[0] for line in text.splitlines()[-4:]] == ["0", "1", "2", "3"]


def test_the_version_is_told() -> None:
    assert process("--version").stdout.startswith("bgspec ")


def test_the_contract_is_printed_a_line_a_clause() -> None:
    lines = bgspec("spec").output.splitlines()
    assert "ORD  Order" in lines
    assert "  ORD-1   MUST    first added, first started" in lines
    assert sum(line.startswith("  ") for line in lines) == len(CLAUSES)
    assert any(line.startswith("  QUE-1 ") and "(not tested yet)" in line for line in lines)


def test_a_clause_is_printed_whole() -> None:
    clause = CLAUSES["RUN-5"]
    text = " ".join(bgspec("spec", "RUN-5", "QUE-1", "CALL-9").output.split())
    for part in (clause.sentence, clause.reason, clause.source, " / ".join(clause.answers)):
        assert " ".join(part.split()) in text
    assert "tested by bgspec_conformance.checks." in text
    assert "tested by not tested yet" in text
    assert "tested by the engine" in text


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_neither_child_nor_file(
    number: signal.Signals, tmp_path: Path
) -> None:
    Path("mine.py").write_text("open('here', 'w').close()\nimport time\ntime.sleep(600)\n")
    Path("temporary").mkdir()
    # A test runner in the background may have been started to ignore some.
    start = (
        f"import signal; signal.signal({int(number)}, signal.default_int_handler);"
        "from bgspec.__main__ import main; main()"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", start, "check", "mine:Tasks", "--examples", "0"],
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        deadline = time.monotonic() + 60
        while not Path("here").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        children = psutil.Process(started.pid).children(recursive=True)
        started.send_signal(number)
        _, told = started.communicate(timeout=60)
    assert started.returncode == 128 + number
    assert told.splitlines()[-1] == f"bgspec: interrupted by {number.name}"
    assert "Traceback" not in told
    assert list(Path("temporary").iterdir()) == []
    assert children
    for child in children:
        assert_gone(child.pid)


def test_an_interrupt_outside_a_trial_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "clause", interrupt)
    monkeypatch.setattr(sys, "argv", ["bgspec", "spec", "ORD-1"])
    with pytest.raises(SystemExit) as caught:
        module.main()
    assert caught.value.code == 130


def test_help_imports_nothing_that_is_slow() -> None:
    slow = "{'hypothesis', 'msgspec', 'pytest', 'rich', 'trio'}"
    code = (
        "import sys; from click.testing import CliRunner; from bgspec_conformance.cli import cli;"
        f"CliRunner().invoke(cli, ['--help']); print({slow} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_parent_never_imports_hypothesis() -> None:
    code = (
        "import sys, bgspec_conformance.session, bgspec_conformance.report.terminal;"
        "print('hypothesis' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
