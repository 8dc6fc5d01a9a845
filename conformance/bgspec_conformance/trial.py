"""A trial: cases are carried out one by one on one backend, and every history is judged.

This is the inside of a child process. It knows the driver and the checks; what the tallies mean is
the engine's business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

import anyio

from bgspec_conformance import history as seen
from bgspec_conformance.checks import CHECKS, Judgement, Reading, Violation
from bgspec_conformance.drivers.backend import current_backend
from bgspec_conformance.drivers.collector import drive, supports
from bgspec_conformance.drivers.patience import Patience
from bgspec_conformance.drivers.stage import Stage
from bgspec_conformance.implementation import Implementation
from bgspec_conformance.plan import Await, CallBack, Cancel, Linger, Plan, Suspend, Task
from bgspec_conformance.shrink import smaller
from bgspec_conformance.small.case import Case
from bgspec_conformance.tally import Tallies, Tally, ViolationSeen
from bgspec_conformance.vocabulary import ON_THE_LOOP

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
WAITS: dict[str, Callable[[Task], bool]] = {
    "CALL-2": lambda task: (
        task.shape not in ON_THE_LOOP
        and any(isinstance(step, Linger | Await | CallBack | Cancel) for step in task.body)
    ),
    "CALL-4": lambda task: (
        task.shape in ON_THE_LOOP
        and any(isinstance(step, Suspend | Await | Cancel) for step in task.body)
    ),
}
"""Which tasks would have to be waited for again, where a clause failed after a wait in vain.

Sync ones that wait for a loop that does not turn, async ones that suspend and are never resumed.
"""


class Ruined(Exception):
    """What was carried out left a process in which no event loop starts."""


class Trial:
    """Carries out cases against an implementation on one backend.

    Args:
        implementation: what is tried.
        backend: the event loop.
        clauses: the ids of the clauses to judge.
        before: called with each case before it is carried out.
        beat: called with every event.
    """

    def __init__(
        self,
        implementation: Implementation,
        backend: str,
        clauses: Collection[str],
        *,
        before: Callable[[Case], object] = lambda case: None,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self.implementation = implementation
        self.backend = backend
        self.checks = {clause: check for clause, check in CHECKS.items() if clause in clauses}
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
        left = deque(c for c in cases if supports(self.implementation, self.backend, c.plan))
        while left and not self.gave_up:
            self.carry_out(islice(self._worthwhile(left), BATCH), self._count)

    def judge(self, plan: Plan, history: seen.History) -> dict[str, list[Judgement]]:
        """What each check says of one history."""
        reading = Reading(plan, history)
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
            for smaller_plan in smaller(plan):
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

    def _shown(self, clause: str, plan: Plan) -> Violation | None:
        """What the clause's check says of a plan each time; threads may race for a fault."""
        violation = self._violation(clause, plan)
        for _ in range(SURELY - 1):
            violation = violation and self._violation(clause, plan)
        return violation

    def _violation(self, clause: str, plan: Plan, attempt: int = 0) -> Violation | None:
        """What the clause's check says of a plan, carried out once more."""
        if not supports(self.implementation, self.backend, plan):
            return None
        found: list[Violation] = []

        def look(case: Case, history: seen.History) -> None:
            judgements = self.checks[clause](Reading(case.plan, history))
            found.extend(j for j in judgements if isinstance(j, Violation))

        self.carry_out([Case(plan)], look, attempt)
        return found[0] if found else None

    def _count(self, case: Case, history: seen.History) -> None:
        for clause, judgements in self.judge(case.plan, history).items():
            self.tallies[clause].count(judgements, case.plan, history)

    def carry_out(
        self,
        cases: Iterable[Case],
        then: Callable[[Case, seen.History], None],
        attempt: int = 0,
    ) -> None:
        """Carry out cases in one event loop, until one of them ends it.

        An implementation may end the loop itself, as asyncio does when a task of its own raises
        KeyboardInterrupt: that is how the run in progress ended.

        Raises:
            Ruined: no event loop starts any more.
        """
        stage: Stage | None = None
        case: Case | None = None

        async def one_by_one() -> None:
            nonlocal stage, case
            backend = current_backend()
            with Patience(lambda: self._events, backend.post) as patience:
                for case in cases:
                    self._before(case)
                    stage = Stage(case.plan, backend, patience, self._sign)
                    history = await drive(self.implementation, stage, attempt)
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
            waits = [WAITS[clause] for clause in lasted if clause in WAITS]
            if case.focus not in lasted and not any(
                wait(task) for wait in waits for task in case.plan.tasks
            ):
                yield case

    def _sign(self) -> None:
        self._events += 1
        self._beat()
