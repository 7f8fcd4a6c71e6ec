"""Long-term statistics of backups, from before the installation too; without the recorder there are none."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
import logging
from typing import Final
import zlib

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics, statistics_during_period
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import slugify
from homeassistant.util.unit_conversion import DurationConverter, InformationConverter
from sqlalchemy.exc import SQLAlchemyError

from .checker.assessment import Assessment
from .checker.views.trends import Point, Source, Trend, Unit, sources_of, trends_of
from .const import DOMAIN
from .coordinator import CheckerConfigEntry, CheckerCoordinator

_LOGGER = logging.getLogger(__name__)

_RECORDER: Final = "recorder"
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_CLASSES: Final = {
    Unit.GIBIBYTES: InformationConverter.UNIT_CLASS,
    Unit.MINUTES: DurationConverter.UNIT_CLASS,
}


def keep_statistics(hass: HomeAssistant, entry: CheckerConfigEntry, coordinator: CheckerCoordinator) -> None:
    """Write what is known now, and from then on what is new."""
    if _RECORDER not in hass.config.components:
        return
    statistics = Statistics(hass, coordinator)

    @callback
    def update() -> None:
        if statistics.is_outdated():
            entry.async_create_background_task(hass, statistics.async_update(), f"{DOMAIN} statistics")

    entry.async_on_unload(coordinator.async_add_listener(update))
    update()


class Statistics:
    """Brings the statistics of one cluster up to what its assessment shows."""

    def __init__(self, hass: HomeAssistant, coordinator: CheckerCoordinator) -> None:
        """Nothing was compared with the database so far."""
        self._hass = hass
        self._coordinator = coordinator
        self._lock = asyncio.Lock()
        self._contents: object = None
        self._troubled = False
        self._written: dict[str, Source] = {}

    def is_outdated(self) -> bool:
        """Tell whether there is anything that is not written: a run, an archive, a sample, a name."""
        return _contents(self._coordinator.assessment) != self._contents

    async def async_update(self) -> None:
        """Write the hours that the database has not, or has with other values; what fails is tried again at the next look."""
        async with self._lock:
            assessment = self._coordinator.assessment
            contents = _contents(assessment)
            if contents == self._contents:
                return
            try:
                self._written = await self._async_write(assessment)
            except SQLAlchemyError as error:
                if not self._troubled:
                    _LOGGER.warning("The statistics of %s cannot be written: %s", self._coordinator.name, error)
                self._troubled = True
                return
            self._troubled = False
            self._contents = contents

    async def _async_write(self, assessment: Assessment) -> dict[str, Source]:
        """Bring the database up to an assessment, and return what all trends are made of."""
        sources, trends = await self._hass.async_add_executor_job(_changes, assessment, self._written)
        ids = statistic_ids(self._coordinator.identity, sources)
        known = await self._async_read({ids[trend.key] for trend in trends})
        for trend in trends:
            self._write(ids[trend.key], trend, known.get(ids[trend.key], {}))
        return sources

    async def _async_read(self, ids: set[str]) -> dict[str, dict[float, Point]]:
        """Return the hours in the database by statistic."""
        if not ids:
            return {}
        return await get_instance(self._hass).async_add_executor_job(_read, self._hass, ids)

    def _write(self, statistic_id: str, trend: Trend, known: dict[float, Point]) -> None:
        rows = [
            StatisticData(start=hour, mean=point.mean, min=point.least, max=point.most)
            for hour, point in trend.points.items()
            if known.get(hour.timestamp()) != point
        ]
        metadata = StatisticMetaData(
            mean_type=StatisticMeanType.ARITHMETIC,
            has_sum=False,
            name=self._coordinator.localizer.sentence(trend.name),
            source=DOMAIN,
            statistic_id=statistic_id,
            unit_class=_UNIT_CLASSES[trend.unit],
            unit_of_measurement=trend.unit.value,
        )
        # Without any row this still renames the statistic of a guest that has another name now.
        async_add_external_statistics(self._hass, metadata, rows)


def statistic_ids(identity: str, keys: Iterable[str]) -> dict[str, str]:
    """Return the id of each trend's statistic; names that read alike as an id are told apart by their checksum."""
    ids: dict[str, str] = {}
    for key in sorted(keys):
        slug = slugify(f"{identity}_{key}")
        if f"{DOMAIN}:{slug}" in ids.values():
            slug = f"{slug}_{zlib.crc32(key.encode()):08x}"
        ids[key] = f"{DOMAIN}:{slug}"
    return ids


def _read(hass: HomeAssistant, ids: set[str]) -> dict[str, dict[float, Point]]:
    rows = statistics_during_period(hass, _BEGINNING, None, ids, "hour", None, {"mean", "min", "max"})
    return {
        statistic_id: {
            row["start"]: Point(mean=row["mean"] or 0.0, least=row["min"] or 0.0, most=row["max"] or 0.0)
            for row in found
        }
        for statistic_id, found in rows.items()
    }


def _changes(assessment: Assessment, written: Mapping[str, Source]) -> tuple[dict[str, Source], list[Trend]]:
    """Return what all trends are made of, by their keys, and those trends that are not as they were written."""
    sources = sources_of(assessment)
    changed = [source for source in sources if any(written.get(key) != source for key in source.keys)]
    trends = [trend for source in changed for trend in trends_of(source, assessment)]
    return {key: source for source in sources for key in source.keys}, trends


def _contents(assessment: Assessment) -> object:
    """Return what the trends depend on, cheap to make and to compare."""
    return (
        assessment.history.runs,
        tuple((vmid, view.guest.name) for vmid, view in assessment.guests.items()),
        tuple((key, record.listed, len(record.samples)) for key, record in assessment.history.storages.items()),
    )
