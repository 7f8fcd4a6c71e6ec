"""Run Home Assistant without the default integrations that look for devices, clouds or packages on the network."""

import sys

from homeassistant import bootstrap
from homeassistant.__main__ import main

WANTED = {
    "analytics",
    "application_credentials",
    "automation",
    "backup",
    "binary_sensor",
    "brands",
    "button",
    "calendar",
    "event",
    "frontend",
    "hardware",
    "input_boolean",
    "input_button",
    "input_number",
    "labs",
    "logger",
    "network",
    "notify",
    "person",
    "scene",
    "script",
    "select",
    "sensor",
    "switch",
    "system_health",
    "tag",
    "update",
    "zone",
}

if __name__ == "__main__":
    bootstrap.DEFAULT_INTEGRATIONS &= WANTED
    sys.exit(main())
