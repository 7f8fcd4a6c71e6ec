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
SELECTOR = re.compile(r'(hass_\w+)\{entity=~"([^"]+)"\}')


def yaml_blocks() -> list[dict[str, object]]:
    """Return the blocks of YAML in the guide."""
    texts = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    blocks = [parse_yaml(text) for text in texts]
    assert all(isinstance(block, dict) for block in blocks)
    return [block for block in blocks if isinstance(block, dict)]


async def test_every_alert_rule_of_the_guide_finds_its_metrics(
    hass: HomeAssistant, pve: SimulatedCluster, hass_client: ClientSessionGenerator
) -> None:
    exporter, rules, _ = yaml_blocks()
    assert await async_setup_component(hass, "prometheus", {"prometheus": exporter["prometheus"]})
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
    problems = values("hass_binary_sensor_state", "binary_sensor[.].*_backup_problem")
    assert problems["binary_sensor.files_backup_problem"] == 1
    assert problems["binary_sensor.web_backup_problem"] == 0
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


def _matches(sample: Sample, pattern: str) -> bool:
    return re.fullmatch(pattern, sample.labels.get("entity", "")) is not None
