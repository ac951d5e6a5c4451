"""The projective map between two planes that fits point pairs best, in plain Python.

Hartley & Zisserman, "Multiple View Geometry", 2nd ed.: normalised direct linear transform
(algorithm 4.2), then Gauss–Newton on the distances in the second plane (section 4.5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Pair = tuple[float, float]
Matrix = tuple[float, ...]
"""3 × 3, row-major."""
DEPENDENT = 1e-7
"""Below this share of its length, what is new in a column is rounding: it depends on the others."""
ROUNDS = 20
SETTLED = 1e-12


def projective(source: Sequence[Pair], target: Sequence[Pair]) -> Matrix | None:
    """3 × 3 map of at least four `source` points to `target`; None where they do not fix one.

    Exact for four pairs; for more the sum of squared distances to `target` is least. The third
    row is positive at the middle of the source points.
    """
    frames = _frame(source), _frame(target)
    if frames[0] is None or frames[1] is None:
        return None
    start = [_moved(frames[0], point) for point in source]
    goal = [_moved(frames[1], point) for point in target]
    numbers = _linear(start, goal)
    if numbers is not None and len(source) > 4:
        numbers = _refined(numbers, start, goal)
    if numbers is None:
        return None
    back = inverse(frames[1])
    assert back is not None  # a frame is a scale and a shift
    return product(back, product((*numbers, 1.0), frames[0]))


def product(a: Matrix, b: Matrix) -> Matrix:
    """Matrix product."""
    return tuple(
        sum(a[3 * row + k] * b[3 * k + column] for k in range(3))
        for row in range(3)
        for column in range(3)
    )


def inverse(matrix: Matrix) -> Matrix | None:
    """Inverse up to scale (the adjugate, which keeps the sign of det), None if singular."""
    a, b, c, d, e, f, g, h, i = matrix
    cofactors = (
        *(e * i - f * h, c * h - b * i, b * f - c * e),
        *(f * g - d * i, a * i - c * g, c * d - a * f),
        *(d * h - e * g, b * g - a * h, a * e - b * d),
    )
    det = a * cofactors[0] + b * cofactors[3] + c * cofactors[6]
    size = max(map(abs, matrix)) ** 3
    if not abs(det) > 1e-15 * size:
        return None
    return tuple(value / det for value in cofactors)


def _frame(points: Sequence[Pair]) -> Matrix | None:
    """Map that puts the points' middle at the origin, √2 away on average."""
    count = len(points)
    x, y = sum(p[0] for p in points) / count, sum(p[1] for p in points) / count
    spread = sum(math.hypot(p[0] - x, p[1] - y) for p in points) / count
    if not spread > 1e-9:
        return None
    scale = math.sqrt(2) / spread
    return (scale, 0.0, -scale * x, 0.0, scale, -scale * y, 0.0, 0.0, 1.0)


def _moved(frame: Matrix, point: Pair) -> Pair:
    return frame[0] * point[0] + frame[2], frame[4] * point[1] + frame[5]


def _linear(start: Sequence[Pair], goal: Sequence[Pair]) -> list[float] | None:
    """Eight numbers of the map; the ninth is 1, as the middle is in front of the horizon."""
    rows = []
    for (x, y), (u, v) in zip(start, goal, strict=True):
        rows.append([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u])
        rows.append([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v])
    return _least_squares(rows)


def _refined(
    numbers: list[float], start: Sequence[Pair], goal: Sequence[Pair]
) -> list[float] | None:
    """Gauss–Newton with halved steps: never worse than where it began."""
    cost, rows = _residuals(numbers, start, goal)
    for _ in range(ROUNDS):
        step = _least_squares(rows)
        if step is None:
            return None
        for _ in range(8):
            tried = [a + b for a, b in zip(numbers, step, strict=True)]
            less, tried_rows = _residuals(tried, start, goal)
            if less <= cost:
                break
            step = [part / 2 for part in step]
        else:
            return numbers
        settled = cost - less <= SETTLED * cost
        numbers, cost, rows = tried, less, tried_rows
        if settled:
            break
    return numbers


def _residuals(
    numbers: list[float], start: Sequence[Pair], goal: Sequence[Pair]
) -> tuple[float, list[list[float]]]:
    """Sum of squared distances, and the linear system of the next step."""
    a, b, c, d, e, f, g, h = numbers
    cost, rows = 0.0, []
    for (x, y), (u, v) in zip(start, goal, strict=True):
        w = g * x + h * y + 1.0
        if not w > 1e-9:
            return math.inf, []
        p, q = (a * x + b * y + c) / w, (d * x + e * y + f) / w
        cost += (u - p) ** 2 + (v - q) ** 2
        rows.append([x / w, y / w, 1 / w, 0.0, 0.0, 0.0, -p * x / w, -p * y / w, u - p])
        rows.append([0.0, 0.0, 0.0, x / w, y / w, 1 / w, -q * x / w, -q * y / w, v - q])
    return cost, rows


def _least_squares(rows: list[list[float]]) -> list[float] | None:
    """x that brings A·x next to b; a row holds A's row, then b. None if columns are dependent.

    Modified Gram–Schmidt with b as the last column (Björck 1967).
    """
    if not rows:
        return None
    *columns, rest = (list(column) for column in zip(*rows, strict=True))
    count = len(columns)
    sizes = [math.hypot(*column) for column in columns]
    upper = [[0.0] * count for _ in range(count)]
    right = [0.0] * count
    for k in range(count):
        length = math.hypot(*columns[k])
        if not length > DEPENDENT * sizes[k]:
            return None
        upper[k][k] = length
        unit = [part / length for part in columns[k]]
        for later in range(k + 1, count):
            upper[k][later], columns[later] = _without(unit, columns[later])
        right[k], rest = _without(unit, rest)
    solved = [0.0] * count
    for k in reversed(range(count)):
        known = sum(upper[k][j] * solved[j] for j in range(k + 1, count))
        solved[k] = (right[k] - known) / upper[k][k]
    return solved


def _without(unit: list[float], column: list[float]) -> tuple[float, list[float]]:
    share = sum(a * b for a, b in zip(unit, column, strict=True))
    return share, [b - share * a for a, b in zip(unit, column, strict=True)]
