"""Illustrations of the demonstration content, drawn by ourselves so that no stranger's picture stands for a made-up practice.

Flat shapes in the colours of the site, the same every time. Units are pixels of a sheet of WIDTH by HEIGHT.
"""

from io import BytesIO
from math import cos, pi, sin

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1200, 600
FINER = 2
"""Drawn so many times larger and made smaller at the end, which smooths the edges."""

PAPER, SAND, STONE = "#f3ede2", "#e7dac2", "#cdbd9f"
TEAL, SEA, MIST = "#0a5c63", "#6fa8aa", "#cfe2e0"
WARM, ROSE, NIGHT = "#c4703a", "#e7b48f", "#17343c"


class Sheet:
    def __init__(self, ground):
        self.image = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), ground)
        self.pen = ImageDraw.Draw(self.image)

    def _points(self, points):
        return [(x * FINER, y * FINER) for x, y in points]

    def box(self, x, y, width, height, colour, radius=0):
        corners = [x * FINER, y * FINER, (x + width) * FINER, (y + height) * FINER]
        self.pen.rounded_rectangle(corners, radius * FINER, fill=colour)

    def disc(self, x, y, radius, colour):
        self.pen.ellipse([(n * FINER) for n in (x - radius, y - radius, x + radius, y + radius)], fill=colour)

    def ring(self, x, y, radius, colour, thickness):
        corners = [(n * FINER) for n in (x - radius, y - radius, x + radius, y + radius)]
        self.pen.ellipse(corners, outline=colour, width=thickness * FINER)

    def shape(self, points, colour):
        self.pen.polygon(self._points(points), fill=colour)

    def line(self, points, colour, thickness):
        self.pen.line(self._points(points), fill=colour, width=thickness * FINER, joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(x, y, thickness / 2, colour)

    def person(self, x, y, colour, size=1.0):
        """Head and shoulders; x, y is the middle of the shoulders' lower edge."""
        self.disc(x, y - 92 * size, 26 * size, colour)
        self.pen.pieslice(
            [(n * FINER) for n in (x - 44 * size, y - 58 * size, x + 44 * size, y + 58 * size)], 180, 360, fill=colour
        )

    def house(self, x, ground, width, height, colour, roof=None, windows=PAPER):
        self.box(x, ground - height, width, height, colour)
        if roof:
            self.shape(
                [(x - 8, ground - height), (x + width / 2, ground - height - 56), (x + width + 8, ground - height)],
                roof,
            )
        columns, step = max(1, int(width // 55)), 62
        for column in range(columns):
            left = x + width * (column + 0.5) / columns - 11
            for top in range(int(ground - height + 24), int(ground - 50), step):
                self.box(left, top, 22, 30, windows, 3)

    def as_webp(self) -> bytes:
        made = BytesIO()
        self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(made, "WEBP", quality=86, method=6)
        return made.getvalue()


def around(x, y, radius, count, start=0.0):
    return [
        (x + radius * cos(start + 2 * pi * n / count), y + radius * sin(start + 2 * pi * n / count))
        for n in range(count)
    ]


def rumours():
    """Speech bubbles over a street; one of them is checked."""
    sheet = Sheet(MIST)
    sheet.box(0, 520, WIDTH, 80, SAND)
    for x, width, height, colour, roof in (
        (60, 130, 170, SEA, TEAL), (205, 110, 120, ROSE, WARM), (330, 160, 210, PAPER, STONE),
        (720, 120, 150, ROSE, WARM), (855, 150, 230, SEA, TEAL), (1020, 120, 130, PAPER, STONE),
    ):  # fmt: skip
        sheet.house(x, 520, width, height, colour, roof, MIST if colour == PAPER else PAPER)
    for x, y, width, height, colour in (
        (180, 90, 260, 130, PAPER),
        (480, 60, 280, 170, TEAL),
        (800, 110, 240, 120, PAPER),
    ):
        sheet.box(x, y, width, height, colour, 34)
        sheet.shape([(x + 60, y + height - 4), (x + 70, y + height + 44), (x + 120, y + height - 4)], colour)
    sheet.line([(560, 145), (605, 190), (690, 100)], PAPER, 18)
    for x, y in ((220, 130), (840, 148)):
        sheet.line([(x, y), (x + 150, y)], STONE, 12)
        sheet.line([(x, y + 42), (x + 95, y + 42)], STONE, 12)
    sheet.person(610, 520, WARM, 1.25)
    return sheet


def port():
    """A small ship comes in at sunset; waves in rows."""
    sheet = Sheet(SAND)
    sheet.disc(860, 330, 150, WARM)
    sheet.disc(860, 330, 112, ROSE)
    sheet.shape([(0, 330), (150, 240), (300, 300), (430, 220), (560, 330)], STONE)
    sheet.box(0, 330, WIDTH, 270, SEA)
    sheet.shape([(470, 350), (760, 350), (705, 430), (520, 430)], NIGHT)
    sheet.line([(612, 350), (612, 130)], NIGHT, 9)
    sheet.shape([(630, 145), (630, 325), (755, 325)], PAPER)
    sheet.shape([(596, 180), (596, 325), (500, 325)], MIST)
    for row, (y, colour) in enumerate(((430, TEAL), (490, NIGHT), (550, TEAL))):
        points = [(x, y + 16 * sin(x / 62 + row * 1.9)) for x in range(0, WIDTH + 20, 10)]
        sheet.shape([*points, (WIDTH, HEIGHT), (0, HEIGHT)], colour)
    return sheet


def market():
    """Three stalls with striped roofs, somebody behind each."""
    sheet = Sheet(PAPER)
    sheet.box(0, 500, WIDTH, 100, SAND)
    for left, stripe, coat in ((90, TEAL, WARM), (450, WARM, TEAL), (810, SEA, NIGHT)):
        sheet.person(left + 150, 420, coat, 1.15)
        sheet.box(left + 6, 190, 12, 310, STONE)
        sheet.box(left + 282, 190, 12, 310, STONE)
        for number in range(6):
            colour = stripe if number % 2 == 0 else "#fffdf8"
            sheet.box(left + number * 50, 120, 50, 90, colour)
            sheet.disc(left + number * 50 + 25, 210, 25, colour)
        sheet.box(left - 4, 400, 308, 100, ROSE if stripe != WARM else MIST, 8)
        for number in range(5):
            sheet.disc(left + 42 + number * 54, 394, 24, (WARM, SEA, STONE)[number % 3])
    return sheet


def alley():
    """Two sides of a lane; under the arch between them people meet."""
    sheet = Sheet(ROSE)
    sheet.disc(600, 230, 120, PAPER)
    sheet.box(0, 510, WIDTH, 90, STONE)
    sheet.house(40, 510, 170, 360, SEA)
    sheet.house(210, 510, 150, 290, TEAL)
    sheet.house(840, 510, 150, 300, PAPER, windows=ROSE)
    sheet.house(990, 510, 170, 380, SAND, windows=WARM)
    sheet.ring(600, 470, 260, NIGHT, 34)
    sheet.box(300, 510, 600, 90, STONE)
    for x, colour in ((500, WARM), (600, NIGHT), (700, TEAL)):
        sheet.person(x, 510, colour, 1.3)
    return sheet


def table():
    """A round table seen from above, chairs of all colours, bread and bowls."""
    sheet = Sheet(TEAL)
    for number, (x, y) in enumerate(around(600, 300, 245, 10, 0.2)):
        sheet.disc(x, y, 50, (WARM, SAND, SEA, ROSE, MIST)[number % 5])
    sheet.disc(600, 300, 190, PAPER)
    sheet.ring(600, 300, 190, STONE, 6)
    for number, (x, y) in enumerate(around(600, 300, 128, 10, 0.2)):
        sheet.ring(x, y, 28, (TEAL, WARM)[number % 2], 7)
    sheet.disc(600, 300, 56, SAND)
    for x, y, radius in ((120, 120, 60), (1080, 470, 80), (1040, 130, 36), (170, 480, 44)):
        sheet.ring(x, y, radius, SEA, 8)
    return sheet


def budget():
    """Coloured slips of paper fall into one box; piles of coins grow beside it."""
    sheet = Sheet(MIST)
    sheet.box(0, 510, WIDTH, 90, SEA)
    for x, y, tilt, colour in (
        (430, 70, -30, WARM),
        (560, 40, 22, PAPER),
        (690, 90, -18, ROSE),
        (520, 160, 14, SAND),
        (655, 180, 34, TEAL),
    ):
        sheet.shape([(x, y), (x + 84, y + tilt), (x + 84 - tilt, y + 54 + tilt), (x - tilt, y + 54)], colour)
    sheet.box(400, 290, 400, 230, NIGHT, 12)
    sheet.box(380, 262, 440, 44, TEAL, 10)
    sheet.box(500, 276, 200, 14, PAPER, 7)
    sheet.ring(600, 412, 58, MIST, 12)
    sheet.line([(574, 414), (594, 436), (630, 392)], MIST, 12)
    for x, coins, colour in ((130, 4, WARM), (245, 7, ROSE), (900, 6, WARM), (1015, 9, SAND)):
        for number in range(coins):
            sheet.box(x, 488 - number * 30, 96, 24, colour, 12)
    return sheet


def path():
    """A winding path with lights leads from a gate to houses."""
    sheet = Sheet(NIGHT)
    sheet.disc(1010, 120, 62, SAND)
    hills = [(x, 380 + 40 * sin(x / 170)) for x in range(0, WIDTH + 20, 20)]
    sheet.shape([*hills, (WIDTH, HEIGHT), (0, HEIGHT)], TEAL)
    way = [(150 + t * 9, 520 - 150 * (t / 100) - 46 * sin(t / 15)) for t in range(0, 101)]
    sheet.line(way, SAND, 46)
    for x, y in way[6::16]:
        sheet.line([(x, y - 20), (x, y - 86)], STONE, 7)
        sheet.disc(x, y - 96, 18, ROSE)
    for x in range(40, 150, 26):
        sheet.line([(x, 300), (x, 520)], SEA, 9)
    sheet.line([(32, 300), (150, 300)], SEA, 12)
    sheet.house(1000, 400, 70, 90, WARM, ROSE, SAND)
    sheet.house(1080, 400, 90, 130, PAPER, WARM, SEA)
    return sheet


def square():
    """A square in the evening: lit windows, lamps, people who stand together."""
    sheet = Sheet(NIGHT)
    for x, width, height, colour in (
        (0, 190, 300, "#21464f"),
        (190, 150, 240, TEAL),
        (340, 200, 330, "#21464f"),
        (660, 180, 270, TEAL),
        (840, 170, 340, "#21464f"),
        (1010, 190, 260, TEAL),
    ):
        sheet.house(x, 440, width, height, colour, windows=ROSE if (x // 10) % 3 else SAND)
    sheet.shape([(0, 440), (WIDTH, 440), (WIDTH, HEIGHT), (0, HEIGHT)], SEA)
    sheet.shape([(380, 440), (820, 440), (1060, HEIGHT), (140, HEIGHT)], MIST)
    for x in (250, 950):
        sheet.line([(x, 560), (x, 230)], PAPER, 9)
        sheet.disc(x, 214, 32, SAND)
    for x, colour, size in ((470, WARM, 1.1), (555, TEAL, 1.2), (650, NIGHT, 1.2), (735, WARM, 1.05)):
        sheet.person(x, 560, colour, size)
    return sheet


def pitch():
    """A football pitch from above and the ball near the line."""
    sheet = Sheet(TEAL)
    for number in range(0, 12, 2):
        sheet.box(number * 100, 0, 100, HEIGHT, "#0d676e")
    for left, top, width, height in ((60, 60, 1080, 480), (60, 180, 170, 240), (970, 180, 170, 240)):
        for start, end in (
            ((left, top), (left + width, top)), ((left + width, top), (left + width, top + height)),
            ((left + width, top + height), (left, top + height)), ((left, top + height), (left, top)),
        ):  # fmt: skip
            sheet.line([start, end], MIST, 8)
    sheet.line([(600, 60), (600, 540)], MIST, 8)
    sheet.ring(600, 300, 104, MIST, 8)
    for x, y, colour in (
        (330, 200, WARM),
        (420, 400, WARM),
        (500, 150, WARM),
        (740, 220, SAND),
        (860, 380, SAND),
        (700, 470, SAND),
    ):
        sheet.disc(x, y, 30, colour)
    sheet.disc(610, 520, 26, PAPER)
    for x, y in around(610, 520, 13, 5, 0.3):
        sheet.disc(x, y, 5, NIGHT)
    return sheet


def letters():
    """A letter full of long lines becomes one of few short lines."""
    sheet = Sheet(SAND)
    sheet.box(150, 70, 360, 460, "#fffdf8", 10)
    for number in range(15):
        sheet.box(190, 110 + number * 26, (280, 262, 276, 240)[number % 4], 9, STONE, 4)
    sheet.box(690, 70, 360, 460, "#fffdf8", 10)
    sheet.box(734, 120, 180, 26, TEAL, 6)
    for number, width in enumerate((240, 200, 226)):
        sheet.disc(748, 216 + number * 80, 17, WARM)
        sheet.box(786, 206 + number * 80, width - 20, 18, SEA, 8)
    sheet.disc(980, 460, 34, MIST)
    sheet.line([(964, 460), (977, 474), (998, 446)], TEAL, 8)
    sheet.line([(550, 300), (640, 300)], TEAL, 16)
    sheet.line([(612, 262), (650, 300), (612, 338)], TEAL, 16)
    return sheet


def neighbourhoods():
    """A town of six-sided tiles; the darker ones stand for stronger ties."""
    sheet = Sheet(PAPER)
    shades = (MIST, SEA, TEAL, SAND, ROSE, MIST, SEA, SAND, TEAL, MIST, WARM)
    for row in range(-1, 6):
        for column in range(-1, 12):
            x, y = 60 + column * 112 + (56 if row % 2 else 0), 50 + row * 98
            tile = around(x, y, 58, 6, pi / 6)
            sheet.shape(tile, shades[(column * 5 + row * 7) % len(shades)])
    way = [(x, 330 + 90 * sin(x / 210)) for x in range(-20, WIDTH + 40, 10)]
    sheet.line(way, PAPER, 26)
    for x, y in ((236, 296), (640, 390), (930, 210)):
        sheet.disc(x, y, 34, NIGHT)
        sheet.shape([(x - 28, y + 18), (x + 28, y + 18), (x, y + 72)], NIGHT)
        sheet.disc(x, y, 14, PAPER)
    return sheet


def places():
    """One form in the middle, joined to twenty-six places around it."""
    sheet = Sheet(NIGHT)
    outer = [(600 + (x - 600) * 2.0, y) for x, y in around(600, 300, 245, 26)]
    for x, y in outer:
        sheet.line([(600, 300), (x, y)], TEAL, 5)
    for number, (x, y) in enumerate(outer):
        sheet.disc(x, y, (24, 17)[number % 2], (SAND, SEA, ROSE, MIST, WARM)[number % 5])
    sheet.box(505, 175, 190, 250, PAPER, 12)
    sheet.box(535, 210, 80, 18, WARM, 6)
    for number, width in enumerate((130, 108, 130, 90)):
        sheet.box(535, 255 + number * 36, width, 13, STONE, 6)
    return sheet


DRAWINGS = {
    drawing.__name__: drawing
    for drawing in (rumours, port, market, alley, table, budget, path, square, pitch, letters, neighbourhoods, places)
}
