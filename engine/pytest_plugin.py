"""The former name of `engine.authoring.pytest_plugin`, kept for one release: `pytest -p engine.pytest_plugin`."""

from engine.authoring.pytest_plugin import pytest_collect_file

__all__ = ["pytest_collect_file"]
