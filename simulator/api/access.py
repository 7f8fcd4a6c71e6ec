"""/version and /access."""

from simulator.access import PermissionDenied

from .routes import ApiError, Call, Json, get

REPOSITORY_IDS = {7: "d5ee8b5d", 8: "2a5fa54a8503f96d", 9: "14a22df35955d97d"}


@get("/version")
def version(call: Call) -> Json:
    """Return the version of the contacted node."""
    major, minor = call.cluster.release
    return {
        "version": call.cluster.version,
        "release": f"{major}.{minor}",
        "repoid": REPOSITORY_IDS.get(major, REPOSITORY_IDS[9]),
    }


@get("/access/permissions", path=str, userid=str)
def permissions(call: Call) -> Json:
    """Return the caller's privileges by path, or another's with Sys.Audit on /access."""
    who = call.text("userid") or call.who
    own = who == call.who or who.split("!", 1)[0] == call.who
    if not own and not call.may("/access", "Sys.Audit"):
        raise PermissionDenied("Permission check failed (/access, Sys.Audit)")
    access = call.cluster.access
    if who not in access.tokens and who not in access.users:
        raise ApiError(500, f"no such user ('{who}')")
    path = call.text("path")
    paths = [path] if path else access.paths(who)
    listed = {place: access.privileges(who, place) for place in paths}
    return {place: privileges for place, privileges in listed.items() if privileges}
