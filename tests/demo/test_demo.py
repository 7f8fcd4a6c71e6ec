"""What `scripts/demo` says before anything is started; once run as a program of its own, as a person does."""

from pathlib import Path
import socket
import subprocess
import sys

import pytest

from demo.__main__ import main

ROOT = Path(__file__).parents[2]


def test_help_names_every_option_and_scenario() -> None:
    command = [sys.executable, "-m", "demo", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert shown.returncode == 0
    for word in ("--port", "--reset", "--scenario", "homelab", "node-down"):
        assert word in shown.stdout


def test_an_unknown_scenario_is_refused_with_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--scenario", "atlantis"])
    assert refused.value.code == 2
    told = capsys.readouterr().err
    assert "atlantis" in told
    assert "homelab" in told


def test_a_busy_port_is_named_together_with_a_way_out(real_network: None, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    told = capsys.readouterr().err
    assert f"Port {port} is in use" in told
    assert f"--port {port + 1}" in told
