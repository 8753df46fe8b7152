"""Why there is no picture."""

from __future__ import annotations

from pathlib import Path

from cell_controller.errors import CellError


class RenderError(CellError):
    """Nothing was drawn."""


class NoGlError(RenderError):
    """Neither EGL nor OSMesa can be used."""

    def __init__(self, tried: dict[str, str]) -> None:
        self.tried = tried
        reasons = "; ".join(f"{name}: {why}" for name, why in tried.items())
        super().__init__(
            f"nothing to draw with ({reasons}). On Debian and Ubuntu: apt-get install libegl1 libgl1, "
            "or libosmesa6 where there is no EGL device"
        )


class RecordingError(RenderError):
    """The recording cannot be shown."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        super().__init__(f"{path}: {why}")


class TooLongError(RenderError):
    """More frames than anybody waits for."""

    def __init__(self, frames: int, limit: int) -> None:
        self.frames, self.limit = frames, limit
        super().__init__(f"{frames} frames are more than {limit}: less --seconds, more --speed or less --fps")
