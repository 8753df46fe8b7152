"""Runs the rosidl generators over one interface package where there is no ament_cmake to do it.

    python generate.py PACKAGE_FOLDER OUTPUT_FOLDER

The generators and their order are those of rosidl_generate_interfaces(), so the type hashes are the ones that
colcon makes. OUTPUT_FOLDER then holds <generator>/<package>/ for each generator, share/ as it is installed
(ament index, interface texts as .msg, .idl and .json) and config.cmake, the variables for CMakeLists.txt.
"""

import json
import multiprocessing
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rosidl_parser.parser
from rosidl_adapter import convert_to_idl
from rosidl_generator_c import generate_c
from rosidl_generator_py import generate_py
from rosidl_generator_type_description import generate_type_hash
from rosidl_typesupport_c import generate_c as generate_dispatch
from rosidl_typesupport_fastrtps_c import generate_typesupport_fastrtps_c
from rosidl_typesupport_introspection_c import generate_c as generate_introspection

TYPESUPPORTS = ("rosidl_typesupport_fastrtps_c", "rosidl_typesupport_introspection_c")
KINDS = ("msg", "srv", "action")
INDEX = Path("share/ament_index/resource_index")


def forked_processes() -> ProcessPoolExecutor:
    """A pool whose processes start with all that this one has in memory."""
    return ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork"))


def parse_once(texts: list[str]) -> None:
    """Parses every interface now; six generators would each do it again, for two thirds of their time."""
    parse = rosidl_parser.parser.get_ast_from_idl_string
    with forked_processes() as pool:
        known = dict(zip(texts, pool.map(parse, texts), strict=True))
    rosidl_parser.parser.get_ast_from_idl_string = lambda text: known.get(text) or parse(text)


class AmentIndex:
    """The ROS packages this interpreter can import: those of its environment and of pip's build overlay."""

    def __init__(self) -> None:
        site_packages = [
            Path(e).resolve() for e in sys.path if Path(e).name in ("site-packages", "dist-packages")
        ]
        parents = [parent for folder in site_packages for parent in folder.parents]
        self.prefixes = [p for p in dict.fromkeys(parents) if (p / INDEX / "rosidl_interfaces").is_dir()]

    def find(self, kind: str, name: str) -> Path | None:
        """The marker file of a resource in the first prefix that has it."""
        return next(
            (p / INDEX / kind / name for p in self.prefixes if (p / INDEX / kind / name).is_file()), None
        )

    def share(self, package: str) -> Path:
        marker = self.find("packages", package)
        if marker is None:
            sys.exit(
                f"ROS package {package!r} is in none of {[str(p) for p in self.prefixes]}: "
                f"add its wheel to build-system.requires in src/cell_msgs/pyproject.toml"
            )
        return marker.parents[3] / package

    def interface_closure(self, packages: list[str]) -> list[str]:
        """Those of the packages that hold interfaces, and what these run on in turn."""
        found: list[str] = []
        waiting = list(packages)
        while waiting:
            package = waiting.pop(0)
            if package in found or self.find("rosidl_interfaces", package) is None:
                continue
            found.append(package)
            needs = self.find("package_run_dependencies", package)
            waiting += needs.read_text().split(";") if needs else []
        return found


@dataclass(frozen=True)
class Package:
    """An interface package as its sources describe it."""

    folder: Path
    name: str
    depends: list[str]
    interfaces: list[Path]  # relative, such as msg/Order.msg

    @classmethod
    def read(cls, folder: Path) -> "Package":
        manifest = ET.parse(folder / "package.xml").getroot()
        tags = ("depend", "build_depend", "exec_depend")
        return cls(
            folder=folder,
            name=(manifest.findtext("name") or "").strip(),
            depends=sorted({(e.text or "").strip() for tag in tags for e in manifest.findall(tag)}),
            interfaces=sorted(p.relative_to(folder) for k in KINDS for p in (folder / k).glob(f"*.{k}")),
        )


