"""MJCF: the cell as MuJoCo integrates and draws it.

A joint that a drive moves is a joint. Whatever else moves (door, clamps, drums, parts) is a mocap body, put
where it is and never integrated; nothing collides, since process forces come from the process models.
"""

from __future__ import annotations

from collections.abc import Collection
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cell_controller.config import CellFile, Recipe
from cell_sim.description.layout import BELT_TOP_M
from cell_sim.description.mechanisms import describe
from cell_sim.description.model import ORIGIN, Cylinder, Joint, JointKind, Link, Mechanism, Shape, Vector
from cell_sim.description.part import part_link
from cell_sim.description.urdf import number, rgba, vector

PARTS = 8  # bodies for parts; unused ones are parked under the floor
PARKED: Vector = (0.0, 0.0, -5.0)
TIMESTEP_S = 0.002  # that of the processes; the servo loop has a time constant of 6.7 ms
_BRAKE_IMPEDANCE = "0.9999 0.99995 0.001"  # dry friction without creep
_LOOK, _SOLID = "2", "1"  # groups: only to look at; what collides in the other models too


def part_body(n: int) -> str:
    """Name of the n-th body for a part."""
    return f"part{n}"


def cell_mjcf(cell: CellFile, recipe: Recipe) -> str:
    """The model as XML."""
    root = Element("mujoco", model=cell.name)
    _settings(root)
    world = SubElement(root, "worldbody")
    for mechanism in describe(cell, recipe):
        _Tree(world, mechanism, cell.drives.keys()).write()
    part = part_link(recipe)
    for n in range(PARTS):
        body = SubElement(world, "body", name=part_body(n), pos=vector(PARKED), mocap="true")
        _geoms(body, part)
    _stage(world, max(c.pitch_m * (len(c.places) - 1) for c in cell.conveyors.values()))
    indent(root)
    return tostring(root, encoding="unicode") + "\n"


def _settings(root: Element) -> None:
    SubElement(root, "compiler", angle="radian", autolimits="true")
    SubElement(root, "option", timestep=str(TIMESTEP_S), integrator="implicitfast", gravity="0 0 -9.81")
    visual = SubElement(root, "visual")
    SubElement(visual, "global", offwidth="1920", offheight="1080")
    SubElement(visual, "headlight", ambient="0.38 0.38 0.40", diffuse="0.28 0.28 0.28", specular="0 0 0")
    SubElement(visual, "quality", shadowsize="8192", offsamples="8")
    SubElement(visual, "map", shadowclip="2.5", zfar="40")
    assets = SubElement(root, "asset")
    sky = {"rgb1": "0.96 0.97 0.98", "rgb2": "0.74 0.79 0.86", "width": "64", "height": "384"}
    SubElement(assets, "texture", sky, type="skybox", builtin="gradient")
    tiles = {"rgb1": "0.79 0.80 0.81", "rgb2": "0.77 0.78 0.79", "markrgb": "0.68 0.69 0.70"}
    SubElement(
        assets,
        "texture",
        tiles,
        name="tiles",
        type="2d",
        builtin="flat",
        mark="edge",
        width="512",
        height="512",
    )
    SubElement(
        assets,
        "material",
        name="floor",
        texture="tiles",
        texrepeat="1 1",
        texuniform="true",
    )
    default = SubElement(root, "default")
    SubElement(default, "geom", contype="0", conaffinity="0", mass="0")
    SubElement(default, "joint", damping="0", solimpfriction=_BRAKE_IMPEDANCE)


def _stage(world: Element, long_m: float) -> None:
    """Floor, light and cameras: one in front of the cell and higher than its fence, one at the work."""
    SubElement(world, "geom", type="plane", size="15 15 0.1", material="floor")
    light = {"diffuse": "0.50 0.50 0.48", "specular": "0.15 0.15 0.15", "castshadow": "true"}
    SubElement(world, "light", light, type="directional", pos="1 -2 4", dir="-0.30 0.55 -1")
    for name, (eye, target, fov_deg) in _cameras(long_m / 2).items():
        SubElement(world, "body", name=f"{name}_view", pos=vector(target))
        camera = {"pos": vector(eye), "fovy": number(fov_deg)}
        SubElement(world, "camera", camera, name=name, mode="targetbody", target=f"{name}_view")


def _cameras(middle_m: float) -> dict[str, tuple[Vector, Vector, float]]:
    """By name: where it is, where it looks, and its angle of view."""
    return {
        "cell": ((middle_m + 2.9, -5.2, 3.9), (middle_m + 0.25, 0.0, BELT_TOP_M + 0.02), 27.0),
        "work": ((middle_m + 0.72, -1.05, 1.62), (middle_m - 0.04, 0.08, BELT_TOP_M + 0.10), 46.0),
    }


class _Tree:
    """Writes one mechanism below the world."""

    def __init__(self, world: Element, mechanism: Mechanism, drives: Collection[str]) -> None:
        self._world = world
        self._mechanism = mechanism
        self._drives = drives
        self._links = {link.name: link for link in mechanism.links}
        self._endless = mechanism.track.joint if mechanism.track else None

    def write(self) -> None:
        first = self._mechanism.links[0]
        body = self._body(self._world, first, self._mechanism.at_m)
        self._children(body, first.name, self._mechanism.at_m)

    def _children(self, parent: Element, name: str, at_m: Vector) -> None:
        """`at_m` is where the parent stands in the world, for what hangs on nothing that moves."""
        for joint in self._mechanism.joints:
            if joint.parent != name:
                continue
            link = self._links[joint.child]
            there_m = (at_m[0] + joint.at_m[0], at_m[1] + joint.at_m[1], at_m[2] + joint.at_m[2])
            if joint.kind is JointKind.FIXED:
                body = self._body(parent, link, joint.at_m)
            elif joint.name in self._drives:
                body = self._body(parent, link, joint.at_m)
                body.set("gravcomp", "1")  # counterbalanced
                body.insert(0, self._joint(joint))
            else:
                body = self._body(self._world, link, there_m)
                body.set("mocap", "true")
            self._children(body, joint.child, there_m)

    def _joint(self, joint: Joint) -> Element:
        kind = "slide" if joint.kind is JointKind.SLIDE else "hinge"
        element = Element("joint", name=joint.name, type=kind, axis=vector(joint.axis))
        if joint.kind is JointKind.SLIDE and joint.limits is not None and joint.name != self._endless:
            element.set("range", f"{number(joint.limits.low)} {number(joint.limits.high)}")
        element.set("frictionloss", number(joint.friction))
        return element

    def _body(self, parent: Element, link: Link, at_m: Vector) -> Element:
        body = SubElement(parent, "body", name=link.name)
        if at_m != ORIGIN:
            body.set("pos", vector(at_m))
        moments, centre = vector(link.inertia.moments_kg_m2), vector(link.inertia.centre_m)
        SubElement(body, "inertial", pos=centre, mass=number(link.inertia.mass_kg), diaginertia=moments)
        _geoms(body, link)
        return body


def _geoms(body: Element, link: Link) -> None:
    for shape in link.shapes:
        geom = SubElement(body, "geom", _form(shape), pos=vector(shape.at_m), rgba=rgba(shape.colour))
        geom.set("group", _SOLID if shape.is_solid else _LOOK)


def _form(shape: Shape) -> dict[str, str]:
    if not isinstance(shape, Cylinder):
        return {"type": "box", "size": vector(shape.half_m)}
    form = {"type": "cylinder", "size": f"{number(shape.radius_m)} {number(shape.length_m / 2)}"}
    return form | {"euler": "1.570796327 0 0"} if shape.along_y else form
