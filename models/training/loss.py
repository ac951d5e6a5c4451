"""Quality focal loss for scores (Li et al. 2020), GIoU for boxes (Rezatofighi et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.training.stream import Batch
from models.training.targets import assign, join, pair_iou


def giou_loss(a: Tensor, b: Tensor) -> Tensor:
    """``1 - GIoU`` of paired boxes ``[K, 4]``."""
    low = torch.minimum(a[:, :2], b[:, :2])
    high = torch.maximum(a[:, 2:], b[:, 2:])
    hull = (high - low).clamp(min=0).prod(-1) + 1e-6
    iou = pair_iou(a, b)
    area_a = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(-1)
    area_b = (b[:, 2:] - b[:, :2]).clamp(min=0).prod(-1)
    union = (area_a + area_b) / (1 + iou)
    return 1 - iou + (hull - union) / hull


def quality_focal(logits: Tensor, target: Tensor) -> Tensor:
    """Sum of cross entropies, each weighted by the squared distance of score and target.

    Cells with a target below 0 do not count.
    """
    known = target >= 0
    logits, target = logits[known], target[known]
    gap = (logits.sigmoid() - target).abs()
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (gap.square() * entropy).sum()


def detection_loss(
    logits: Tensor,
    boxes: Tensor,
    batch: Batch,
    points: Tensor,
    teacher_from: float,
    box_weight: float,
) -> tuple[Tensor, Tensor]:
    """Score loss and weighted box loss of a batch, both per unit of target score."""
    wanted, places = [], []
    with torch.no_grad():
        scores = logits.sigmoid()
        teacher = batch.teacher_scores.float()
        for i, count in enumerate(batch.counts.tolist()):
            labels = batch.boxes[i, :count]
            target, index = assign(scores[i], boxes[i], labels, points)
            score, place = join(target, index, labels, teacher[i], batch.teacher_boxes[i].float())
            wanted.append(score)
            places.append(place)
        target = torch.stack(wanted)
        place = torch.stack(places)
        weight = torch.where(target > teacher_from, target, 0.0)
        total = weight.sum().clamp(min=1.0)
    chosen = weight > 0
    box_loss = (giou_loss(boxes[chosen], place[chosen]) * weight[chosen]).sum() / total
    return quality_focal(logits, target) / total, box_weight * box_loss
