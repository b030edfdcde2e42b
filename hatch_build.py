"""The package's build hook: a wheel carries the built page, so that it runs where there is no Node."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# A build front-end imports this file by its path, from any working directory.
sys.path.insert(0, str(Path(__file__).parent))
from tools.packages import NODE_WHEEL, CannotBuildError
from tools.web import SKIP_WEB, Web


class PageBuildHook(BuildHookInterface[Any]):
    """Builds web/ into the package when its sources have changed; Node is asked for only then."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [NODE_WHEEL] if self._has_work() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (hatchling's interface)
        if not self._has_work():
            return
        try:
            Web(Path(self.root)).build()
        except CannotBuildError as refusal:
            self.app.abort(f"web: {refusal}")

    def _has_work(self) -> bool:
        if os.environ.get(SKIP_WEB):
            return False
        # An sdist carries the sources: the wheel is built from it.
        return self.target_name == "wheel" and not Web(Path(self.root)).is_fresh()
