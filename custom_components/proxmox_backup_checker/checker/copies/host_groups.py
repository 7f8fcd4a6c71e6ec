"""Do the hosts that back up to a cluster's backup servers have the copies that the rule asks for?

They are counted as guests are. No cluster runs them: the host itself is the first copy, and its own rhythm promises its backups.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ..model.linked_servers import KnownGroup, KnownServer, is_of_host
from ..model.reason_codes import ReasonCode
from ..model.server_options import Place
from ..model.verdict import Reason, Status, Verdict, unknown
from .copies import Copies, Copy
from .filling import GRACE, interval_of, rest_of
from .offsite import judge_offsite_of_host
from .proof import Point, takes
from .rule import RuleVerdict, judge_copies
from .tally import Hidden, Share, Tally, share_of
from .ways import End, Way, ways_from

_OF_HOSTS: Final = {
    ReasonCode.COPY_OLD: ReasonCode.HOST_COPY_OLD,
    ReasonCode.COPY_UNPROMISED: ReasonCode.HOST_COPY_UNPROMISED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class HostView:
    """A host whose backups lie on a server to which the cluster's storages lead.

    `group` is that of its backups, as host/nas. `lies` are all places with them, each the id of an entry and that of a subject there,
    such as ds1:home:host/nas. `rule` is None where no rule is chosen, or nobody has said where anything stands.
    """

    group: str
    lies: frozenset[tuple[str, str]]
    tally: Tally
    rule: RuleVerdict | None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.group.partition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    """The group of a host in one namespace of a server."""

    server: KnownServer
    end: End
    group: KnownGroup
    key: str

    @property
    def points(self) -> Sequence[Point]:
        """Its restore points, newest first; nobody tells how long a backup took, so that it may be done much later than it was begun."""
        return [
            Point(
                begun=_moment(time),
                done=_moment(time) + GRACE,
                verified=time == self.group.verified,
                encrypted=bool(self.group.encrypted),
            )
            for time in reversed(self.group.times)
        ]


def host_views(copies: Copies) -> tuple[HostView, ...]:
    """Return the hosts that back up to servers to which the cluster's storages lead, by name."""
    linked = {home.link.server.server for home in copies.places.homes if home.link is not None}
    found: dict[str, list[_Member]] = {}
    for server in copies.places.servers.values():
        for key, group in server.groups.items():
            if is_of_host(key) and group.times:
                store, ns, name = key.split(":", 2)
                end = copies.places.arrivals.get((server.server, f"{store}:{ns}"))
                end = end or End(store=store, ns=ns, server=server)
                found.setdefault(name, []).append(_Member(server=server, end=end, group=group, key=key))
    return tuple(
        _host_view(name, members, copies)
        for name in sorted(found)
        for members in _of_one_host(found[name])
        if any(member.server.server in linked for member in members)
    )


def _of_one_host(members: Sequence[_Member]) -> list[list[_Member]]:
    """Return the groups of one name by the hosts whose they are: one time in common tells that two are of one."""
    hosts: list[list[_Member]] = []
    for member in members:
        times = set(member.group.times)
        same = [host for host in hosts if any(not times.isdisjoint(other.group.times) for other in host)]
        hosts = [host for host in hosts if host not in same]
        hosts.append([member, *(other for host in same for other in host)])
    return hosts


def _host_view(name: str, members: Sequence[_Member], copies: Copies) -> HostView:
    places = copies.places
    ways = [(member, way) for member in members for way in ways_from(member.end, places.legs)]
    filled = {way.target.key for _, way in ways}
    origins = [member for member in members if member.end.key not in filled] or list(members)
    ways = [(member, way) for member, way in ways if member in origins]
    lying = [(copies.of_group(one.server, one.end, one.group, one.group.times[::-1]), one) for one in members]
    found = [(copy, _until(copy, member, ways, name, copies)) for copy, member in lying]
    for member in origins:
        own = [way for origin, way in ways if origin is member]
        logged = copies.by_log_of(name, member.end, own, member.points)
        found += [(copy, _until(copy, None, ways, name, copies)) for copy in logged]
    found.sort(key=lambda one: (-(one[0].newest or datetime.min.replace(tzinfo=UTC)).timestamp(), one[0].key))
    shares = [_share(copy, until, copies) for copy, until in found]
    elsewhere = next((copy for copy, _ in found if copy.place is Place.ELSEWHERE), None)
    offsite = judge_offsite_of_host(name, [(one.end, one.points) for one in origins], elsewhere, copies)
    hidden = list(_hidden({copy.key for copy, _ in found}, copies))
    if offsite is not None and offsite.status is Status.UNKNOWN:
        hidden.append(Hidden(Place.ELSEWHERE, offsite.reason))
    tally = Tally.of(shares, hidden)
    rule = judge_copies(_held(origins), offsite, tally, copies)
    return HostView(
        group=name,
        lies=frozenset((member.server.server, member.key) for member in members),
        tally=tally,
        rule=_of_host(rule) if rule is not None else None,
    )


