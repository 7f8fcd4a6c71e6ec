"""Lets the Home Assistant test package of 2026.10 run on 2026.11, loaded before every other plugin.

Home Assistant 2026.11 must be imported before anything imports httpx, which it replaces; and one private name of its
logger integration has moved. To be dropped as soon as there is a test package for 2026.11.
"""

import homeassistant  # noqa: F401
from homeassistant.components import logger

if not hasattr(logger, "_clear_logger_overwrites"):
    from homeassistant.components.logger import helpers

    logger._clear_logger_overwrites = getattr(helpers, "_clear_logger_overwrites", lambda hass: None)  # type: ignore[attr-defined]
