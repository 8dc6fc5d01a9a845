"""A trial: cases are carried out one by one on one backend, and every history is judged.

This is the inside of a child process. The driver and the checks are in the kit of the profile; what
the tallies mean is the engine's business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import anyio

from bgspec_conformance.checks import Judgement, Violation
from bgspec_conformance.drivers.backend import current_backend
from bgspec_conformance.drivers.patience import Patience
from bgspec_conformance.implementation import Subject
from bgspec_conformance.kit import KITS, AnyPlan, OnStage
from bgspec_conformance.small.case import Case
from bgspec_conformance.tally import Tallies, Tally, ViolationSeen

__all__ = ["BATCH", "Ruined", "Trial"]

BATCH = 64
"""Cases that share an event loop."""
SHRINK_TRIES = 200
"""Plans carried out, at most, to make one plan smaller."""
SURELY = 3
"""How often in a row a smaller plan has to show the fault, to be taken for the one before it."""
REPEATS = 5
"""How often the smallest plan is carried out again, to see whether the fault comes and goes."""
MOST_RELEASES = 8
"""Waits that patience ends before the trial gives up on what is left."""
MOST_LOOPS = 512
"""Event loops that are ended by what they carry out, before it does so too.

Each leaves a worker thread or two behind, that nobody can end any more.
"""


class Ruined(Exception):
    """What was carried out left a process in which no event loop starts."""


class Trial:
    """Carries out cases against a subject on one backend.

    Args:
        subject: what is tried.
        backend: the event loop.
        clauses: the ids of the clauses to judge.
        before: called with each case before it is carried out.
        beat: called with every event.
    """

    def __init__(
        self,
        subject: Subject,
        backend: str,
        clauses: Collection[str],
        *,
        before: Callable[[Case], object] = lambda case: None,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self.subject = subject
        self.kit = KITS[subject.profile]
        self.backend = backend
        checks = self.kit.checks
        self.checks = {clause: check for clause, check in checks.items() if clause in clauses}
        self.tallies: Tallies = {clause: Tally() for clause in self.checks}
        self.releases = 0
        self.lost_loops = 0
        self._before = before
        self._beat = beat
        self._events = 0

    @property
    def gave_up(self) -> str:
        """Why the rest is left; empty as long as it is not."""
        if self.releases >= MOST_RELEASES:
            return "the implementation did not go on, too often to try the rest"
        if self.lost_loops >= MOST_LOOPS:
            return "the implementation ended its event loop, too often to try the rest"
        return ""

    def run(self, cases: Iterable[Case]) -> None:
        """Carry out cases, and add to the tallies what every history says."""
        left = deque(case for case in cases if not self._is_beyond(case))
        while left and not self.gave_up:
            self.carry_out(islice(self._worthwhile(left), BATCH), self._count)

    def _is_beyond(self, case: Case) -> bool:
        """Whether a case cannot be carried out; the clause that it was made for is told why."""
        why = self.kit.beyond(self.subject, self.backend, case.plan)
        tally = self.tallies.get(case.focus)
        if tally is not None:
            tally.beyond = tally.beyond or why
        return bool(why)

    def judge(self, plan: AnyPlan, history: Any) -> dict[str, list[Judgement]]:
        """What each check says of one history."""
        reading = self.kit.reading(plan, history)
        return {clause: list(check(reading)) for clause, check in self.checks.items()}

    def smallest(self, clause: str) -> None:
        """Make the plan of a clause's violation as small as can be, and see how often it shows.

        A plan whose wait had to be ended is left as it was seen: each try would take as long.
        """
        found = self.tallies[clause].violation
        if found is None or found.plan is None or found.lasting or self.gave_up:
            return
        plan, violation = found.plan, found.violation
        tries = SHRINK_TRIES
        improved = True
        while improved and tries > 0:
            improved = False
            for smaller_plan in self.kit.smaller(plan):
                tries -= 1
                again = self._shown(clause, smaller_plan)
                if again is not None:
                    plan, violation = smaller_plan, again
                    improved = True
                if improved or tries <= 0:
                    break
        attempts = range(1, REPEATS + 1)
        shown = sum(self._violation(clause, plan, attempt) is not None for attempt in attempts)
        self.tallies[clause].violation = ViolationSeen(
            plan, violation, self.backend, shown=shown, tries=REPEATS
        )

    def _shown(self, clause: str, plan: AnyPlan) -> Violation | None:
        """What the clause's check says of a plan each time; threads may race for a fault."""
        violation = self._violation(clause, plan)
        for _ in range(SURELY - 1):
            violation = violation and self._violation(clause, plan)
        return violation

    def _violation(self, clause: str, plan: AnyPlan, attempt: int = 0) -> Violation | None:
        """What the clause's check says of a plan, carried out once more."""
        if self.kit.beyond(self.subject, self.backend, plan):
            return None
        found: list[Violation] = []

        def look(case: Case, history: Any) -> None:
            judgements = self.checks[clause](self.kit.reading(case.plan, history))
            found.extend(j for j in judgements if isinstance(j, Violation))

        self.carry_out([Case(plan)], look, attempt)
        return found[0] if found else None

    def _count(self, case: Case, history: Any) -> None:
        for clause, judgements in self.judge(case.plan, history).items():
            tally = self.tallies[clause]
            tally.count(judgements, case.plan, self.backend, lasting=history.lasting)

    def tell_sources(self) -> None:
        """Add the programs of the plans that the tallies keep."""
        for tally in self.tallies.values():
            tally.tell(partial(self.kit.source, self.subject))

    def carry_out(
        self,
        cases: Iterable[Case],
        then: Callable[[Case, Any], None],
        attempt: int = 0,
    ) -> None:
        """Carry out cases in one event loop, until one of them ends it.

        An implementation may end the loop itself, as asyncio does when a task of its own raises
        KeyboardInterrupt: that is how the run in progress ended.

        Raises:
            Ruined: no event loop starts any more.
        """
        stage: OnStage | None = None
        case: Case | None = None

        async def one_by_one() -> None:
            nonlocal stage, case
            backend = current_backend()
            with Patience(lambda: self._events, backend.post) as patience:
                for case in cases:
                    self._before(case)
                    stage = self.kit.stage(case.plan, backend, patience, self._sign)
                    history = await self.kit.drive(self.subject, stage, attempt)
                    self.releases += patience.releases
                    patience.releases = 0
                    then(case, history)
                    stage = None

        try:
            anyio.run(one_by_one, backend=self.backend)
        except BaseException as exc:
            if case is None and self._events:
                raise Ruined from exc
            if stage is None or case is None:
                raise
            self.lost_loops += 1
            then(case, stage.ended_by(exc))

    def _worthwhile(self, left: deque[Case]) -> Iterator[Case]:
        """The cases, taken from the left, that should not last as long as one before them did.

        A clause that failed after a wait in vain is tried no more, nor are tasks that would have to
        be waited for again.
        """
        while left and not self.gave_up:
            case = left.popleft()
            lasted = [clause for clause, tally in self.tallies.items() if tally.lasting]
            if case.focus not in lasted and not self.kit.lingers(case.plan, lasted):
                yield case

    def _sign(self) -> None:
        self._events += 1
        self._beat()
