"""What `scripts/demo` says before anything is started; run as a program of its own, as a person does."""

from pathlib import Path
import socket
import subprocess
import sys

ROOT = Path(__file__).parents[2]


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the demo's program, which is expected to end by itself."""
    command = [sys.executable, "-m", "demo", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_help_names_every_option_and_scenario() -> None:
    shown = demo("--help")
    assert shown.returncode == 0
    for word in ("--port", "--reset", "--scenario", "homelab", "node-down"):
        assert word in shown.stdout


def test_an_unknown_scenario_is_refused_with_those_that_exist() -> None:
    refused = demo("--scenario", "atlantis")
    assert refused.returncode == 2
    assert "atlantis" in refused.stderr
    assert "homelab" in refused.stderr


def test_a_busy_port_is_named_together_with_a_way_out(real_network: None) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = demo("--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} is in use" in refused.stderr
    assert f"--port {port + 1}" in refused.stderr
    assert "Traceback" not in refused.stderr
