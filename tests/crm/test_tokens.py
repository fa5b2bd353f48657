"""Contrast of the tokens, pair by pair, in light and dark: 4.5:1 for text, 3:1 for parts (WCAG 2.2 AA)."""

import math
import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = (Path(settings.BASE_DIR) / "crm/static/crm/css/tokens.css").read_text().split("@media")[0]
GROUNDS = ["ground", "surface", "sunk", "hover"]
TEXT = [(ink, ground) for ink in ["text", "text-quiet", "text-faint", "accent", "good", "watch", "bad"] for ground in GROUNDS]
TEXT += [(tone, f"{tone}-soft") for tone in ["good", "watch", "bad", "accent"]]
TEXT += [("text", f"{tone}-soft") for tone in ["good", "watch", "bad", "accent"]] + [
    ("text-quiet", "accent-soft"),
    ("accent-text", "accent"),
]
TEXT += [(f"mark-{number}-ink", f"mark-{number}") for number in range(1, 7)]
PARTS = [
    (part, "surface")
    for part in ["control", "focus", "good-fill", "watch-fill", "bad-fill", *(f"chart-{number}" for number in range(1, 6))]
]


def colour(name: str, dark: int) -> tuple[float, float, float]:
    """The (lightness, chroma, hue) of a token in light (0) or dark (1)."""
    value = re.search(rf"--{name}: ([^;]+);", TOKENS)[1]
    part = re.match(r"light-dark\((.*)\)$", value)
    text = re.split(r",\s*(?=oklch|var)", part[1])[dark] if part else value
    if link := re.match(r"var\(--([\w-]+)\)", text):
        return colour(link[1], dark)
    lightness, chroma, hue = re.match(r"oklch\(([\d.]+)% ([\d.]+) ([\d.]+)", text).groups()
    return float(lightness) / 100, float(chroma), float(hue)


def luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance of an OKLCH colour (Björn Ottosson's matrices), clipped to sRGB."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str, dark: int) -> float:
    low, high = sorted([luminance(*colour(one, dark)), luminance(*colour(other, dark))])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
def test_text_can_be_read(dark: int) -> None:
    weak = {pair: round(contrast(*pair, dark), 2) for pair in TEXT if contrast(*pair, dark) < 4.5}
    assert weak == {}


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
def test_parts_can_be_seen(dark: int) -> None:
    weak = {pair: round(contrast(*pair, dark), 2) for pair in PARTS if contrast(*pair, dark) < 3}
    assert weak == {}
