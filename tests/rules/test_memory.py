"""The checkpoint and the journal: what comes back, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from contracts.errors import AgentError
from contracts.events import LineCrossed
from edge_agent.messages import TrackedBox, TracksUpdated
from edge_agent.rules import memory
from edge_agent.rules.engine import RuleEngine
from edge_agent.rules.memory import Checkpoint, Heard, Memory, apply
from edge_agent.rules.occupancy import Tally
from tests.rules.plans import shop

START_S = 1_750_000_040.0
WALK = [0.3 + 0.01 * index for index in range(40)]


def heard(index: int) -> Heard:
    """Someone walks in, ten frames a second."""
    at_s, y = START_S + 0.1 * index, WALK[index]
    box = TrackedBox(1, 0.45, y - 0.3, 0.55, y, 0.9, True)
    return Heard(at_s, 0.1 * index, TracksUpdated("left", index, at_s, at_s, [box], []))


def engine() -> RuleEngine:
    return RuleEngine(shop(), Tally(reset_at_s=0.0), START_S, 0.0)


def checkpoint(rules: RuleEngine, sequence: int = 0) -> Checkpoint:
    return Checkpoint("run1", "trinetra/shop/run1", sequence, heard(0), rules.state(), [])


def written(folder: Path, count: int = len(WALK)) -> RuleEngine:
    """A checkpoint at the begin, then `count` frames in the journal."""
    rules, known = engine(), Memory(folder, shop())
    known.save(checkpoint(rules))
    for index in range(count):
        known.note(heard(index))
        apply(rules, heard(index))
    return rules


def test_nothing_was_written(tmp_path: Path) -> None:
    assert Memory(tmp_path, shop()).recall() == (None, "")


@pytest.mark.parametrize("count", [0, 1, 17, 27, 40])
def test_a_replay_ends_in_the_state_that_was_lost(tmp_path: Path, count: int) -> None:
    lost = written(tmp_path, count)
    recalled, refused = Memory(tmp_path, shop()).recall()
    assert recalled is not None, refused
    assert recalled.same_boot
    again = engine()
    again.restore(recalled.checkpoint.state)
    for each in recalled.heard:
        apply(again, each)
    assert msgspec.to_builtins(again.state()) == msgspec.to_builtins(lost.state())


def test_a_replay_tells_the_same_under_the_same_ids(tmp_path: Path) -> None:
    written(tmp_path)
    told = []
    for _ in range(2):
        (tmp_path / "rules.tries").unlink(missing_ok=True)
        recalled, _ = Memory(tmp_path, shop()).recall()
        assert recalled is not None
        rules = engine()
        rules.restore(recalled.checkpoint.state)
        told.append([fact for each in recalled.heard for fact in apply(rules, each)])
    assert told[0] == told[1]
    assert [type(fact.payload) for fact in told[0]] == [LineCrossed]


def test_another_epoch_gives_other_ids() -> None:
    ids = set()
    for epoch in (memory_epoch(1), memory_epoch(2)):
        rules = RuleEngine(shop(), Tally(reset_at_s=0.0), START_S, 0.0, epoch=epoch)
        ids |= {fact.id for index in range(len(WALK)) for fact in apply(rules, heard(index))}
    assert len(ids) == 2


def memory_epoch(number: int) -> UUID:
    return UUID(int=number)


def _torn(content: bytes) -> bytes:
    return content[:-5]


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("harm", [_torn, _flipped])
def test_a_harmed_journal_ends_where_the_harm_is(
    tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    written(tmp_path)
    journal = tmp_path / "rules.journal"
    journal.write_bytes(harm(journal.read_bytes()))
    recalled, _ = Memory(tmp_path, shop()).recall()
    assert recalled is not None
    assert 0 < len(recalled.heard) < len(WALK)
    assert recalled.heard == [heard(index) for index in range(len(recalled.heard))]


@pytest.mark.parametrize("harm", [_torn, _flipped, lambda _: b"", lambda _: b"\xff" * 50])
def test_a_harmed_checkpoint_is_refused(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    written(tmp_path)
    state = tmp_path / "rules.state"
    state.write_bytes(harm(state.read_bytes()))
    recalled, refused = Memory(tmp_path, shop()).recall()
    assert (recalled, refused) == (None, "unreadable or corrupt")


def test_every_flipped_bit_of_a_checkpoint_is_refused(tmp_path: Path) -> None:
    written(tmp_path, 0)
    state = tmp_path / "rules.state"
    sound = state.read_bytes()
    for at in range(0, len(sound), 3):
        state.write_bytes(sound[:at] + bytes([sound[at] ^ (1 << at % 8)]) + sound[at + 1 :])
        assert Memory(tmp_path, shop()).recall()[0] is None, at


def test_another_configuration_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    other = shop('\n[[zones]]\nname = "new"\ncamera = "left"\npolygon = [[0,0],[1,0],[1,1]]\n')
    assert Memory(tmp_path, other).recall() == (None, "of another version or configuration")


def test_another_version_is_refused(tmp_path: Path) -> None:
    known = Memory(tmp_path, shop())
    known.save(msgspec.structs.replace(checkpoint(engine()), version=memory.VERSION + 1))
    assert known.recall() == (None, "of another version or configuration")


def test_a_journal_of_another_checkpoint_is_left_alone(tmp_path: Path) -> None:
    written(tmp_path)
    old = (tmp_path / "rules.journal").read_bytes()
    Memory(tmp_path, shop()).save(checkpoint(engine()))
    (tmp_path / "rules.journal").write_bytes(old)  # the crash came between the two files
    recalled, _ = Memory(tmp_path, shop()).recall()
    assert recalled is not None
    assert recalled.heard == []


def test_another_boot_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    (tmp_path / "boot").write_text("another")
    monkeypatch.setattr(memory, "_BOOT", tmp_path / "boot")
    recalled, _ = Memory(tmp_path, shop()).recall()
    assert recalled is not None
    assert not recalled.same_boot


def test_a_start_that_failed_leaves_the_last_message_out_and_three_leave_all(
    tmp_path: Path,
) -> None:
    written(tmp_path)
    lengths = []
    for _ in range(memory.MOST_TRIES):
        recalled, _ = Memory(tmp_path, shop()).recall()
        assert recalled is not None
        lengths.append(len(recalled.heard))
    assert lengths == [len(WALK), len(WALK) - 1, len(WALK) - 1]
    assert Memory(tmp_path, shop()).recall() == (None, "3 starts from it failed")


def test_a_checkpoint_after_the_start_forgives_it(tmp_path: Path) -> None:
    written(tmp_path)
    for _ in range(2 * memory.MOST_TRIES):
        known = Memory(tmp_path, shop())
        assert known.recall()[0] is not None
        known.save(checkpoint(engine()))


def test_a_disk_that_refuses_is_told_and_leaves_no_half_journal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AgentError, match="cannot be saved"):
        Memory(tmp_path / "file", shop()).save(checkpoint(engine()))


def test_a_journal_with_a_gap_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Memory(tmp_path, shop())
    known.save(checkpoint(engine()))
    known.note(heard(0))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(memory.os, "write", full)
        with pytest.raises(AgentError, match="No space left"):
            known.note(heard(1))
    known.note(heard(2))  # quiet until the next checkpoint
    recalled, _ = known.recall()
    assert recalled is not None
    assert recalled.heard == []
    known.save(checkpoint(engine()))
    known.note(heard(3))
    recalled, _ = known.recall()
    assert recalled is not None
    assert recalled.heard == [heard(3)]
