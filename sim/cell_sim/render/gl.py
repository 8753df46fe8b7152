"""OpenGL without a screen: EGL where the machine has a device for it, software (OSMesa) otherwise."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

from cell_sim.render.errors import NoGlError

Load = Callable[[str], Any]


def no_egl(load: Load = ctypes.CDLL) -> str | None:
    """What keeps EGL from working; None when nothing does."""
    try:
        egl = load("libEGL.so.1")
        load("libGL.so.1")
    except OSError as error:
        return str(error)
    count = ctypes.c_int(0)
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    address = egl.eglGetProcAddress(b"eglQueryDevicesEXT")
    if not address:
        return "no eglQueryDevicesEXT"
    query = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(address)
    return None if query(0, None, ctypes.addressof(count)) and count.value else "no EGL device"


def no_osmesa(load: Load = ctypes.CDLL) -> str | None:
    """What keeps OSMesa from working; None when nothing does."""
    for name in ("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so"):
        try:
            load(name)
        except OSError as error:
            why = str(error)
        else:
            return None
    return why


def choose(load: Load = ctypes.CDLL) -> str:
    """`egl` or `osmesa`: what MUJOCO_GL asks for, or the first that works; NoGlError when none does."""
    asked = os.environ.get("MUJOCO_GL", "").lower()
    obstacles = {"egl": no_egl, "osmesa": no_osmesa}
    if asked in obstacles:
        obstacles = {asked: obstacles[asked]}
    tried: dict[str, str] = {}
    for name, obstacle in obstacles.items():
        why = obstacle(load)
        if why is None:
            return name
        tried[name] = why
    raise NoGlError(tried)


def context(width: int, height: int) -> Any:
    """A current GL context of the chosen kind; PyOpenGL keeps to the first kind of a process."""
    name = os.environ.get("PYOPENGL_PLATFORM") or choose()
    try:
        if name == "egl":
            from mujoco.egl import GLContext
        else:
            from mujoco.osmesa import GLContext
    except (ImportError, AttributeError) as error:
        raise NoGlError({name: str(error)}) from error
    made = GLContext(width, height)
    made.make_current()
    return made
