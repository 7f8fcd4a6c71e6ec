"""What the workflows of the repository may run, and with which rights."""

from pathlib import Path
import re

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / ".github" / "workflows"
WORKFLOWS = sorted(path.name for path in FOLDER.iterdir())
RUNS_OUR_CODE = re.compile(r"scripts/|npm |actions/checkout")


def jobs(name: str) -> dict[str, dict[str, object]]:
    """Return the jobs of a workflow."""
    workflow = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    found = workflow["jobs"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", WORKFLOWS)
def test_each_action_is_named_by_its_commit_and_says_which_version_that_is(name: str) -> None:
    lines = [line for line in (FOLDER / name).read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert lines
    for line in lines:
        assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # \S", line), line


def test_one_action_has_one_commit() -> None:
    text = "".join((FOLDER / name).read_text(encoding="utf-8") for name in WORKFLOWS)
    commits: dict[str, set[str]] = {}
    for action, commit in re.findall(r"uses: ([\w./-]+)@([0-9a-f]+)", text):
        commits.setdefault(action, set()).add(commit)
    assert {action: len(found) for action, found in commits.items()} == dict.fromkeys(commits, 1)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_read_only_and_what_runs_our_code_never_writes(name: str) -> None:
    workflow = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for job in jobs(name).values():
        permissions = job.get("permissions", {})
        assert isinstance(permissions, dict)
        if RUNS_OUR_CODE.search(str(job["steps"])):
            assert permissions.get("contents", "read") == "read"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_checkout_leaves_its_token_behind(name: str) -> None:
    for job in jobs(name).values():
        steps = job["steps"]
        assert isinstance(steps, list)
        for step in steps:
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_what_a_release_publishes_is_attested_before() -> None:
    release = jobs("release.yml")
    steps = str(release["build"]["steps"])
    assert (
        steps.index("scripts/build-release") < steps.index("attest-build-provenance") < steps.index("upload-artifact")
    )
    assert "build/*.zip\\nbuild/*.deb" in steps
    assert release["release"]["needs"] == "build"
    assert "gh release create" in str(release["release"]["steps"])
