"""An endless stream of training batches, composed in a worker process beside the trainer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from models.training.augment import Sample, SampleRules, compose, mirror, recolour
from models.training.sources import Picture
from models.training.teacher import Teacher


@dataclass(frozen=True)
class Batch:
    """Images ``[N, 3, H, W]`` uint8 BGR; boxes ``[N, M, 4]`` padded with zeros; teacher cells."""

    images: Tensor
    boxes: Tensor
    counts: Tensor
    teacher_scores: Tensor
    teacher_boxes: Tensor


class SampleStream(IterableDataset[Batch]):
    """Composes samples; earlier ones come back mirrored and recoloured (the teacher is dear)."""

    def __init__(
        self,
        pictures: list[Picture],
        chances: NDArray[np.float64],
        rules: SampleRules,
        teacher: Path,
        batch: int,
        seed: int,
    ) -> None:
        self._pictures = pictures
        self._chances = chances
        self._empty = [p for p in pictures if not len(p.boxes)]
        self._rules = rules
        self._teacher_path = teacher
        self._batch = batch
        self._seed = seed

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        rng = np.random.default_rng(self._seed)
        teacher = Teacher(self._teacher_path)
        kept: dict[tuple[int, int], list[Sample]] = {}
        while True:
            high, wide = self._rules.shapes[int(rng.integers(len(self._rules.shapes)))]
            shelf = kept.setdefault((high, wide), [])
            samples = [self._draw(rng, teacher, (high, wide), shelf) for _ in range(self._batch)]
            yield collate(samples, [recolour(rng, s.image) for s in samples])

    def _draw(
        self,
        rng: np.random.Generator,
        teacher: Teacher,
        shape: tuple[int, int],
        shelf: list[Sample],
    ) -> Sample:
        rules = self._rules
        if len(shelf) > rules.keep // 8 and rng.random() > rules.fresh:
            index = int(rng.integers(len(shelf)))
            shelf[index] = mirror(shelf[index])
            return shelf[index]
        kinds = np.array([rules.single, rules.mosaic4, rules.mosaic9])
        number = int(rng.choice([1, 4, 9], p=kinds / kinds.sum()))
        pick = rng.choice(len(self._pictures), number, p=self._chances)
        backdrop = self._empty[int(rng.integers(len(self._empty)))]
        chosen = [self._pictures[i] for i in pick]
        sample, unbelieved, ignored = compose(rng, chosen, backdrop, shape, rules)
        sample.teacher_score, sample.teacher_box = teacher.cells(sample.image, unbelieved, ignored)
        if len(shelf) < rules.keep:
            shelf.append(sample)
        else:
            shelf[int(rng.integers(len(shelf)))] = sample
        return sample


def collate(samples: list[Sample], images: list[NDArray[np.uint8]]) -> Batch:
    """Samples of one shape as tensors."""
    counts = [len(s.boxes) for s in samples]
    boxes = np.zeros((len(samples), max(1, *counts), 4), np.float32)
    for row, sample in zip(boxes, samples, strict=True):
        row[: len(sample.boxes)] = sample.boxes
    return Batch(
        torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2)),
        torch.from_numpy(boxes),
        torch.tensor(counts),
        torch.from_numpy(np.stack([s.teacher_score for s in samples])),
        torch.from_numpy(np.stack([s.teacher_box for s in samples])),
    )
