"""One cell on MuJoCo's off-screen canvas."""

from __future__ import annotations

from math import cos, pi, sin
from types import TracebackType
from typing import Any

import mujoco
import numpy as np

from cell_controller.config import CellFile, Recipe
from cell_sim.description.layout import BELT_TOP_M
from cell_sim.description.mechanisms import describe
from cell_sim.description.mjcf import PARKED, PARTS, cell_mjcf, part_body
from cell_sim.description.model import Joint, JointKind
from cell_sim.render import gl
from cell_sim.render.pose import Pose

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
_FAST_SHADOW, _FAST_SAMPLES = 2048, 2  # a third of the time of a frame, where one of many is seen
_GEOMS = 2000  # most that one frame shows, with room to spare


class Scene:
    """Draws poses from one camera. Enter it to get a GL context, leave it to give it back."""

    def __init__(
        self, cell: CellFile, recipe: Recipe, size: tuple[int, int], camera: str, *, is_fast: bool = False
    ) -> None:
        self._size = size
        self.model: Any = mujoco.MjModel.from_xml_string(cell_mjcf(cell, recipe))
        self.data: Any = mujoco.MjData(self.model)
        width, height = size
        canvas = self.model.vis.global_
        canvas.offwidth, canvas.offheight = max(width, canvas.offwidth), max(height, canvas.offheight)
        if is_fast:
            quality = self.model.vis.quality
            quality.shadowsize, quality.offsamples = _FAST_SHADOW, _FAST_SAMPLES
        moving = [j for m in describe(cell, recipe) for j in m.joints if j.kind is not JointKind.FIXED]
        self._driven = [j for j in moving if j.name in cell.drives]
        self._placed = [j for j in moving if j.name not in cell.drives]
        self._camera: Any = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = self.model.camera(camera).id

    def __enter__(self) -> Scene:
        width, height = self._size
        self._gl = gl.context(width, height)
        self._scene: Any = mujoco.MjvScene(self.model, maxgeom=_GEOMS)
        self._canvas: Any = mujoco.MjrContext(self.model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._canvas)
        self._option: Any = mujoco.MjvOption()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gl.make_current()
        self._canvas.free()
        self._gl.free()

    def draw(self, pose: Pose) -> Pixels:
        """One frame, rows from above, red green blue."""
        self.take(pose)
        self._gl.make_current()
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(
            self.model, self.data, self._option, None, self._camera, everything, self._scene
        )
        width, height = self._size
        whole = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(whole, self._scene, self._canvas)
        pixels = np.empty((height, width, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(pixels, None, whole, self._canvas)
        return np.ascontiguousarray(pixels[::-1])

    def take(self, pose: Pose) -> None:
        """Put every body where it is; what the pose does not know stands at zero."""
        for joint in self._driven:
            self.data.qpos[self.model.joint(joint.name).qposadr[0]] = _coordinate(joint, pose)
        for joint in self._placed:
            self._place(joint, _coordinate(joint, pose))
        for n in range(PARTS):
            at_m = (pose.parts[n], 0.0, BELT_TOP_M) if n < len(pose.parts) else PARKED
            self.data.mocap_pos[self.model.body(part_body(n)).mocapid[0]] = at_m
        mujoco.mj_forward(self.model, self.data)

    def _place(self, joint: Joint, value: float) -> None:
        body = self.model.body(joint.child)
        index, axis = body.mocapid[0], np.asarray(joint.axis)
        if joint.kind is JointKind.SLIDE:
            self.data.mocap_pos[index] = body.pos + axis * value
        else:
            self.data.mocap_quat[index] = (cos(value / 2), *(axis * sin(value / 2)))


def _coordinate(joint: Joint, pose: Pose) -> float:
    """In m or rad; a spindle's pose is in revolutions, a follower's in what it follows."""
    if joint.leader is not None:
        return pose.joints.get(joint.leader, 0.0) * joint.ratio
    value = pose.joints.get(joint.name, 0.0)
    return value * 2.0 * pi if joint.kind is JointKind.TURN else value
