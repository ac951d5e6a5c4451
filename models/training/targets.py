"""What each cell should say: task-aligned assignment of labels, joined with the teacher.

Assignment follows TOOD (Feng et al. 2021): a cell's fitness for a label is
``score ** 1 * IoU ** 6``; the fittest cells inside the label take it.
"""

from __future__ import annotations

import torch
from torch import Tensor

TOP_CELLS = 10
REACH_PX = 6.0


def pair_iou(a: Tensor, b: Tensor) -> Tensor:
    """IoU of boxes ``[..., 4]`` that broadcast against each other."""
    low = torch.maximum(a[..., :2], b[..., :2])
    high = torch.minimum(a[..., 2:], b[..., 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    area_a = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1)
    area_b = (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)
    return inner / (area_a + area_b - inner + 1e-6)


def assign(scores: Tensor, boxes: Tensor, labels: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Target score ``[A]`` and label index ``[A]`` (-1: none) for one image.

    ``scores`` and ``boxes`` are the network's own, ``labels`` is ``[M, 4]``.  A small label
    reaches ``REACH_PX`` around its centre, else no point might lie inside it.
    """
    count = len(labels)
    if count == 0:
        return torch.zeros_like(scores), torch.full_like(scores, -1, dtype=torch.long)
    centre = (labels[:, :2] + labels[:, 2:]) / 2
    half = ((labels[:, 2:] - labels[:, :2]) / 2).clamp(min=REACH_PX)
    inside = ((points[None] - centre[:, None]).abs() <= half[:, None]).all(-1)
    iou = pair_iou(labels[:, None], boxes[None])
    fitness = (scores[None].clamp(min=1e-4) * iou.clamp(min=1e-3) ** 6) * inside
    best = fitness.topk(min(TOP_CELLS, fitness.shape[1]), 1).indices
    chosen = torch.zeros_like(inside).scatter_(1, best, True) & inside
    rival = torch.where(chosen, iou + 1e-3, -1.0)
    winner = rival.argmax(0)
    taken = chosen.any(0)
    won = torch.zeros_like(chosen)
    won[winner, torch.arange(len(scores), device=scores.device)] = taken
    strength = fitness * won
    peak = strength.amax(1, keepdim=True)
    peak_iou = (iou * won).amax(1, keepdim=True).clamp(min=0.1)
    target = (strength / (peak + 1e-12) * peak_iou).amax(0)
    return target, torch.where(taken, winner, -1)


def join(
    target: Tensor, index: Tensor, labels: Tensor, teacher_score: Tensor, teacher_box: Tensor
) -> tuple[Tensor, Tensor]:
    """Final score and box targets of one image: the label's where there is one, else the teacher's.

    The score is the larger of both, so people whom the label file forgot are no background; it is
    -1 where nothing is known.
    """
    if len(labels):
        box = torch.where((index >= 0)[:, None], labels[index.clamp(min=0)], teacher_box)
    else:
        box = teacher_box
    unknown = (teacher_score < 0) & (index < 0)
    return torch.where(unknown, -1.0, torch.maximum(target, teacher_score)), box
