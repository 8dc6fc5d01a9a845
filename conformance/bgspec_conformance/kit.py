"""A kit: what a profile brings to the suite, and where its parts are.

The engine, the trial and the reports are the same for every profile. To them a plan is something
that goes to JSON, and a history is something that the checks read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from bgspec.spec import Profile
from bgspec_conformance import shrink, small, witness
from bgspec_conformance.checks import CHECKS, Judgement, Reading
from bgspec_conformance.drivers import collector
from bgspec_conformance.drivers.backend import Backend
from bgspec_conformance.drivers.patience import Patience
from bgspec_conformance.drivers.stage import Stage as CollectorStage
from bgspec_conformance.implementation import Traits
from bgspec_conformance.plan import Add, Await, CallBack, Cancel, Linger, Plan, Run, Suspend, Task
from bgspec_conformance.request import cases as request_cases
from bgspec_conformance.request import shrink as request_shrink
from bgspec_conformance.request import stage as request
from bgspec_conformance.request import witness as request_witness
from bgspec_conformance.request.checks import CHECKS as REQUEST_CHECKS
from bgspec_conformance.request.checks import Reading as RequestReading
from bgspec_conformance.request.plan import Application, Endpoint, Work
from bgspec_conformance.small.case import Case
from bgspec_conformance.verdict import Verdict
from bgspec_conformance.vocabulary import ON_THE_LOOP, PLAIN

__all__ = ["KITS", "AnyPlan", "Kit", "OnStage"]

AnyPlan: TypeAlias = Plan | Application
"""A plan of any profile."""


class OnStage(Protocol):
    """One plan on its way."""

    def ended_by(self, exc: BaseException, /) -> Any:
        """The history, where what was carried out ended the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What a profile brings.

    Attributes:
        checks: by the id of their clause; each takes a reading.
        reading: indexes a plan and its history for them.
        cases: every small plan, each with the clause that it was made for.
        plans: so many plans drawn by luck, by a seed.
        smaller: the plans that are one step smaller than one.
        beyond: why a plan cannot be carried out with this subject on this backend; else empty.
        stage: for one plan: the plan, the backend, patience, and what is called with every event.
        drive: carries out a stage's plan, with a subject, for the so-manieth time; the history.
        write: the witness of a failure, as the source of a program.
        source: the program that a plan is carried out as, where it is one.
        lingers: whether a plan would have to be waited for again, where these clauses failed after
            a wait in vain.
        plain: plans that any subject can carry out.
        ran: whether a history of one of those shows that anything was carried out; else why not.
        hung: the clause that speaks of subjects that end or hang the process where no other does.
    """

    checks: Mapping[str, Callable[[Any], Iterator[Judgement]]]
    reading: Callable[[Any, Any], Any]
    cases: Callable[[], Iterator[Case]]
    plans: Callable[[int, int], list[Any]]
    smaller: Callable[[Any], Iterator[Any]]
    beyond: Callable[[Any, str, Any], str]
    stage: Callable[[Any, Backend, Patience, Callable[[], object]], OnStage]
    drive: Callable[[Any, Any, int], Awaitable[Any]]
    write: Callable[[Verdict, Traits], str]
    source: Callable[[Any, Any], str]
    lingers: Callable[[Any, Collection[str]], bool]
    plain: tuple[AnyPlan, ...]
    ran: Callable[[Any], tuple[bool, str]]
    hung: str


# Containers ------------------------------------------------------------------------------------


def _plans_of_containers(count: int, number: int) -> list[Plan]:
    from bgspec_conformance.strategies import plans  # Hypothesis is needed by children alone

    return plans(count, number)


def _waits_for_the_loop(task: Task) -> bool:
    """A sync task that waits for a loop that does not turn."""
    return task.shape not in ON_THE_LOOP and any(
        isinstance(step, Linger | Await | CallBack | Cancel) for step in task.body
    )


def _waits_for_its_turn(task: Task) -> bool:
    """An async task that suspends and is never resumed."""
    return task.shape in ON_THE_LOOP and any(
        isinstance(step, Suspend | Await | Cancel) for step in task.body
    )


WAITS = {"CALL-2": _waits_for_the_loop, "CALL-4": _waits_for_its_turn}


def _lingers(plan: Plan, lasted: Collection[str]) -> bool:
    waits = [WAITS[clause] for clause in lasted if clause in WAITS]
    return any(wait(task) for wait in waits for task in plan.tasks)


def _ran(reading: Reading) -> tuple[bool, str]:
    errors = [run.end.error for run in reading.runs if run.end and run.end.error]
    return bool(reading.calls), f"a run raises {errors[0]}" if errors else ""


_CONTAINERS = Kit(
    checks=CHECKS,
    reading=Reading,
    cases=small.cases,
    plans=_plans_of_containers,
    smaller=shrink.smaller,
    beyond=collector.beyond,
    stage=CollectorStage,
    drive=collector.drive,
    write=witness.write,
    source=lambda subject, plan: "",
    lingers=_lingers,
    plain=tuple(Plan((Task(shape),), (Add(0), Run())) for shape in PLAIN),
    ran=_ran,
    hung="RUN-2",
)


# Requests --------------------------------------------------------------------------------------


def _applications(count: int, number: int) -> list[Application]:
    from bgspec_conformance.request.strategies import plans  # as above

    return plans(count, number)


def _answered(reading: RequestReading) -> tuple[bool, str]:
    answered = [exchange.answered for exchange in reading.exchanges]
    broke = [exchange.broke for exchange in reading.exchanges if exchange.broke]
    return any(answered), f"a request raises {broke[0].error}" if broke else ""


_REQUESTS = Kit(
    checks=REQUEST_CHECKS,
    reading=RequestReading,
    cases=request_cases.cases,
    plans=_applications,
    smaller=request_shrink.smaller,
    beyond=request.beyond,
    stage=request.Stage,
    drive=request.drive,
    write=request_witness.write,
    source=request.source,
    lingers=lambda plan, lasted: False,
    plain=(Application((Work(asynchronous=True),), endpoint=Endpoint(adds=(0,))),),
    ran=_answered,
    hung="DEP-2",
)

KITS: dict[Profile, Kit] = {Profile.COLLECTOR: _CONTAINERS, Profile.REQUEST: _REQUESTS}
"""The kits of the profiles that are tested."""
