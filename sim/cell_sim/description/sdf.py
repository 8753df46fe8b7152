"""SDF 1.9: the cell as a world, with the systems of Gazebo Harmonic that move it."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cell_sim.description.model import Cylinder, Joint, JointKind, Link, Mechanism, Shape
from cell_sim.description.urdf import number, rgba, vector

STEP_S = 0.002  # that of the MuJoCo plant; half the cost of Gazebo's usual millisecond
_SERVO_RAD_S = 150.0  # position loop of a stiff servo, critically damped: that of the MuJoCo plant
CONTACT_SENSOR = "parts"  # of a belt
_SENSOR_HZ = 50.0
# Of simulated time. Every step's would be four thousand messages a second, most of a core for a bridge.
_STATES_HZ = 200.0
_SYSTEMS = (
    ("physics", "Physics"),
    ("user-commands", "UserCommands"),
    ("scene-broadcaster", "SceneBroadcaster"),
    ("contact", "Contact"),
)


def world_sdf(name: str, mechanisms: Iterable[Mechanism]) -> str:
    """All mechanisms where they stand, on a floor, in the light."""
    root = Element("sdf", version="1.9")
    world = SubElement(root, "world", name=name)
    physics = SubElement(world, "physics", name="steps", type="ignored")
    _value(physics, "max_step_size", number(STEP_S))
    _value(physics, "real_time_factor", "1")
    for file, system in _SYSTEMS:
        _plugin(world, file, system)
    light = SubElement(world, "light", name="sun", type="directional")
    _value(light, "cast_shadows", "true")
    _value(light, "direction", "-0.25 0.55 -1")
    _floor(world)
    for mechanism in mechanisms:
        _model(world, mechanism)
    indent(root)
    return '<?xml version="1.0"?>\n' + tostring(root, encoding="unicode") + "\n"


def _floor(world: Element) -> None:
    model = SubElement(world, "model", name="floor")
    _value(model, "static", "true")
    link = SubElement(model, "link", name="floor")
    for kind in ("collision", "visual"):
        plane = SubElement(SubElement(SubElement(link, kind, name=kind), "geometry"), "plane")
        _value(plane, "normal", "0 0 1")
        _value(plane, "size", "20 20")


def _model(world: Element, mechanism: Mechanism) -> None:
    """A belt's surface moves what lies on it, so the coordinate of its way is left out, and drums stand."""
    model = SubElement(world, "model", name=mechanism.name)
    _value(model, "pose", f"{vector(mechanism.at_m)} 0 0 0")
    track = mechanism.track
    counted = track.joint if track else None
    joints = {j.child: j for j in mechanism.joints if j.name != counted}
    for link in mechanism.links:
        if link.shapes:
            _link(model, link, joints.get(link.name), is_track=track is not None and link.name == track.link)
    base = SubElement(model, "joint", name="to_floor", type="fixed")
    _value(base, "parent", "world")
    _value(base, "child", body_name(mechanism.links[0].name))
    masses = {link.name: link.inertia.mass_kg for link in mechanism.links}
    for joint in joints.values():
        _joint(model, joint)
    for joint in joints.values():
        _controller(model, joint, sum(masses[name] for name in _carried(joint.child, joints)))
    if track:
        plugin = _plugin(model, "track-controller", "TrackController")
        _value(plugin, "link", body_name(track.link))
        _value(plugin, "max_velocity", number(track.max_speed_m_s))
        _value(plugin, "max_acceleration", number(track.max_acceleration_m_s2))
    states = _plugin(model, "joint-state-publisher", "JointStatePublisher")
    _value(states, "update_rate", number(_STATES_HZ))


def _carried(link: str, joints: dict[str, Joint]) -> list[str]:
    found = [link]
    for joint in joints.values():
        if joint.parent == link:
            found += _carried(joint.child, joints)
    return found


