"""The command `proxmox-backup-log-agent`."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
import fcntl
import gc
import logging
import os
from pathlib import Path
import signal
import subprocess
import sys

from . import __version__
from .app import AgentConfig
from .certificate import (
    CERTIFICATE_FILE,
    KEY_FILE,
    fingerprint,
    has_certificate,
    keep_unusable,
    make_certificate,
    node_certificate,
    renew_daily,
    renews_daily,
    server_context,
    use_certificate,
)
from .pairing import pairing_line, reachable_address
from .server import Server, quiet_loop
from .settings import Settings, SettingsError
from .tokens import HASH_FILE, StoredToken, has_token, make_token, take_pairing_token

_LOGGER = logging.getLogger("proxmox_backup_log_agent")
UNIT = "proxmox-backup-log-agent.service"
READERS = 4  # threads that read logs; by default there would be more the more cores a host has


class CommandError(Exception):
    """The command could not do what was asked; the text is for the administrator."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    os.umask(os.umask(0o022) | 0o022)  # nobody but root may write to what it leaves
    try:
        given = {field.name: value for field in fields(Settings) if (value := getattr(options, field.name, None))}
        settings = replace(Settings.read(options.config), **given)
        options.run(settings, options)
    except (CommandError, SettingsError, OSError, RuntimeError, ValueError) as error:
        print(f"proxmox-backup-log-agent: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="proxmox-backup-log-agent", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, help="configuration file")
    common.add_argument("--state-dir", type=Path, help="folder of token and certificate")
    common.add_argument("--listen", metavar="HOST:PORT", help="address to listen on")
    common.add_argument("--node", help="the node's name")
    common.add_argument("--root", type=Path, help="folder that stands for the host's /")
    serve = commands.add_parser("serve", parents=[common], help="answer requests")

    serve.add_argument("--time-zone", help="the node's time zone, such as Europe/Berlin")
    serve.set_defaults(run=_serve)
    setup = commands.add_parser("setup", parents=[common], help="make what is missing of token and certificate")
    setup.set_defaults(run=_setup)
    pair = commands.add_parser("pair", parents=[common], help="print the line for Home Assistant, once")
    rotate = commands.add_parser("rotate-token", parents=[common], help="make a new token and print the line")
    for command in (pair, rotate):
        command.add_argument("--address", help="name or address by which Home Assistant reaches this host")
        command.add_argument("--trusted", action="store_true", help="leave the fingerprint out: the system verifies")
    certificate = commands.add_parser("certificate", parents=[common], help="choose the certificate")
    certificate.add_argument("whose", choices=("own", "node"), help="the agent's own, or the one on port 8006")
    certificate.set_defaults(run=_certificate)
    show = commands.add_parser("fingerprint", parents=[common], help="print the certificate's SHA-256 fingerprint")
    show.set_defaults(run=_fingerprint)
    pair.set_defaults(run=_pair)
    rotate.set_defaults(run=_rotate)
    return parser


@contextmanager
def _locked(state: Path, *, wait: bool = True) -> Iterator[None]:
    """Make the state folder and hold it for one command at a time.

    Raises CommandError where another has it and there is no waiting.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise CommandError("another proxmox-backup-log-agent command is at work; nothing was changed") from error
        yield
    finally:
        os.close(descriptor)


def _setup(settings: Settings, options: argparse.Namespace) -> None:
    """Make what is missing."""
    with _locked(settings.state_dir):
        _make_missing(settings)


def _make_missing(settings: Settings) -> None:
    """Make token and certificate where there is none that can be used."""
    state = settings.state_dir
    if not has_token(state):
        make_token(state)
    if not has_certificate(state):
        _warn_of_another_certificate(state)
        make_certificate(state, settings.node_name())
    if renews_daily(settings.root):
        renew_daily(settings.root, wanted=True)  # version 0.1.0 left the umask's rights on the file


def _warn_of_another_certificate(state: Path) -> None:
    """Put a certificate that cannot be used aside, and say what follows from a new one."""
    if not any((state / name).exists() for name in (CERTIFICATE_FILE, KEY_FILE)):
        return
    kept = " and ".join(keep_unusable(state))
    print(
        "The certificate cannot be used, so a new one takes its place"
        + (f" (the old files are {kept} in {state})" if kept else "")
        + ".\nHome Assistant knows the old one: run 'proxmox-backup-log-agent rotate-token' and add the agent again.",
        file=sys.stderr,
    )


def _pair(settings: Settings, options: argparse.Namespace) -> None:
    """Print the line with the token that was made at installation."""
    with _locked(settings.state_dir):
        _make_missing(settings)
        token = take_pairing_token(settings.state_dir)
    if token is None:
        raise CommandError(
            "the token was shown before and only its hash is kept.\n"
            "'proxmox-backup-log-agent rotate-token' makes a new one; the old one stops working."
        )
    _print_line(settings, options, token)


def _rotate(settings: Settings, options: argparse.Namespace) -> None:
    """Make a new token and print the line."""
    with _locked(settings.state_dir, wait=False):
        _make_missing(settings)
        try:
            token = make_token(settings.state_dir)
        except OSError as error:
            raise CommandError(f"no token can be stored, the old one still works: {error.strerror}") from error
        _restart_service()
        take_pairing_token(settings.state_dir)
        _print_line(settings, options, token)


def _certificate(settings: Settings, options: argparse.Namespace) -> None:
    """Use the agent's own certificate or the node's."""
    state = settings.state_dir
    with _locked(state, wait=False):
        _make_missing(settings)
        if options.whose == "node":
            use_certificate(state, *node_certificate(settings.root))
        else:
            make_certificate(state, settings.node_name())
        renew_daily(settings.root, options.whose == "node")
        _restart_service()
        print(f"The certificate's fingerprint is {fingerprint(state / CERTIFICATE_FILE)}")


def _fingerprint(settings: Settings, options: argparse.Namespace) -> None:
    """Print what to compare with the fingerprint that Home Assistant shows."""
    print(fingerprint(settings.state_dir / CERTIFICATE_FILE))


def _print_line(settings: Settings, options: argparse.Namespace, token: str) -> None:
    host, port = settings.endpoint()
    pin = None if options.trusted else fingerprint(settings.state_dir / CERTIFICATE_FILE)
    print(pairing_line(settings.address or reachable_address(host), port, token, pin))


def _restart_service() -> None:
    """Have the service take its credentials anew, where systemd runs it."""
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "daemon-reload"], check=False)
        subprocess.run(["systemctl", "try-restart", UNIT], check=False)


def _serve(settings: Settings, options: argparse.Namespace) -> None:
    """Answer requests until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    state = settings.state_dir
    if not os.environ.get("CREDENTIALS_DIRECTORY"):
        _setup(settings, options)
    config = AgentConfig(
        root=settings.root,
        node=settings.node_name(),
        time_zone=settings.zone_name(),
        token=StoredToken(state / HASH_FILE),
    )
    host, port = settings.endpoint()
    context = server_context(state / CERTIFICATE_FILE, state / KEY_FILE)
    asyncio.run(_serve_until_told(Server(config=config, host=host, port=port, context=context)))


async def _serve_until_told(server: Server) -> None:
    loop = asyncio.get_running_loop()
    quiet_loop(loop, server.strangers)
    loop.set_default_executor(ThreadPoolExecutor(READERS, "reader"))
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    async with server as addresses:
        # Python looks for circles of dead objects among the old ones only when these have grown by a quarter. What the
        # start has left is not counted after this, else some ten MB of ended connections would wait for that.
        gc.collect()
        gc.freeze()
        for host, port in addresses:
            _LOGGER.info("Listening on https://%s:%d", f"[{host}]" if ":" in host else host, port)
        await told.wait()
