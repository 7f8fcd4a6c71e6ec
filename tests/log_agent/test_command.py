"""The command, as an administrator uses it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.proxmox.log_agent.client import LogAgentClient
from custom_components.proxmox_backup_checker.proxmox.log_agent.models import PairingCode
from proxmox_backup_log_agent.certificate import fingerprint, make_certificate, server_context
from proxmox_backup_log_agent.pairing import pairing_line, reachable_address
from proxmox_backup_log_agent.settings import Settings, SettingsError
from proxmox_backup_log_agent.tokens import token_hash

from .host import Host

FOLDER = Path(__file__).parents[2] / "log_agent"
LINE = re.compile(r"https://192\.0\.2\.7:8765/#token=([A-Za-z0-9_-]{43})&fingerprint=([0-9A-F]{64})\n")


def run(
    *arguments: str | Path, umask: int = -1, path: Path | None = None, largest_file: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; programs in the folder `path` come before others, no file gets larger (in bytes)."""
    command = [sys.executable, "-m", "proxmox_backup_log_agent", *map(str, arguments)]
    environment = os.environ | ({"PATH": f"{path}:{os.environ['PATH']}"} if path else {})
    if largest_file is not None:
        command = ["prlimit", f"--fsize={largest_file}", "--", *command]
    return subprocess.run(
        command, cwd=FOLDER, capture_output=True, text=True, check=False, umask=umask, env=environment
    )


def state_of(tmp_path: Path) -> dict[str, str]:
    """Return the content of all files of the state folder."""
    return {file.name: file.read_text() for file in (tmp_path / "state").iterdir()}


@pytest.fixture
def full_disk(tmp_path: Path) -> Path:
    """A folder with an openssl that finds the disk full: it leaves an empty certificate and says nothing."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "openssl").write_text(f'#!/bin/sh\n{shutil.which("openssl")} "$@"\nfor last; do :; done\n: > "$last"\n')
    (folder / "openssl").chmod(0o755)
    return folder


@pytest.fixture
def options(tmp_path: Path) -> list[str | Path]:
    """Options that keep the command out of this machine's own folders."""
    (tmp_path / "agent.conf").write_text("[agent]\nlisten = 127.0.0.1:0\n")
    root = tmp_path / "host"
    return ["--state-dir", tmp_path / "state", "--config", tmp_path / "agent.conf", "--root", root]


