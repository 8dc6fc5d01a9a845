"""The engine: from a target, clause by clause, to its verdicts.

For each variant of a target and each backend a child process carries out the cases, two backends at
once. A child that falls silent, grows too large or ends before its time is written off: the clause
that its last case was made for has failed, and another child goes on with the rest. After three
such ends what is left stays inconclusive.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

import anyio
import msgspec

from bgspec.spec import CLAUSES, Profile
from bgspec_conformance.checks.judgement import Answer, Violation
from bgspec_conformance.errors import SuiteError, TargetError
from bgspec_conformance.implementation import Traits
from bgspec_conformance.isolation import Ending, Exited, Finished, Silent, TooLarge, supervise
from bgspec_conformance.kit import KITS, AnyPlan
from bgspec_conformance.messages import (
    RUINED,
    About,
    Broken,
    Job,
    Message,
    Note,
    Progress,
    Rejected,
    Unsupported,
)
from bgspec_conformance.tally import AnswerSeen, Tallies, Tally, ViolationSeen
from bgspec_conformance.verdict import Verdict, conclude

__all__ = [
    "EXAMPLES",
    "LOOPS",
    "SEED",
    "Options",
    "Result",
    "Watcher",
    "check",
    "checkable",
    "unwatched",
]

EXAMPLES = 300
"""Plans drawn by luck, on each backend, where nothing else is asked for."""
SEED = 0
"""Their seed, where nothing else is asked for."""
BACKENDS = ("asyncio", "trio")
SILENCE = 15.0
"""Seconds without a sign of life after which a child is hung."""
MEMORY = 2 << 30
"""Bytes that a child may take."""
MOST_ENDS = 3
"""Children that an implementation may end on one backend before the rest is left."""
LINES = 12
"""Lines, at most, that are shown of what a target printed before it ended its child."""
LOOPS = "CALL-9"
"""The clause that the engine answers itself: on which event loops it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked for.

    Attributes:
        clauses: ids; empty for all that can be tested.
        profiles: the profiles to try; empty for all that a target has.
        examples: plans drawn by luck, on each backend.
        seed: for them; the same seed gives the same report.
    """

    clauses: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = ()
    examples: int = EXAMPLES
    seed: int = SEED

    def judged(self, profile: Profile) -> tuple[str, ...]:
        """The clauses that are judged of an implementation of this profile; none if not asked."""
        if self.profiles and profile not in self.profiles:
            return ()
        checked = checkable(profile)
        return tuple(c for c in checked if c in self.clauses) if self.clauses else checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was found out of one implementation.

    Attributes:
        target: as it stands on the command line.
        traits: of the implementation.
        seed, examples: as they were asked for.
        verdicts: in the order of the contract.
    """

    target: str
    traits: Traits
    seed: int
    examples: int
    verdicts: tuple[Verdict, ...]


class Watcher(Protocol):
    """Is told how far a trial has come."""

    def __call__(self, name: str, backend: str, done: int, total: int) -> None:
        """So many of a backend's cases are over; ``name`` is the implementation's."""


def unwatched(name: str, backend: str, done: int, total: int) -> None:
    """A watcher that looks away."""


def checkable(*profiles: Profile) -> tuple[str, ...]:
    """The clauses that have a check in these profiles, in the order of the contract.

    Without an argument: in any.
    """
    asked = profiles or tuple(KITS)
    return tuple(clause for clause in CLAUSES if any(_has_check(clause, p) for p in asked))


def _has_check(clause: str, profile: Profile) -> bool:
    if profile not in CLAUSES[clause].profiles or profile not in KITS:
        return False
    return clause in KITS[profile].checks or clause == LOOPS


async def check(target: str, options: Options, watch: Watcher) -> AsyncIterator[Result]:
    """Try every variant of a target that is asked for, one after the other.

    Args:
        target: a registered name or ``module:attr``.
        options: what is asked for.
        watch: is told how far it has come.

    Raises:
        TargetError: the target cannot be loaded.
        SuiteError: the suite itself failed.
    """
    variant, variants, tried = 0, 1, 0
    while variant < variants:
        ways = [_Way(target, variant, backend, options, watch) for backend in BACKENDS]
        try:
            async with anyio.create_task_group() as group:
                for way in ways:
                    group.start_soon(way.go)
        except BaseExceptionGroup as group:
            ours, others = group.split(SuiteError)
            if ours is None or others is not None:
                raise
            raise _first(ours) from None
        about = next(way.about for way in ways if way.about is not None)
        variants = about.variants
        if clauses := options.judged(about.traits.profile):
            tried += 1
            yield _result(target, about.traits, options, clauses, ways)
        variant += 1
    if not tried:
        raise TargetError(f"{target}: nothing that was asked for applies to it")