def _link(model: Element, link: Link, joint: Joint | None, *, is_track: bool) -> None:
    element = SubElement(model, "link", name=body_name(link.name))
    if joint is not None:
        pose = _value(element, "pose", f"{vector(joint.at_m)} 0 0 0")
        pose.set("relative_to", body_name(joint.parent))
    _value(element, "gravity", "false")  # frames stand on the floor, axes are counterbalanced
    inertial = SubElement(element, "inertial")
    _value(inertial, "pose", f"{vector(link.inertia.centre_m)} 0 0 0")
    _value(inertial, "mass", number(link.inertia.mass_kg))
    inertia = SubElement(inertial, "inertia")
    for key, moment in zip(("ixx", "iyy", "izz"), link.inertia.moments_kg_m2, strict=True):
        _value(inertia, key, number(moment))
    for n, shape in enumerate(link.shapes):
        if shape.is_solid:
            _geometry(SubElement(element, "collision", name=f"{link.name}_{n}"), shape)
        visual = SubElement(element, "visual", name=f"{link.name}_{n}")
        _geometry(visual, shape)
        material = SubElement(visual, "material")
        for light in ("ambient", "diffuse"):
            _value(material, light, rgba(shape.colour))
    if is_track:
        sensor = SubElement(element, "sensor", name=CONTACT_SENSOR, type="contact")
        _value(sensor, "always_on", "true")
        _value(sensor, "update_rate", number(_SENSOR_HZ))
        _value(SubElement(sensor, "contact"), "collision", f"{link.name}_0")


def _geometry(parent: Element, shape: Shape) -> None:
    is_turned = isinstance(shape, Cylinder) and shape.along_y
    _value(parent, "pose", f"{vector(shape.at_m)} {'1.570796327 0 0' if is_turned else '0 0 0'}")
    geometry = SubElement(parent, "geometry")
    if isinstance(shape, Cylinder):
        cylinder = SubElement(geometry, "cylinder")
        _value(cylinder, "radius", number(shape.radius_m))
        _value(cylinder, "length", number(shape.length_m))
    else:
        _value(SubElement(geometry, "box"), "size", vector(shape.size_m))


def _joint(model: Element, joint: Joint) -> None:
    is_still = joint.limits is None or joint.leader is not None
    kind = JointKind.FIXED if is_still else joint.kind
    # Gazebo's DART makes a fixed joint of a continuous one; a revolute one without limits turns for ever.
    word = "revolute" if kind is JointKind.TURN else kind.value
    element = SubElement(model, "joint", name=joint.name, type=word)
    _value(element, "parent", body_name(joint.parent))
    _value(element, "child", body_name(joint.child))
    if joint.limits is None or is_still:
        return
    axis = SubElement(element, "axis")
    _value(axis, "xyz", vector(joint.axis))
    limit = SubElement(axis, "limit")
    if joint.kind is JointKind.SLIDE:
        _value(limit, "lower", number(joint.limits.low))
        _value(limit, "upper", number(joint.limits.high))
    _value(limit, "effort", number(joint.limits.effort))
    _value(limit, "velocity", number(joint.limits.speed))
    _value(SubElement(axis, "dynamics"), "friction", number(joint.friction))


def _controller(model: Element, joint: Joint, mass_kg: float) -> None:
    """Axes follow a position as their servos do, spindles a speed."""
    if joint.limits is None or not is_driven(joint):
        return
    if joint.kind is JointKind.TURN:
        plugin = _plugin(model, "joint-controller", "JointController")
        _value(plugin, "joint_name", joint.name)
        _load(model, joint)
        return
    plugin = _plugin(model, "joint-position-controller", "JointPositionController")
    _value(plugin, "joint_name", joint.name)
    _value(plugin, "p_gain", number(mass_kg * _SERVO_RAD_S**2))
    _value(plugin, "i_gain", "0")
    _value(plugin, "d_gain", number(2.0 * mass_kg * _SERVO_RAD_S))
    _value(plugin, "cmd_max", number(joint.limits.effort))
    _value(plugin, "cmd_min", number(-joint.limits.effort))
    _load(model, joint)


def _load(model: Element, joint: Joint) -> None:
    """What the process does to a joint comes on top of its controller, so it is listed behind it."""
    _value(_plugin(model, "apply-joint-force", "ApplyJointForce"), "joint_name", joint.name)


def is_driven(joint: Joint) -> bool:
    """It has a controller in the world."""
    return joint.limits is not None and joint.leader is None


def body_name(link: str) -> str:
    """Joints keep the drives' names, and in SDF a link may not share one with a joint."""
    return f"{link}_link"


def _plugin(parent: Element, file: str, system: str) -> Element:
    return SubElement(parent, "plugin", filename=f"gz-sim-{file}-system", name=f"gz::sim::systems::{system}")


def _value(parent: Element, name: str, text: str) -> Element:
    element = SubElement(parent, name)
    element.text = text
    return element