@contextmanager
def serving(options: list[str | Path]) -> Iterator[str]:
    """Run the agent; give its address."""
    command = [sys.executable, "-m", "proxmox_backup_log_agent", "serve", *map(str, options)]
    with subprocess.Popen(command, cwd=FOLDER, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        try:
            yield running.stderr.readline().removeprefix("Listening on ").strip()
        finally:
            running.terminate()
            assert running.wait(10) == 0


def test_pair_prints_the_line_once(options: list[str | Path], tmp_path: Path) -> None:
    first = run("pair", *options, "--listen", "[::]:8765", "--address", "192.0.2.7")
    assert first.returncode == 0
    match = LINE.fullmatch(first.stdout)
    assert match
    token, pin = match.groups()
    assert (tmp_path / "state/token.sha256").read_text().strip() == token_hash(token)
    assert fingerprint(tmp_path / "state/certificate.pem").replace(":", "") == pin
    for file in (tmp_path / "state").iterdir():
        assert token not in file.read_text()
        assert file.stat().st_mode & 0o077 == 0
    assert run("fingerprint", *options).stdout.strip() == fingerprint(tmp_path / "state/certificate.pem")
    again = run("pair", *options)
    assert (again.returncode, again.stdout) == (1, "")
    assert "rotate-token" in again.stderr


async def test_the_line_is_all_that_a_client_needs(options: list[str | Path], host: Host, real_network: None) -> None:
    with serving([*options, "--node", "pve7", "--time-zone", "America/Lima"]) as url:
        line = run("pair", *options, "--listen", url.removeprefix("https://")).stdout
        async with aiohttp.ClientSession() as session:
            status = await LogAgentClient(session, PairingCode.parse(line)).status()
    assert (status.node, status.time_zone, status.logs) == ("pve7", "America/Lima", "readable")


async def test_a_new_token_counts_at_once_and_the_old_one_no_more(
    options: list[str | Path], host: Host, real_network: None
) -> None:
    async def answer(line: str) -> int:
        code = PairingCode.parse(line)
        headers = {"Authorization": f"Bearer {code.token}"}
        async with session.get(f"{code.url}/v1/status", headers=headers, ssl=False) as response:
            return response.status

    async with aiohttp.ClientSession() as session:
        with serving(options) as url:
            listen = url.removeprefix("https://")
            old = run("pair", *options, "--listen", listen).stdout
            assert await answer(old) == 200
            new = run("rotate-token", *options, "--listen", listen).stdout
            assert [await answer(new), await answer(old)] == [200, 401]
            assert PairingCode.parse(new).fingerprint == PairingCode.parse(old).fingerprint


def test_token_and_certificate_outlive_a_second_setup(options: list[str | Path], tmp_path: Path) -> None:
    assert run("setup", *options).returncode == 0
    before = state_of(tmp_path)
    assert set(before) == {"token.sha256", "pairing-token", "certificate.pem", "key.pem"}
    assert run("setup", *options).returncode == 0
    assert state_of(tmp_path) == before


@pytest.mark.parametrize("largest_file", [0, 50], ids=["no room at all", "room for the shorter file only"])
def test_a_full_disk_leaves_the_token_as_it_was(options: list[str | Path], tmp_path: Path, largest_file: int) -> None:
    assert run("setup", *options).returncode == 0
    before = state_of(tmp_path)
    failed = run("rotate-token", *options, largest_file=largest_file)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "the old one still works" in failed.stderr
    assert state_of(tmp_path) == before


def test_a_token_whose_hash_was_never_stored_is_not_shown(options: list[str | Path], tmp_path: Path) -> None:
    run("setup", *options)
    (tmp_path / "state/pairing-token").write_text("of-another-hash\n")
    shown = run("pair", *options)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "rotate-token" in shown.stderr


def test_a_full_disk_leaves_the_certificate_as_it_was(
    options: list[str | Path], tmp_path: Path, full_disk: Path
) -> None:
    run("setup", *options)
    before = state_of(tmp_path)
    failed = run("certificate", "own", *options, path=full_disk)
    assert failed.returncode == 1
    assert state_of(tmp_path) == before


def test_a_full_disk_at_the_installation_is_mended_by_the_next_setup(
    options: list[str | Path], tmp_path: Path, full_disk: Path
) -> None:
    assert run("setup", *options, path=full_disk).returncode == 1
    assert run("setup", *options).returncode == 0
    assert set(state_of(tmp_path)) == {"token.sha256", "pairing-token", "certificate.pem", "key.pem"}
    assert run("pair", *options).returncode == 0


@pytest.mark.parametrize("emptied", ["certificate.pem", "key.pem"])
def test_setup_mends_what_a_full_disk_left_before(options: list[str | Path], tmp_path: Path, emptied: str) -> None:
    run("setup", *options)
    whole = state_of(tmp_path)
    (tmp_path / "state" / emptied).write_text("")
    mended = run("setup", *options)
    assert mended.returncode == 0
    assert "add the agent again" in " ".join(mended.stderr.split())
    server_context(tmp_path / "state/certificate.pem", tmp_path / "state/key.pem")
    other = ({"certificate.pem", "key.pem"} - {emptied}).pop()
    assert state_of(tmp_path)[f"{other}.unusable"] == whole[other]
    (tmp_path / "state/token.sha256").write_text("")
    assert run("setup", *options).returncode == 0
    assert LINE.fullmatch(run("pair", *options, "--listen", "[::]:8765", "--address", "192.0.2.7").stdout)


def test_setup_leaves_the_nodes_certificate_alone_while_its_folder_is_away(
    options: list[str | Path], tmp_path: Path
) -> None:
    local = tmp_path / "host/etc/pve/local"
    local.mkdir(parents=True)
    make_certificate(tmp_path, "pve1")
    (tmp_path / "certificate.pem").rename(local / "pve-ssl.pem")
    (tmp_path / "key.pem").rename(local / "pve-ssl.key")
    assert run("certificate", "node", *options).returncode == 0
    local.rename(tmp_path / "away")
    assert run("setup", *options).returncode == 0
    assert (tmp_path / "state/certificate.pem").readlink() == local / "pve-ssl.pem"


def test_a_certificate_of_the_node_that_cannot_be_used_is_not_taken(options: list[str | Path], tmp_path: Path) -> None:
    run("setup", *options)
    before = state_of(tmp_path)
    local = tmp_path / "host/etc/pve/local"
    local.mkdir(parents=True)
    (local / "pve-ssl.pem").write_text("")
    (local / "pve-ssl.key").write_text("")
    assert run("certificate", "node", *options).returncode == 1
    assert state_of(tmp_path) == before


def test_only_one_command_at_a_time_makes_a_token(options: list[str | Path], tmp_path: Path) -> None:
    run("setup", *options)
    before = state_of(tmp_path)
    held = os.open(tmp_path / "state", os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = run("rotate-token", *options)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "another proxmox-backup-log-agent command" in refused.stderr
        assert state_of(tmp_path) == before
    finally:
        os.close(held)
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda _: run("rotate-token", *options), range(3)))
    assert "Traceback" not in "".join(one.stderr for one in runs)
    shown = [one.stdout.partition("#token=")[2].partition("&")[0] for one in runs if one.returncode == 0]
    assert state_of(tmp_path)["token.sha256"].strip() in map(token_hash, shown)


