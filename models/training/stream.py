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
from torch.utils.data import IterableDataset, get_worker_info

from models.training.augment import Sample, SampleRules, compose, recolour
from models.training.crowd import CrowdRules, Scene, cut_people, occlude, paste_people
from models.training.sources import Picture
from models.training.teacher import Teacher


@dataclass(frozen=True)
class Batch:
    """Images ``[N, 3, H, W]`` uint8 BGR; boxes ``[N, M, 4]`` padded with zeros; the teacher's view.

    That is the score and box of every cell and three maps ``[N, 64, h, w]``.
    """

    images: Tensor
    boxes: Tensor
    counts: Tensor
    teacher_scores: Tensor
    teacher_boxes: Tensor
    teacher_maps: list[Tensor]

    def to(self, device: torch.device) -> Batch:
        """The same batch in a device's memory."""
        return Batch(
            self.images.to(device, non_blocking=True),
            self.boxes.to(device, non_blocking=True),
            self.counts,
            self.teacher_scores.to(device, non_blocking=True),
            self.teacher_boxes.to(device, non_blocking=True),
            [m.to(device, non_blocking=True) for m in self.teacher_maps],
        )


class SampleStream(IterableDataset[Batch]):
    """Composes samples; earlier ones come back in other colours (the teacher is dear)."""

    def __init__(
        self,
        pictures: list[Picture],
        chances: NDArray[np.float64],
        rules: SampleRules,
        crowd: CrowdRules,
        people: list[Picture],
        teacher: Path,
        batch: int,
        seed: int,
    ) -> None:
        self._pictures = pictures
        self._chances = chances
        self._empty = [p for p in pictures if not len(p.boxes) and p.teacher]
        self._people = people + cut_people(pictures, 60.0)
        self._rules = rules
        self._crowd = crowd
        self._teacher_path = teacher
        self._batch = batch
        self._seed = seed

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        worker = get_worker_info()
        rng = np.random.default_rng([self._seed, worker.id if worker else 0])
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
            return shelf[int(rng.integers(len(shelf)))]
        sample = self._compose(rng, teacher, shape)
        if len(shelf) < rules.keep:
            shelf.append(sample)
        else:
            shelf[int(rng.integers(len(shelf)))] = sample
        return sample

    def _compose(
        self, rng: np.random.Generator, teacher: Teacher, shape: tuple[int, int]
    ) -> Sample:
        """A new sample: pictures or a crowd, things before them, the view of the teacher."""
        rules = self._rules
        kinds = np.array([rules.single, rules.mosaic4, rules.mosaic9])
        number = int(rng.choice([1, 4, 9], p=kinds / kinds.sum()))
        crowded = rng.random() < self._crowd.share
        backdrop = self._empty[int(rng.integers(len(self._empty)))]
        if crowded:
            number = 4 if rng.random() < 0.3 else 1
            chosen = [self._empty[i] for i in rng.integers(len(self._empty), size=number)]
        else:
            chosen = [
                self._pictures[i] for i in rng.choice(len(self._pictures), number, p=self._chances)
            ]
        sample, unbelieved, ignored = compose(rng, chosen, backdrop, shape, rules)
        scene = Scene(sample.image, sample.boxes, ignored)
        if crowded:
            scene = paste_people(rng, scene, self._people, self._crowd)
        if rng.random() < self._crowd.occluded:
            scene = occlude(rng, scene, self._empty, self._crowd)
        scores, boxes, maps = teacher.cells(scene.canvas, unbelieved, scene.ignored)
        return Sample(scene.canvas, scene.boxes, scores, boxes, maps)


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
        [
            torch.from_numpy(np.stack(m))
            for m in zip(*(s.teacher_maps for s in samples), strict=True)
        ],
    )
