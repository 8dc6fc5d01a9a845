"""``make history``: how the verdicts on FastAPI and Starlette changed over their releases.

For each release a virtual environment is made, the suite is run there, with nothing declared, and
what it said is kept in ``results/history``: a JSON file a framework with every verdict, and a page
with the clauses that changed. A release that was seen is not tried again; ``--again`` does.

It takes about half a minute a release, and the package index.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

HERE = Path(__file__).parent
HISTORY = HERE / "results" / "history"
RELEASES = {
    "fastapi": (
        "0.79", "0.88", "0.95", "0.100", "0.103", "0.106", "0.108", "0.115", "0.117", "0.118",
        "0.120", "0.121", "0.130", "0.150", "0.165",
    ),
    "starlette": (
        "0.20", "0.22", "0.25", "0.27", "0.30", "0.33", "0.37", "0.40", "0.42", "0.45", "0.48",
        "0.52", "1.0", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10",
    ),
}  # fmt: skip
"""The releases that are tried; of each minor one the last."""
MOST = 600
"""Seconds for the suite in one environment; it ends by itself far before."""

console = Console(stderr=True)


def main() -> None:
    """Try what is asked for, and write the files."""
    parser = argparse.ArgumentParser(prog="make history", description=__doc__)
    parser.add_argument("names", nargs="*", default=[*RELEASES], help="frameworks; else all")
    parser.add_argument("--again", action="store_true", help="try releases that were seen too")
    asked = parser.parse_args()
    HISTORY.mkdir(parents=True, exist_ok=True)
    for name in asked.names:
        path = HISTORY / f"{name}.json"
        seen: dict[str, Any] = (
            {} if asked.again or not path.exists() else json.loads(path.read_text())
        )
        for release in RELEASES[name]:
            if release not in seen:
                console.print(f"{name} {release} ...")
                seen[release] = tried(name, release)
                ordered = {known: seen[known] for known in RELEASES[name] if known in seen}
                path.write_text(json.dumps(ordered, indent=1) + "\n")
        path.with_suffix(".md").write_text("\n".join(page(name, seen)) + "\n")


def tried(name: str, release: str) -> dict[str, Any]:
    """What the suite says of a release: the versions, and each clause's verdict or answer."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        run(sys.executable, "-m", "venv", folder)
        pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        try:
            run(*pip, f"{HERE.parent}[conformance]", f"{name}=={release}.*")
        except subprocess.CalledProcessError as exc:
            return {"error": str(exc.stderr).strip().splitlines()[-1]}
        report = Path(folder) / "report.json"
        command = (
            str(python),
            "-m",
            "bgspec",
            "check",
            f"undeclared:{name}",
            "--json",
            str(report),
        )
        done = subprocess.run(
            command, cwd=HERE, capture_output=True, text=True, timeout=MOST, check=False
        )
        if not report.exists():
            return {"error": done.stderr.strip().splitlines()[-1]}
        return summary(json.loads(report.read_text()))


def run(*command: str) -> None:
    """Run a command that has to succeed."""
    subprocess.run(command, check=True, capture_output=True, text=True)


def summary(file: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a report file: verdicts and answers, and what was seen of failures."""
    reports = file.get("reports", [file])
    return {
        "versions": reports[0]["implementation"]["versions"],
        "clauses": {
            report["implementation"]["name"]: {
                clause["id"]: clause.get("answer") or clause["verdict"]
                for clause in report["clauses"]
            }
            for report in reports
        },
        "seen": {
            report["implementation"]["name"]: {
                clause["id"]: clause["seen"] for clause in report["clauses"] if clause.get("seen")
            }
            for report in reports
        },
    }


def page(name: str, seen: dict[str, Any]) -> Iterator[str]:
    """A page of what changed, release by release."""
    tried = {release: found for release, found in seen.items() if "clauses" in found}
    python = ".".join(map(str, sys.version_info[:2]))
    yield f"# {name} over its releases"
    yield ""
    yield f"What the suite said of each on Python {python}, where it changed. `make history`"
    yield "remakes it."
    for variant in dict.fromkeys(v for found in tried.values() for v in found["clauses"]):
        told = {release: found["clauses"].get(variant, {}) for release, found in tried.items()}
        clauses = dict.fromkeys(c for found in told.values() for c in found)
        changed = [c for c in clauses if len({found.get(c) for found in told.values()}) > 1]
        yield from ("", f"## {variant}", "")
        if not changed:
            yield f"The same in all of them: {', '.join(told)}."
            continue
        yield f"| release | {' | '.join(changed)} |"
        yield f"| --- |{' --- |' * len(changed)}"
        for release, found in told.items():
            yield f"| {release} | {' | '.join(found.get(c, '') for c in changed)} |"
    errors = {release: found["error"] for release, found in seen.items() if "error" in found}
    if errors:
        yield from ("", "## Not tried", "")
        yield from (f"* {release}: {error}" for release, error in errors.items())


if __name__ == "__main__":
    main()
