"""/ping, /version and /access."""

from .routes import Call, Json, Refused, get

REPOSITORY_ID = "506700f6c640eb57efbe7ab088b228e484e57dc9"


@get("/ping", public=True)
def ping(_: Call) -> Json:
    """Say that a backup server is here."""
    return {"pong": True}


@get("/version")
def version(call: Call) -> Json:
    """Return the version in two parts."""
    major, minor, release = call.server.version.split(".")
    return {"version": f"{major}.{minor}", "release": release, "repoid": REPOSITORY_ID}


@get("/access/permissions", path=str, auth_id=str)
def permissions(call: Call) -> Json:
    """Return the caller's privileges by path, or another's with Sys.Audit on /access."""
    who = call.text("auth-id") or call.who
    if who != call.who and not call.may("/access", "Sys.Audit"):
        raise Refused(400, f"not allowed to list permissions of {who}")
    listed = call.server.access.listed(who)
    path = call.text("path")
    if path is not None:
        own = call.server.access.privileges(who, path)
        return {path: own} if own else {}
    return listed