def _until(
    copy: Copy, member: _Member | None, ways: Sequence[tuple[_Member, Way]], name: str, copies: Copies
) -> datetime | None:
    """Return until when the newest good restore point of a copy is new enough: by the rhythm of where clients put it, and by the jobs."""
    if copy.good is None:
        return None
    rest, ends = rest_of(copy, copies), list[datetime]()
    filling = [(origin, way) for origin, way in ways if way.target.key == copy.key and _takes(way, name)]
    for origin, way in filling:
        pause = max(interval_of(way), rest) + GRACE
        if origin.group.gone_after is not None:
            ends.append(copy.good + timedelta(seconds=origin.group.gone_after) + pause)
        elif newer := [point for point in origin.points if point.begun > copy.good]:
            ends.append(newer[-1].done + pause)
    if not filling and member is not None and member.group.gone_after is not None:
        ends.append(copy.good + timedelta(seconds=member.group.gone_after) + rest)
    return max(ends, default=None)


def _takes(way: Way, group: str) -> bool:
    return all(takes(leg, group) is not False for leg in way.legs)


def _share(copy: Copy, until: datetime | None, copies: Copies) -> Share:
    if copy.good is None:
        return Share(copy, counts=False, why=Reason(ReasonCode.COPY_BAD, {"place": copy.name}))
    server, facts = copies.places.servers.get(copy.server or ""), copies.context.facts
    share = share_of(
        copy,
        until,
        rests=copy.away or (server is not None and server.asleep),
        now=facts.now,
        blind_since=facts.now - facts.policy.blind_limit,
    )
    return replace(share, why=_by_rhythm(share.why)) if share.why is not None else share


def _by_rhythm(reason: Reason) -> Reason:
    return Reason(_OF_HOSTS.get(reason.code, reason.code), reason.values)


def _hidden(counted: set[str], copies: Copies) -> Iterator[Hidden]:
    """Yield where there may be copies that the tokens are not shown."""
    for server in copies.places.servers.values():
        for name, known in server.namespaces.items():
            store, _, ns = name.partition(":")
            end = End(store=store, ns=ns, server=server)
            if not known.complete and end.key not in counted:
                reason = Reason(ReasonCode.COPIES_UNLISTED, {"storage": end.name})
                yield Hidden(copies.places.place_of_end(end), reason)


def _held(origins: Sequence[_Member]) -> Verdict:
    """Return what matters to the rule of what is held of a host's backups: whether it is of interest, and whether its rhythm is known."""
    if all(member.group.ignored for member in origins):
        return Verdict(status=Status.IGNORED, problem=False, reason=Reason(ReasonCode.GROUP_IGNORED_BY_CHOICE))
    if all(member.group.gone_after is None for member in origins):
        name = origins[0].end.name
        return replace(unknown(ReasonCode.HOST_COPY_UNPROMISED, place=name), status=Status.PENDING, problem=False)
    return Verdict(status=Status.OK, problem=False, reason=Reason(ReasonCode.GROUP_OK))


def _of_host(rule: RuleVerdict) -> RuleVerdict:
    """Return a verdict in words for a host: there is no guest beside which the copies are."""
    if rule.step.code is not ReasonCode.RULE_FEW_COPIES:
        return rule
    return replace(rule, step=Reason(ReasonCode.RULE_FEW_COPIES_OF_HOST, rule.step.values))


def _moment(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
