"""URDF: one file for each mechanism, and one for the whole cell under the frame `world`."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cell_sim.description.model import (
    Colour,
    Cylinder,
    Joint,
    JointKind,
    Link,
    Mechanism,
    Shape,
    Vector,
)

WORLD = "world"
_QUARTER_TURN = "1.570796327 0 0"  # a cylinder along y


def mechanism_urdf(mechanism: Mechanism) -> str:
    """One mechanism; its root link is its first link."""
    root = Element("robot", name=mechanism.name)
    _add(root, mechanism)
    return _text(root)


def cell_urdf(name: str, mechanisms: Iterable[Mechanism]) -> str:
    """All of them, where they stand."""
    root = Element("robot", name=name)
    SubElement(root, "link", name=WORLD)
    for mechanism in mechanisms:
        _add(root, mechanism)
        first = mechanism.links[0].name
        _joint(root, Joint(f"{WORLD}_{first}", JointKind.FIXED, WORLD, first, mechanism.at_m))
    return _text(root)


def _add(root: Element, mechanism: Mechanism) -> None:
    for link in mechanism.links:
        _link(root, link)
    for joint in mechanism.joints:
        _joint(root, joint)


def _link(root: Element, link: Link) -> None:
    element = SubElement(root, "link", name=link.name)
    inertial = SubElement(element, "inertial")
    SubElement(inertial, "origin", xyz=vector(link.inertia.centre_m))
    SubElement(inertial, "mass", value=number(link.inertia.mass_kg))
    xx, yy, zz = (number(m) for m in link.inertia.moments_kg_m2)
    SubElement(inertial, "inertia", ixx=xx, iyy=yy, izz=zz, ixy="0", ixz="0", iyz="0")
    for shape in link.shapes:
        visual = SubElement(element, "visual")
        _geometry(visual, shape)
        material = SubElement(visual, "material", name=shape.colour.name.lower())
        SubElement(material, "color", rgba=rgba(shape.colour))
    for shape in link.shapes:
        if shape.is_solid:
            _geometry(SubElement(element, "collision"), shape)


def _geometry(parent: Element, shape: Shape) -> None:
    is_turned = isinstance(shape, Cylinder) and shape.along_y
    SubElement(parent, "origin", xyz=vector(shape.at_m), rpy=_QUARTER_TURN if is_turned else "0 0 0")
    geometry = SubElement(parent, "geometry")
    if isinstance(shape, Cylinder):
        SubElement(geometry, "cylinder", radius=number(shape.radius_m), length=number(shape.length_m))
    else:
        SubElement(geometry, "box", size=vector(shape.size_m))


def _joint(root: Element, joint: Joint) -> None:
    element = SubElement(root, "joint", name=joint.name, type=joint.kind.value)
    SubElement(element, "origin", xyz=vector(joint.at_m))
    SubElement(element, "parent", link=joint.parent)
    SubElement(element, "child", link=joint.child)
    if joint.limits is None:
        return
    SubElement(element, "axis", xyz=vector(joint.axis))
    limit = {"effort": number(joint.limits.effort), "velocity": number(joint.limits.speed)}
    if joint.kind is JointKind.SLIDE:
        limit |= {"lower": number(joint.limits.low), "upper": number(joint.limits.high)}
    SubElement(element, "limit", limit)
    if joint.friction:
        SubElement(element, "dynamics", damping="0", friction=number(joint.friction))
    if joint.leader is not None:
        SubElement(element, "mimic", joint=joint.leader, multiplier=number(joint.ratio))


def number(value: float) -> str:
    """Nine digits: a nanometre in a metre, and the same text on every machine."""
    return f"{value + 0.0:.9g}"


def vector(values: Vector) -> str:
    """Three numbers."""
    return " ".join(number(v) for v in values)


def rgba(colour: Colour) -> str:
    """Red, green, blue and how opaque."""
    return f"{vector(colour.value)} {number(colour.alpha)}"


def _text(root: Element) -> str:
    indent(root)
    return '<?xml version="1.0"?>\n' + tostring(root, encoding="unicode") + "\n"
