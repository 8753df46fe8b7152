"""The cell file: its models, and the loader that reports every error at once with file and line."""

from cell_controller.config.models import *  # noqa: F403
