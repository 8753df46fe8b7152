"""The cell file: its models, and the loader that reports every error at once with file and line."""

from cell_controller.config.loader import LoadedCell as LoadedCell
from cell_controller.config.loader import canonical_hash as canonical_hash
from cell_controller.config.loader import examine_cell as examine_cell
from cell_controller.config.loader import load_cell as load_cell
from cell_controller.config.models import *  # noqa: F403
from cell_controller.config.problems import ConfigError as ConfigError
from cell_controller.config.problems import Finding as Finding
from cell_controller.config.problems import KeyPath as KeyPath
from cell_controller.config.problems import Problem as Problem
from cell_controller.config.problems import Severity as Severity
