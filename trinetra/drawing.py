"""Drawing on frames: people with ids and trails, lines and zones with their counts.

Drawing decides nothing: a `Scene` says what there is, in pixels of the image. All sizes follow
the height of the image, so that a label is as legible at 480 lines as at 1080.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from contracts.geometry import Line, Point, Polygon

Image = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

INK: Colour = (32, 28, 24)
PAPER: Colour = (250, 250, 250)
TENTATIVE: Colour = (190, 190, 190)
LINE: Colour = (60, 200, 255)
ZONE: Colour = (215, 170, 60)
PEOPLE: tuple[Colour, ...] = (
    (115, 175, 60),
    (75, 130, 245),
    (210, 140, 90),
    (90, 95, 230),
    (190, 115, 185),
    (185, 190, 65),
    (80, 190, 240),
    (165, 145, 250),
)
"""Blue, green, red; mid-tones that keep white text legible and differ for colour-blind eyes."""


@dataclass(frozen=True)
class Person:
    """A track: corners in pixels, and where its feet were lately (oldest first)."""

    track_id: int
    corners: tuple[float, float, float, float]
    confirmed: bool
    trail: tuple[Point, ...] = ()


@dataclass(frozen=True)
class LineCount:
    """A counting line; `inward` is the side that counts as in (a direction, any length)."""

    name: str
    line: Line
    inward: Point
    entered: int
    left: int


@dataclass(frozen=True)
class ZoneCount:
    """A zone and its label's text."""

    name: str
    area: Polygon
    text: str


@dataclass(frozen=True)
class Scene:
    """Everything to draw on one frame, and the words of the header."""

    people: tuple[Person, ...]
    lines: tuple[LineCount, ...]
    zones: tuple[ZoneCount, ...]
    header: tuple[str, ...]


def draw(image: Image, scene: Scene) -> None:
    """Draw the scene onto the image (BGR) in place."""
    pen = Pen(image, scene.header)
    for zone in scene.zones:
        pen.zone(zone)
    for person in scene.people:
        pen.trail(person)
    for person in scene.people:
        pen.person(person)
    for line in scene.lines:
        pen.line(line)
    for zone in scene.zones:
        pen.zone_label(zone)
    pen.header()


class Pen:
    """Draws on one image with strokes and letters that fit its height."""

    def __init__(self, image: Image, header: tuple[str, ...] = ()) -> None:
        self._image = image
        self._height, self._width = image.shape[:2]
        self._stroke = max(1, round(min(self._height, self._width) / 360))
        self._letter = max(13, round(min(self._height, self._width) / 34))
        self._header = "   ".join(header)
        margin = self._letter // 2
        wide, high = self._tag_size(self._header) if header else (0, 0)
        self._banner = (margin + wide, margin + high) if header else (0, 0)
        """Where the header ends, to the right and down."""

    def person(self, person: Person) -> None:
        """Box with the id on a tag above it; thin and grey while the track is tentative.

        Where the header would cover the tag it is in the box, under the header.
        """
        x1, y1, x2, y2 = (round(value) for value in person.corners)
        if not person.confirmed:
            cv2.rectangle(self._image, (x1, y1), (x2, y2), TENTATIVE, 1, cv2.LINE_AA)
            return
        colour = colour_of(person.track_id)
        cv2.rectangle(self._image, (x1, y1), (x2, y2), colour, self._stroke + 1, cv2.LINE_AA)
        text = str(person.track_id)
        y = max(y1 - self._tag_size(text)[1], 0)
        hidden = x1 < self._banner[0] and y < self._banner[1]
        at = (x1, max(y1, self._banner[1])) if hidden else (x1, y1)
        self._tag(text, at, colour, above=not hidden)

    def trail(self, person: Person) -> None:
        """Where the feet were, thinner the longer ago."""
        colour = colour_of(person.track_id)
        count = len(person.trail)
        for step in range(1, count):
            a, b = (_pixel(point) for point in person.trail[step - 1 : step + 1])
            thick = max(1, round(self._stroke * (0.5 + 1.5 * step / count)))
            cv2.line(self._image, a, b, colour, thick, cv2.LINE_AA)

    def line(self, count: LineCount) -> None:
        """The line, an arrow to the side that is in, and both counts."""
        a, b = _pixel(count.line.start), _pixel(count.line.end)
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        length = float(np.hypot(*count.inward)) or 1.0
        reach = 1.6 * self._letter / length
        tip = (middle[0] + count.inward[0] * reach, middle[1] + count.inward[1] * reach)
        for colour, thick in ((INK, self._stroke + 3), (LINE, self._stroke + 1)):
            cv2.line(self._image, a, b, colour, thick, cv2.LINE_AA)
            cv2.arrowedLine(
                self._image, _pixel(middle), _pixel(tip), colour, thick, cv2.LINE_AA, 0, 0.35
            )
        text = f"{count.name}  in {count.entered}  out {count.left}"
        self._tag(text, a if a[1] <= b[1] else b, LINE, ink=INK, above=True)

    def zone(self, zone: ZoneCount) -> None:
        """The area, lightly filled."""
        corners = np.array([_pixel(corner) for corner in zone.area.corners], np.int32)
        x, y, w, h = cv2.boundingRect(corners)
        x1, y1 = max(x, 0), max(y, 0)
        x2, y2 = min(x + w + 1, self._width), min(y + h + 1, self._height)
        if x1 < x2 and y1 < y2:
            under = self._image[y1:y2, x1:x2]
            filled = under.copy()
            cv2.fillPoly(filled, [corners - (x1, y1)], ZONE, cv2.LINE_AA)
            cv2.addWeighted(filled, 0.22, under, 0.78, 0, dst=under)
        cv2.polylines(self._image, [corners], True, ZONE, self._stroke, cv2.LINE_AA)

    def zone_label(self, zone: ZoneCount) -> None:
        """The zone's name and figures at its upper corner."""
        top = min(zone.area.corners, key=lambda corner: (corner[1], corner[0]))
        self._tag(zone.text, _pixel(top), ZONE, ink=INK, above=False)

    def header(self) -> None:
        """A dark strip in the upper left corner; people's tags keep clear of it."""
        self._tag(self._header, (self._letter // 2, self._letter // 2), INK, above=False)

    def _tag(
        self, text: str, at: tuple[int, int], paper: Colour, *, above: bool, ink: Colour = PAPER
    ) -> None:
        """A label whose corner is `at`, moved so that it stays inside the picture."""
        wide, high = self._tag_size(text)
        pad = max(2, self._letter // 4)
        x = min(max(at[0], 0), max(self._width - wide, 0))
        y = min(max(at[1] - high if above else at[1], 0), max(self._height - high, 0))
        under = self._image[y : y + high, x : x + wide]
        under[:] = (0.15 * under + 0.85 * np.array(paper)).astype(np.uint8)
        base = (x + pad, y + high - pad - round(self._letter * 0.12))
        cv2.putText(self._image, text, base, ink, _face(), self._letter, 500)

    def _tag_size(self, text: str) -> tuple[int, int]:
        """(width, height) of a label in pixels."""
        pad = max(2, self._letter // 4)
        return text_width(text, self._letter) + 2 * pad, round(self._letter * 1.1) + 2 * pad


def colour_of(track_id: int) -> Colour:
    """A person's colour, the same in every frame."""
    return PEOPLE[track_id % len(PEOPLE)]


def text_width(text: str, letter: int) -> int:
    """Pixels that the text will take."""
    box = cv2.getTextSize((1, 1), text, (0, 0), _face(), letter, 500)
    return int(box[0] + box[2])


@cache
def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _pixel(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])
