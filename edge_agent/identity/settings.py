"""What decides about identities, in one frozen object; units are in the names.

Evidence is in nats: the logarithm of how much likelier something is if two tracks are one person
than if they are two.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IdentityRules:
    """The settings; docs/accuracy.md says what each was measured to be worth."""

    ttl_s: float = 10_800.0
    """An identity that nobody saw for so long is forgotten: the gap that ends a visit."""
    align_s: float = 0.5
    """How far apart two cameras' times may be for one moment."""
    step_s: float = 0.5
    """Decisions are made at multiples of this, so that the order of arrival does not matter."""
    features: float = 1.5
    """Sum of crop qualities before a track is asked about …"""
    patience_s: float = 6.0
    """… or its age, after which it is answered, if with UNKNOWN."""
    sure: float = 1.0
    """Evidence by which an answer must beat every other one; between is the abstain band."""
    unsure: float = 0.25
    """The same for a track that ended: no more evidence will come."""
    merge: float = 2.5
    """The same for joining two identities that were already told apart."""
    young_s: float = 90.0
    """How long after its beginning an identity may still turn out to be an older one."""
    reconcile_s: float = 10.0
    reconcile_cosine: float = 0.65
    speed_m_s: float = 2.5
    """Nobody walks faster than this in a shop."""
    stroll_m_s: float = 0.6
    """How fast people drift from where they were last seen."""
    ema: float = 0.02
    """Per crop, one a second: 0.1 in five seconds, as crops a moment apart say the same."""
    swap: float = -1.5
    """A track's newest crops with less evidence than this of being its old ones: two people."""
    new_at_door: float = 0.0
    new_inside: float = -3.0
    """Prior evidence for a new person where people come in, and elsewhere."""
    gone: float = -5.0
    """Prior evidence for the return of someone who went out by a door."""
    unseen_s: float = 300.0
    """A lost identity's prior evidence falls by 1 for every so many seconds unseen."""
    door_m: float = 1.5
    candidates: int = 32
    """How many identities of the gallery are looked at for one track."""