def test_nobody_but_root_may_write_to_what_a_command_leaves(options: list[str | Path], tmp_path: Path) -> None:
    local = tmp_path / "host/etc/pve/local"
    local.mkdir(parents=True)
    make_certificate(tmp_path, "pve1")
    (tmp_path / "certificate.pem").rename(local / "pve-ssl.pem")
    (tmp_path / "key.pem").rename(local / "pve-ssl.key")
    unit = tmp_path / "host/etc/systemd/system/proxmox-backup-log-agent.service.d/renewal.conf"

    def open_to_others() -> list[Path]:
        found = [*(tmp_path / "state").iterdir(), tmp_path / "state", *(tmp_path / "host/etc/systemd").rglob("*")]
        return [path for path in found if not path.is_symlink() and path.stat().st_mode & 0o022]

    assert run("certificate", "node", *options, umask=0).returncode == 0
    assert open_to_others() == []
    assert unit.stat().st_mode & 0o777 == 0o644
    # As version 0.1.0 left it; an upgrade runs setup.
    unit.chmod(0o666)
    unit.parent.chmod(0o777)
    assert run("setup", *options).returncode == 0
    assert open_to_others() == []


def test_the_nodes_certificate_is_taken_and_given_back(options: list[str | Path], tmp_path: Path) -> None:
    missing = run("certificate", "node", *options)
    assert (missing.returncode, "no certificate" in missing.stderr) == (1, True)
    local = tmp_path / "host/etc/pve/local"
    local.mkdir(parents=True)
    for name in ("pve-ssl", "pveproxy-ssl"):
        make_certificate(tmp_path, "pve1")
        (tmp_path / "certificate.pem").rename(local / f"{name}.pem")
        (tmp_path / "key.pem").rename(local / f"{name}.key")
        pin = fingerprint(local / f"{name}.pem")
        assert pin in run("certificate", "node", *options).stdout
        assert pin.replace(":", "") in run("rotate-token", *options).stdout
    unit = tmp_path / "host/etc/systemd/system/proxmox-backup-log-agent.service.d/renewal.conf"
    assert "RuntimeMaxSec=1d" in unit.read_text()
    assert run("certificate", "own", *options).returncode == 0
    assert not (tmp_path / "state/certificate.pem").is_symlink()
    assert not unit.exists()
    assert fingerprint(local / "pveproxy-ssl.pem") == pin


def test_a_certificate_that_the_system_trusts_needs_no_fingerprint(options: list[str | Path]) -> None:
    assert "fingerprint" not in run("pair", *options, "--trusted").stdout


def test_a_busy_port_is_named(options: list[str | Path], real_network: None) -> None:
    with serving(options) as url:
        second = run("serve", *options, "--listen", url.removeprefix("https://"))
    assert second.returncode == 1
    assert "in use" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_service_takes_the_credentials_it_is_given_and_makes_none(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "proxmox_backup_log_agent", "serve", "--state-dir", str(tmp_path), "--config"]
    environment = os.environ | {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    (tmp_path / "agent.conf").write_text("")
    done = subprocess.run(
        [*command, str(tmp_path / "agent.conf")],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "token.sha256" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["agent.conf"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[agent]\nlisten = 8765\n", "not HOST:PORT"),
        ("[agent]\nlisten = host:http\n", "not HOST:PORT"),
        ("[agent]\nlisten = host:70000\n", "not HOST:PORT"),
        ("[agent]\nlisten = ::1:8765\n", "brackets"),
        ("[agent]\ntoken = secret\n", "Unknown setting: token"),
        ("listen = x\n", "cannot be read"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_explained(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "agent.conf").write_text(text)
    with pytest.raises(SettingsError, match=message):
        Settings.read(tmp_path / "agent.conf").endpoint()


def test_the_configuration_of_the_package_says_nothing_but_the_defaults() -> None:
    assert Settings.read(FOLDER / "debian/proxmox-backup-log-agent.conf") == Settings()


@pytest.mark.parametrize(
    ("listen", "endpoint"),
    [
        ("[::]:8765", ("::", 8765)),
        (":8765", ("", 8765)),
        ("192.0.2.7:1", ("192.0.2.7", 1)),
        ("[2001:db8::1]:8765", ("2001:db8::1", 8765)),
        ("pve1.lan:8765", ("pve1.lan", 8765)),
    ],
)
def test_addresses_to_listen_on(listen: str, endpoint: tuple[str, int]) -> None:
    assert Settings(listen=listen).endpoint() == endpoint


def test_the_address_is_the_one_it_listens_on_or_one_that_others_reach() -> None:
    assert reachable_address("192.0.2.7") == "192.0.2.7"
    program = "from proxmox_backup_log_agent.pairing import reachable_address as f; print(f(''), f('::'), f('0.0.0.0'))"
    run = subprocess.run([sys.executable, "-c", program], cwd=FOLDER, capture_output=True, text=True, check=True)
    found = run.stdout.split()
    assert len(found) == 3
    assert not {"::", "0.0.0.0", "127.0.0.1", "::1", "127.0.1.1"} & set(found)


def test_an_ipv6_address_has_brackets_in_the_line() -> None:
    line = pairing_line("2001:db8::1", 8765, "x" * 43, "AB:" * 31 + "CD")
    assert line.startswith("https://[2001:db8::1]:8765/#token=")
    code = PairingCode.parse(line)
    assert (code.url, code.fingerprint) == ("https://[2001:db8::1]:8765", "AB:" * 31 + "CD")
