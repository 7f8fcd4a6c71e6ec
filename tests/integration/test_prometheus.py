"""The alert rules of the user guide, held against what Home Assistant's own exporter shows."""

from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from simulator import SimulatedCluster
from simulator.outcomes import failed

from .conftest import set_up

GUIDE = Path(__file__).parents[2] / "docs" / "monitoring.md"
LABELLED = re.compile(
    r'label_replace\((?P<metric>hass_\w+)\{(?P<by>\w+)=~"(?P<pattern>[^"]+)"\}, "(?P<label>\w+)", "(?P<value>[^"]*)", '
    r'"(?P<source>\w+)", "(?P<regex>[^"]+)"\)'
)
SELECTOR = re.compile(r'(hass_\w+)\{entity=~"([^"]+)"\}')


def yaml_blocks() -> list[dict[str, object]]:
    """Return the blocks of YAML in the guide."""
    texts = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    blocks = [parse_yaml(text) for text in texts]
    assert all(isinstance(block, dict) for block in blocks)
    return [block for block in blocks if isinstance(block, dict)]


async def test_every_rule_of_the_guide_finds_its_metrics(
    hass: HomeAssistant, pve: SimulatedCluster, hass_client: ClientSessionGenerator
) -> None:
    exporter, rules, by_name, _ = yaml_blocks()
    assert await async_setup_component(hass, "prometheus", {"prometheus": exporter["prometheus"]})
    # A guest that is called like the cluster is none the less a guest, though its entity gets a number.
    pve.guest(103).name = "small"
    pve.job("nightly").run({104: failed("job failed with err -5 - Input/output error")})
    await set_up(hass, pve)
    client = await hass_client()
    response = await client.get("/api/prometheus")
    families = text_string_to_metric_families(await response.text())
    samples = [sample for family in families for sample in family.samples]

    def values(name: str, pattern: str) -> dict[str, float]:
        found = [sample for sample in samples if sample.name == name and _matches(sample, pattern)]
        return {sample.labels["entity"]: sample.value for sample in found}

    groups: Any = rules["groups"]
    for rule in groups[0]["rules"]:
        selectors = SELECTOR.findall(rule["expr"])
        assert selectors, rule["alert"]
        for name, pattern in selectors:
            assert values(name, pattern), rule["alert"]
    problems = values("hass_binary_sensor_state", "binary_sensor[.].*_backup_problem(_[0-9]+)?")
    assert problems["binary_sensor.files_backup_problem"] == 1
    assert problems["binary_sensor.web_backup_problem"] == 0
    assert "binary_sensor.small_backup_problem_2" in problems
    assert values("hass_sensor_state", "sensor[.].*_guests_protected") == {"sensor.small_guests_protected": 3}
    assert values("hass_entity_available", "binary_sensor[.]web_backup_problem") == {
        "binary_sensor.web_backup_problem": 1
    }
    [used] = values("hass_sensor_unit_percent", "sensor[.]storage_nas_used").values()
    assert 20 < used < 30
    [free] = values("hass_sensor_data_size_gib", "sensor[.]storage_nas_free").values()
    assert 2800 < free < 3300
    for metric in re.findall(r"^\| `(hass_\w+)`", GUIDE.read_text(encoding="utf-8"), re.MULTILINE):
        assert metric in {sample.name for sample in samples}
    [last] = values("hass_sensor_timestamp_seconds", "sensor[.]web_last_good_backup").values()
    assert abs(last - pve.clock.now().timestamp()) < 3600
    # The exporter keeps its metrics for the whole process: a second test would see those of the first.
    _assert_names(by_name, samples)


def _matches(sample: Sample, pattern: str) -> bool:
    return re.fullmatch(pattern, sample.labels.get("entity", "")) is not None


def _labelled(expression: str, samples: list[Sample]) -> list[tuple[dict[str, str], float]]:
    """Return what `label_replace` of one metric gives, as Prometheus does it: all patterns are anchored at both ends."""
    call = LABELLED.fullmatch(expression)
    assert call is not None, expression
    found = []
    for sample in samples:
        if sample.name != call["metric"] or not re.fullmatch(call["pattern"], sample.labels.get(call["by"], "")):
            continue
        match = re.fullmatch(call["regex"], sample.labels.get(call["source"], ""))
        assert match is not None, sample
        found.append(({**sample.labels, call["label"]: _expanded(call["value"], match)}, sample.value))
    return found


def _expanded(template: str, match: re.Match[str]) -> str:
    """Return a text with the groups of a match, as Go expands it: only braces end the name of a group."""

    def group(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        return match[int(name)] if name.isdecimal() and int(name) <= len(match.groups()) else ""

    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", group, template)


def _recorded(expression: str, samples: list[Sample]) -> list[tuple[dict[str, str], float]]:
    """Return what a recording rule of the guide gives."""
    whole, _, others = expression.partition(" unless on (entity) ")
    left_out = {labels["entity"] for labels, _ in _labelled(others, samples)} if others else set()
    return [one for one in _labelled(whole, samples) if one[0]["entity"] not in left_out]


def _assert_names(rules: Any, samples: list[Sample]) -> None:
    """Assert that every recording rule of the guide names the guests, jobs or storages that there are."""
    recorded = {
        rule["record"].removeprefix("proxmox_backup:"): _recorded(rule["expr"], samples)
        for rule in rules["groups"][0]["rules"]
    }

    def by(label: str, name: str) -> dict[str, float]:
        return {labels[label]: value for labels, value in recorded[name]}

    guests = {"web", "database", "small", "files"}
    assert by("guest", "guest_problem") == dict.fromkeys(guests, 0.0) | {"files": 1.0}
    assert by("guest", "guest_seen") == dict.fromkeys(guests, 1.0)
    assert by("guest", "guest_last_good_seconds").keys() == guests - {"files"}
    assert by("job", "job_problem") == {"nightly": 1.0}
    for name in ("job_seen", "job_next_run_seconds", "job_duration_minutes", "job_size_gib"):
        assert by("job", name).keys() == {"nightly"}, name
    storages = {"nas", "pve1/local", "pve2/local", "pve3/local"}
    for name in ("storage_problem", "storage_used_percent", "storage_free_gib"):
        assert by("storage", name).keys() == storages, name
    assert {name for name, found in recorded.items() if not found} == set()