def _first(group: BaseExceptionGroup[SuiteError]) -> SuiteError:
    """One error out of those that both backends met."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _result(
    target: str, traits: Traits, options: Options, clauses: tuple[str, ...], ways: list[_Way]
) -> Result:
    tallies: Tallies = {clause: Tally() for clause in clauses}
    reasons: dict[str, str] = {}
    for way in ways:
        for clause, tally in way.tallies.items():
            tallies[clause].merge(tally)
        if way.left_off:
            reasons |= dict.fromkeys(clauses, way.left_off)
    if LOOPS in clauses:
        tallies[LOOPS] = _loops(KITS[traits.profile].plain[0], ways)
    return Result(
        target=target,
        traits=traits,
        seed=options.seed,
        examples=options.examples,
        verdicts=tuple(conclude(traits, tallies, reasons)),
    )


def _loops(plan: AnyPlan, ways: list[_Way]) -> Tally:
    """The answer to CALL-9: the backends that carried out anything."""
    works = [way.backend for way in ways if not way.unsupported]
    answer = Answer(" and ".join(works), "'t0 started' in log")
    return Tally(len(ways), len(works), answers=(AnswerSeen(answer, plan, works[0]),))


@dataclass(slots=True)
class _Way:
    """One variant of a target on one backend: its children, one after the other."""

    target: str
    variant: int
    backend: str
    options: Options
    watch: Watcher
    about: About | None = None
    tallies: Tallies = field(default_factory=dict[str, Tally])
    unsupported: str = ""
    left_off: str = ""
    _last: Progress | None = None
    _skip: tuple[int, ...] = ()
    _without: tuple[str, ...] = ()

    async def go(self) -> None:
        """Start children until all cases are over."""
        start, ends = 0, 0
        while True:
            self._last = None
            ending = await supervise(
                [sys.executable, "-P", "-m", "bgspec_conformance.child"],  # -P: no module from here
                msgspec.json.encode(self._job(start)),
                silence=SILENCE,
                memory=MEMORY,
                on_message=self._hear,
            )
            last = self._last
            if last is not None:
                start = last.done
                _add(self.tallies, last.tallies)
                if last.gave_up:
                    self.left_off = last.gave_up
            if self.unsupported or (last is not None and last.final):
                return
            if self.about is None or isinstance(ending, Finished):
                raise self._failure(ending)
            if last is not None and (last.gave_up or last.done >= self.about.cases):
                return  # it ended while a plan was made smaller: all cases are over
            self._file(ending)
            ends += 1
            if ends == MOST_ENDS:
                self.left_off = f"the implementation ended or hung the process {ends} times"
                return

    def _job(self, start: int) -> Job:
        return Job(
            self.target,
            self.variant,
            self.backend,
            self.options.clauses or checkable(),
            self.options.profiles or tuple(KITS),
            self.options.examples,
            self.options.seed,
            start,
            self._skip,
            self._without,
        )

    def _hear(self, line: bytes) -> None:
        message: Message = msgspec.json.decode(line, type=Message)
        match message:
            case About() as about:
                self.about = about
                self.watch(about.traits.name, self.backend, 0, about.cases)
            case Rejected(why=why):
                raise TargetError(why)
            case Broken(why=why):
                raise SuiteError(
                    f"the suite itself failed on {self.target}; please report it:\n{why}"
                )
            case Unsupported(why=why):
                self.unsupported = why
                if self.about is not None:
                    cases = self.about.cases
                    self.watch(self.about.traits.name, self.backend, cases, cases)
            case Progress() as progress:
                self._last = progress
                if self.about is not None:
                    name, cases = self.about.traits.name, self.about.cases
                    self.watch(name, self.backend, progress.done, cases)

    def _file(self, ending: Ending) -> None:
        """Hold an end before its time against the clause that the last case was made for.

        There is no case where the end came before the first, or while it was written down.
        """
        note = msgspec.json.decode(ending.note, type=Note) if ending.note else None
        focus = note.case.focus if note else ""
        assert self.about is not None
        profile = self.about.traits.profile
        judged = self.options.judged(profile)
        clause = focus if focus in judged else KITS[profile].hung
        if note:
            self._skip = (*self._skip, note.number)
        if focus:
            resting = [c for c in CLAUSES if c == clause or clause in _rests_on(c)]
            self._without = (*self._without, *resting)
        if clause in judged:
            violation = Violation("it comes to its end", _how(ending), "")
            plan = note.case.plan if note else None
            seen = ViolationSeen(plan, violation, self.backend, lasting=True)
            tally = Tally(1, 1, seen)
            _add(self.tallies, {clause: tally})

    def _failure(self, ending: Ending) -> SuiteError:
        """The error for a child that ended where no plan was carried out."""
        tail = "\n".join(ending.output.strip().splitlines()[-LINES:])
        told = f"; it printed:\n{tail}" if tail else ""
        if self.about is None:
            return TargetError(f"{self.target}: while it was loaded, {_how(ending)}{told}")
        return SuiteError(f"the suite left {self.target} half-way; please report it{told}")


def _add(tallies: Tallies, more: Tallies) -> None:
    for clause, tally in more.items():
        tallies.setdefault(clause, Tally()).merge(tally)


def _rests_on(clause: str) -> set[str]:
    """All that a clause rests on, directly or not."""
    direct = CLAUSES[clause].rests_on
    return {*direct, *(deeper for rest in direct for deeper in _rests_on(rest))}


def _how(ending: Ending) -> str:
    """An end before its time, in words that are the same each time."""
    match ending:
        case Silent():
            return "it hung, and the process had to be killed"
        case TooLarge():
            return f"it took more than {MEMORY >> 20} MiB of memory, and the process was killed"
        case Exited(code=code) if code == RUINED:
            return "it left a process in which no event loop starts"
        case Exited(code=code) if code < 0:
            return f"it killed the process with {signal.Signals(-code).name}"
        case Exited(code=code) | Finished(code=code):
            return f"it ended the interpreter, with exit status {code}"
