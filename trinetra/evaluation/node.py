"""A store's node on virtual time: real rules and real identity, fed with what cameras gave.

Time is that of arrival (UNIX seconds); nothing here knows the truth.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from contracts.store import StoreConfig
from edge_agent.identity.desk import IdentityDesk
from edge_agent.messages import IdentityAssigned, TracksJoined
from edge_agent.rules.engine import RuleEngine
from edge_agent.rules.facts import Fact
from edge_agent.rules.occupancy import Tally
from trinetra.evaluation.actual import Identities, Part
from trinetra.evaluation.camera_stage import Step

TICK_S = 0.5


class Node:
    """Collects `facts` and, by (camera, track id), the `identities` that were told in the end."""

    def __init__(self, config: StoreConfig, begin_s: float, inside: int = 0) -> None:
        """`inside` is how many people the agent has counted before `begin_s`."""
        self._config = config
        tally = Tally(reset_at_s=begin_s, entries=inside)
        self._engine = RuleEngine(config, tally, begin_s, begin_s)
        self._names = itertools.count(1)
        self._desk = self._new_desk()
        self._ticked_s = begin_s
        self.facts: list[Fact] = self._engine.begin(begin_s)
        self.identities: Identities = {}

    def take(self, step: Step) -> None:
        """One frame's messages, in the order in which the agent's bus would bring them."""
        self.until(step.arrived_at)
        for report in step.reports:
            self.facts += self._engine.camera(report, report.at, report.at)
        if step.update:
            self.facts += self._engine.tracks(step.update)
            self._hear(self._desk.tracks(step.update))
        if step.looks:
            self._hear(self._desk.appearances(step.looks))

    def until(self, now_s: float) -> None:
        """Let time go on."""
        while self._ticked_s + TICK_S <= now_s:
            self._ticked_s += TICK_S
            self.facts += self._engine.tick(self._ticked_s, self._ticked_s)
            self._hear(self._desk.tick(self._ticked_s))

    def restart(self, at_s: float) -> None:
        """The agent was down until `at_s`: rules go on from their state, identity begins anew."""
        state = self._engine.state()
        tally = self._engine.occupancy.tally
        self._engine = RuleEngine(self._config, tally, at_s, at_s)
        self._engine.restore(state)
        self._desk = self._new_desk()
        self._ticked_s = at_s

    def finish(self, now_s: float) -> None:
        """Close what is open; nothing may be fed afterwards."""
        self.until(now_s)
        self.facts += self._engine.finish(now_s, now_s)

    @property
    def refused(self) -> int:
        """Messages that the rules did not believe."""
        return self._engine.refused

    def _new_desk(self) -> IdentityDesk:
        return IdentityDesk(self._config, token=lambda: f"id{next(self._names)}")

    def _hear(self, answers: Iterable[IdentityAssigned | TracksJoined]) -> None:
        for answer in answers:
            self.facts += self._engine.identity(answer)
            if isinstance(answer, IdentityAssigned):
                who = (answer.camera, answer.track_id)
                self._name(who, answer.identity, answer.since)
            else:
                for who in ((answer.camera, answer.kept), (answer.other_camera, answer.gone)):
                    parts = self.identities.get(who)
                    self._name(who, answer.identity, parts[-1].since_s if parts else None)

    def _name(self, who: tuple[str, int], identity: str, since_s: float | None) -> None:
        """A part of a track is this identity's; parts before it stay what they were."""
        begin_s = -math.inf if since_s is None else since_s
        earlier = [part for part in self.identities.get(who, []) if part.since_s < begin_s]
        self.identities[who] = [*earlier, Part(begin_s, identity)]
