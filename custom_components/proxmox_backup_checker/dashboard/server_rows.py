"""The rows of the dashboard card for a backup server: its jobs, and the groups that it judges itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..checker.model.subject import Subject
from ..checker.server.views import GroupView, ServerJobView
from ..checker.views.server_wall import ServerWall
from ..checker.views.wall.order import rank
from ..texts.localizer import Localizer
from .epochs import seconds
from .rows import NO_IDS, Group, Ids, RankedRow, Row, make_row


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerRowMaker:
    """Makes the rows of one wall; `ids` are those of all jobs and groups."""

    entry_id: str
    wall: ServerWall
    localizer: Localizer
    ids: Mapping[Subject, Ids]

    def rows(self, group: Group, before: Mapping[str, RankedRow]) -> dict[str, RankedRow]:
        """Return all rows of a group in their order, by id; those that are as `before` are the same objects."""
        assessment = self.wall.assessment
        made = (
            map(self.of_job, assessment.jobs.values())
            if group == "pbsjob"
            else map(self.of_group, assessment.groups.values())
        )
        kept = (known if (known := before.get(found.row["id"])) == found else found for found in made)
        return {found.row["id"]: found for found in sorted(kept, key=lambda found: found.rank)}

    def of_job(self, view: ServerJobView) -> RankedRow:
        """Return the row of a job."""
        acknowledged = self.wall.assessment.acknowledgement(view.subject)
        row = make_row(
            self._id(view.subject),
            view.name,
            view.verdict,
            self.ids.get(view.subject, NO_IDS),
            self.localizer,
            kind=view.kind,
            cells=self.wall.cells_of_job(view),
            transferred=view.transferred,
            duration=seconds(view.duration),
            where=f"{view.store}/{view.ns}" if view.ns else view.store,
            storages=[view.store],
            acknowledged=acknowledged is not None,
        )
        return RankedRow((*rank(view.verdict, acknowledged), row["name"].casefold(), row["id"]), row)

    def of_group(self, view: GroupView) -> RankedRow:
        """Return the row of a group."""
        acknowledged = self.wall.assessment.acknowledgement(view.subject)
        row = make_row(
            self._id(view.subject),
            view.name,
            view.verdict,
            self.ids.get(view.subject, NO_IDS),
            self.localizer,
            kind=view.group.backup_type,
            cells=self.wall.cells_of_group(view),
            size=view.size,
            size_on=view.store,
            where=f"{view.store}/{view.ns}" if view.ns else view.store,
            storages=[view.store],
            acknowledged=acknowledged is not None,
        )
        return RankedRow((*rank(view.verdict, acknowledged), row["name"].casefold(), row["id"]), row)

    def row_of(self, subject: Subject) -> Row | None:
        """Return the row of a job or group, None where there is none."""
        assessment = self.wall.assessment
        if subject.kind == "pbsjob":
            job = assessment.jobs.get(subject.id)
            return self.of_job(job).row if job is not None else None
        group = assessment.groups.get(subject.id)
        return self.of_group(group).row if group is not None else None

    def _id(self, subject: Subject) -> str:
        return f"{self.entry_id}/{subject.kind}/{subject.id}"
