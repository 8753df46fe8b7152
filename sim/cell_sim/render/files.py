"""Frames as files: PNG, and GIF or WebP as video. Pillow writes them: no other program is needed for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from cell_sim.render.errors import RenderError
from cell_sim.render.scene import Pixels

STILL = ".png"
VIDEOS = (".gif", ".webp")
_COLOURS = 128  # of a GIF: plain surfaces need few, and each one costs


class SuffixError(RenderError):
    """The name says nothing that can be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: the name must end in {STILL} (picture) or {' or '.join(VIDEOS)} (video)")


def is_video(path: Path) -> bool:
    """By its suffix; raises SuffixError for an unknown one."""
    suffix = path.suffix.lower()
    if suffix != STILL and suffix not in VIDEOS:
        raise SuffixError(path)
    return suffix in VIDEOS


def write_still(path: Path, pixels: Pixels) -> None:
    """One PNG."""
    Image.fromarray(pixels).save(path, format="PNG", optimize=True)


def write_video(path: Path, frames: Iterator[Pixels], period_s: float) -> None:
    """All frames, for ever; a GIF takes the colours of its first one."""
    shown_ms = round(period_s * 1000)
    if path.suffix.lower() == ".webp":
        first, rest = Image.fromarray(next(frames)), (Image.fromarray(f) for f in frames)
        first.save(path, save_all=True, append_images=rest, duration=shown_ms, loop=0, quality=80)
        return
    palette = Image.fromarray(next(frames)).quantize(_COLOURS)
    images = (Image.fromarray(f).quantize(palette=palette, dither=Image.Dither.NONE) for f in frames)
    palette.save(path, save_all=True, append_images=images, duration=shown_ms, loop=0, optimize=False)
