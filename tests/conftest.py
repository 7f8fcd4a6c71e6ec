"""What every test has at hand."""

import asyncio
from collections.abc import AsyncGenerator, Generator
import logging
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
import pytest_socket

from custom_components.proxmox_backup_checker.const import DOMAIN

OUR_LOGGERS = ("custom_components.proxmox_backup_checker", "proxmox_backup_log_agent")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the end-to-end tests keep pictures."""
    parser.addoption("--screenshots", metavar="DIR", help="where end-to-end tests keep pictures of the dashboard")


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find our integration, in the tests that run one."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give the Home Assistant of each test a folder of its own: what one of them writes there, no other reads."""
    folder = tmp_path / "home-assistant"
    (folder / ".storage").mkdir(parents=True)
    return str(folder)


@pytest.fixture(autouse=True)
def _logging_as_before() -> Generator[None]:
    """Let no test hush what others listen to: levels and handlers of loggers belong to the process."""
    loggers = [logging.getLogger(name) for name in ("", *OUR_LOGGERS)]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture
def real_network() -> Generator[None]:
    """Allow sockets on this machine, for tests against real servers."""
    pytest_socket.enable_socket()
    addresses = (f"127.0.{net}.{number}" for net in range(2) for number in range(1, 10))
    hosts = ["localhost", "::1", *addresses]
    pytest_socket.socket_allow_hosts(hosts, allow_unix_socket=True)
    yield
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture
async def _unloaded_in_time(hass: HomeAssistant, real_network: None) -> AsyncGenerator[None]:
    """Unload what polls before the network is taken away: a clock that a test moved can have begun one more poll."""
    yield
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture(autouse=True)
def _no_poll_after_the_test(request: pytest.FixtureRequest) -> None:
    """Leave no poll running, in the tests that can have one."""
    if {"hass", "real_network"} <= set(request.fixturenames):
        request.getfixturevalue("_unloaded_in_time")


@pytest.fixture(autouse=True)
def _refused_handshakes(request: pytest.FixtureRequest) -> None:
    """Let a server in the test's own loop survive that a client hangs up on a certificate that it does not trust.

    Home Assistant's test fixture takes every exception of the loop for a failure of the test.
    """
    if not {"hass", "real_network"} <= set(request.fixturenames):
        return
    loop: asyncio.AbstractEventLoop = request.getfixturevalue("hass").loop
    strict = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        refused = isinstance(context.get("exception"), ConnectionError | OSError)
        if refused and "transport creation for incoming connection" in str(context.get("message")):
            return
        if strict is None:
            loop.default_exception_handler(context)
        else:
            strict(loop, context)

    loop.set_exception_handler(handle)