class Generation:
    """One package on its way through the generators."""

    def __init__(self, package: Package, out: Path) -> None:
        self.package, self.out, self.index = package, out, AmentIndex()
        self.shared = out / "share" / package.name
        self.idls = [path.with_suffix(".idl") for path in package.interfaces]
        self.jsons = [path.with_suffix(".json") for path in package.interfaces]
        self.interface_dependencies = self.index.interface_closure(package.depends)

    def run(self) -> None:
        self._share_sources()
        parse_once([(self.shared / idl).read_text(encoding="utf-8") for idl in self.idls])
        self._generate(
            generate_type_hash,
            "rosidl_generator_type_description",
            into=self.shared,
            include_paths=[f"{d}:{self.index.share(d)}" for d in self.interface_dependencies],
        )
        # The others need its .json files, but not each other.
        with forked_processes() as pool:
            for finished in [
                pool.submit(work)
                for work in (
                    self._python,
                    self._c,
                    self._fastrtps,
                    self._introspection,
                    self._dispatch,  # longest first
                )
            ]:
                finished.result()
        (self.out / "rosidl_generator_py" / self.package.name / "__init__.py").write_text("")
        for part in set(self.shared.glob("*/*.json")) - {self.shared / path for path in self.jsons}:
            part.unlink()  # of the halves of services and actions, which colcon does not install either
        self._register()
        self._write_cmake_variables()

    def _python(self) -> None:
        self._generate(generate_py, "rosidl_generator_py", ["rosidl_typesupport_c", *TYPESUPPORTS])

    def _c(self) -> None:
        self._generate(
            generate_c,
            "rosidl_generator_c",
            False,
            type_description_tuples=[
                f"{i}:{self.shared / j}" for i, j in zip(self.idls, self.jsons, strict=True)
            ],
            ros_interface_files=[str(self.package.folder / path) for path in self.package.interfaces],
        )

    def _fastrtps(self) -> None:
        self._generate(generate_typesupport_fastrtps_c, "rosidl_typesupport_fastrtps_c")

    def _introspection(self) -> None:
        self._generate(generate_introspection, "rosidl_typesupport_introspection_c")

    def _dispatch(self) -> None:
        self._generate(generate_dispatch, "rosidl_typesupport_c", list(TYPESUPPORTS))

    def _share_sources(self) -> None:
        for path in self.package.interfaces:
            convert_to_idl(self.package.folder, self.package.name, path, self.shared)
            (self.shared / path).write_bytes((self.package.folder / path).read_bytes())
        (self.shared / "package.xml").write_bytes((self.package.folder / "package.xml").read_bytes())

    def _generate(
        self,
        generator: Callable[..., Any],
        name: str,
        *arguments: Any,
        into: Path | None = None,
        **settings: Any,
    ) -> None:
        """Calls one generator with the settings file that its CMake macro would have written."""
        target = into or self.out / name / self.package.name
        for kind in {"msg", *(path.parts[0] for path in self.package.interfaces)}:
            (target / kind / "detail").mkdir(parents=True, exist_ok=True)
        templates = self.index.share(name) / "resource"
        if templates.is_dir():
            settings["template_dir"] = str(templates)
            for header in templates.glob("*__visibility_control.h.in"):
                text = header.read_text().replace("@PROJECT_NAME@", self.package.name)
                text = text.replace("@PROJECT_NAME_UPPER@", self.package.name.upper())
                (target / "msg" / header.stem).write_text(text)
        settings |= {
            "package_name": self.package.name,
            "idl_tuples": [f"{self.shared}:{idl}" for idl in self.idls],
            "output_dir": str(target),
            "target_dependencies": [str(self.shared / idl) for idl in self.idls],
            "ros_interface_dependencies": [
                f"{d}:{idl}"
                for d in self.interface_dependencies
                for idl in sorted(self.index.share(d).glob("*/*.idl"))
            ],
        }
        file = self.out / f"{name}__arguments.json"
        file.write_text(json.dumps(settings, indent=1))
        generator(str(file), *arguments)

    def _register(self) -> None:
        """Enters the package in the ament index that is installed with it."""
        for kind, text in (
            ("packages", ""),
            ("package_run_dependencies", ";".join(self.package.depends)),
            ("rosidl_interfaces", "\n".join(sorted(map(str, self.package.interfaces + self.idls)))),
        ):
            folder = self.out / INDEX / kind
            folder.mkdir(parents=True, exist_ok=True)
            (folder / self.package.name).write_text(text)

    def _write_cmake_variables(self) -> None:
        includes = [p / "include" for p in self.index.prefixes]
        nested = [d for folder in includes for d in sorted(folder.glob("*")) if (d / d.name).is_dir()]
        variables: dict[str, list[Any]] = {
            "PKG": [self.package.name],
            "DEPS": self.interface_dependencies,
            "TYPESUPPORTS": list(TYPESUPPORTS),
            "ROS_LIB_DIRS": [p / "lib" for p in self.index.prefixes],
            "ROS_INCLUDE_DIRS": includes + nested,
        }
        lines = []
        for name, values in variables.items():
            quoted = " ".join(f'"{value}"' for value in values)
            lines.append(f"set({name} {quoted})\n")
        (self.out / "config.cmake").write_text("".join(lines))


def main(folder: str, out: str) -> None:
    package = Package.read(Path(folder).resolve())
    generation = Generation(package, Path(out).resolve())
    for name in package.depends:
        generation.index.share(name)  # says at once which wheel is missing
    generation.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
