"""The console script: hands over to the suite, or says what to install where it is not whole."""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]

SUITE_NEEDS = (
    "click",
    "h11",
    "hypercorn",
    "hypothesis",
    "jsonschema",
    "junitparser",
    "msgspec",
    "psutil",
    "pytest",
    "rich",
    "trio",
    "uvicorn",
)


def main() -> None:
    """Run the command line of the suite, and exit with its status (2 where it is not whole)."""
    missing = [name for name in SUITE_NEEDS if find_spec(name) is None]
    if missing:
        needs = ", ".join(missing)
        advice = f'the suite needs {needs}: pip install "bgspec[conformance]"'
        print(f"bgspec: {advice}", file=sys.stderr)
        sys.exit(2)

    from bgspec_conformance.cli import main as run_suite

    run_suite()


if __name__ == "__main__":
    main()
