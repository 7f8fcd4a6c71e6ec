"""The ground of the acceptance matrix: three nodes, four guests, a nightly job, and Monday noon."""

from tests.acceptance.conftest import home, pve, start

__all__ = ["home", "pve", "start"]
