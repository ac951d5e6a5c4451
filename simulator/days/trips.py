"""People, and their trips to the store as a list of steps: walk a leg, stand at a node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from simulator.days.ground import Ground, travel_s

Purpose = Literal["visit", "u_turn", "loiter", "pass", "staff"]


class Person(NamedTuple):
    """One person of a day; `look` seeds appearance and height, `party` joins a group (-1: none)."""

    look: int
    staff: bool
    child: bool
    party: int


class Step(NamedTuple):
    """From `begins_at` to `ends_at` (UNIX s): a walk if `start` differs from `goal`, else a stay.

    `hidden` is a stay in a cabin, out of everyone's sight.
    """

    begins_at: float
    ends_at: float
    start: int
    goal: int
    hidden: bool = False


@dataclass(slots=True)
class Trip:
    """One coming and going of a party that keeps together; the first person leads.

    Nodes are those of `Ground`. `lane` is where in their way they walk, -1 left to 1 right;
    `left` counts places that they still want to see; who `balked` turned away from a long line.
    """

    index: int
    people: tuple[int, ...]
    purpose: Purpose
    pace_m_s: float
    lane: float
    node: int
    free_at: float
    steps: list[Step] = field(default_factory=list)
    left: int = 0
    balked: bool = False

    @property
    def begins_at(self) -> float:
        """When they come into view, UNIX s."""
        return self.steps[0].begins_at

    @property
    def ends_at(self) -> float:
        """When they have gone, UNIX s."""
        return self.steps[-1].ends_at

    def walk(self, ground: Ground, goal: int, at_s: float | None = None) -> float:
        """Go to `goal`, not before `at_s`; the time of arrival."""
        if at_s is not None:
            self.stand(at_s)
        if goal != self.node:
            seconds = travel_s(ground.leg(self.node, goal).length_m, self.pace_m_s)
            self.steps.append(Step(self.free_at, self.free_at + seconds, self.node, goal))
            self.node, self.free_at = goal, self.free_at + seconds
        return self.free_at

    def stand(self, until_s: float, *, hidden: bool = False) -> None:
        """Stay where they are."""
        if until_s > self.free_at:
            self.steps.append(Step(self.free_at, until_s, self.node, self.node, hidden))
            self.free_at = until_s
