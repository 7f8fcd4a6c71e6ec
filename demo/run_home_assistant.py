"""Starts Home Assistant without those default integrations that look for devices and clouds on the network."""

import sys

from homeassistant import bootstrap
from homeassistant.__main__ import main

_KEPT = {
    *("analytics", "application_credentials", "automation", "backup", "binary_sensor", "brands", "button", "calendar"),
    *("event", "frontend", "hardware", "input_boolean", "input_button", "input_number", "labs", "logger", "network"),
    *("notify", "person", "scene", "script", "select", "sensor", "switch", "system_health", "tag", "update", "zone"),
}

if __name__ == "__main__":
    bootstrap.DEFAULT_INTEGRATIONS &= _KEPT
    sys.exit(main())
