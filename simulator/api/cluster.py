"""/cluster, /pools and /storage: what any node answers for all."""

from simulator.guests import GIB, Guest
from simulator.nodes import Node
from simulator.storages import Storage, config_of

from .node import owns, task_row
from .routes import ApiError, Call, Json, get


@get("/cluster/status", check=("/", "Sys.Audit"), protected=True)
def status(call: Call) -> Json:
    """Return the cluster and its nodes; a single host, and one without corosync, has only the row of itself."""
    cluster, asked = call.cluster, call.contacted
    rows: list[Json] = []
    alone = cluster.name is None or asked.without_corosync
    if not alone:
        rows.append(
            {
                "type": "cluster",
                "id": "cluster",
                "name": cluster.name,
                "version": len(cluster.nodes) + 2,
                "nodes": len(cluster.nodes),
                "quorate": int(cluster.quorate),
            }
        )
    for node in _members(call):
        row: Json = {
            "type": "node",
            "id": f"node/{node.name}",
            "name": node.name,
            "nodeid": 0 if alone else node.nodeid,
            "local": int(node is asked),
            "online": int(asked.sees(node)),
            "level": "",
        }
        rows.append(row | ({"ip": node.ip} if asked.knows_address_of(node) else {}))
    return rows


@get("/cluster/config/nodes", check=("/", "Sys.Audit"))
def configured_nodes(call: Call) -> Json:
    """Return what corosync.conf names, which is there without corosync too; a single host has none."""
    if call.cluster.name is None:
        return []
    return [
        {"node": node.name, "name": node.name, "nodeid": str(node.nodeid), "ring0_addr": node.ip, "quorum_votes": "1"}
        for node in call.in_any_order(list(call.cluster.nodes.values()))
    ]


def _members(call: Call) -> list[Node]:
    """Return the nodes that the contacted one knows."""
    return call.in_any_order([node for node in call.cluster.nodes.values() if call.contacted.knows(node)])


@get("/cluster/resources", type=str)
def resources(call: Call) -> Json:
    """Return guests, nodes and storages, filtered by what the caller may see."""
    wanted = call.text("type")
    if wanted not in (None, "vm", "storage", "node", "sdn"):
        message = f"value '{wanted}' does not have a value in the enumeration 'vm, storage, node, sdn'"
        raise ApiError(400, "Parameter verification failed.", {"type": message})
    rows: list[Json] = []
    if wanted in (None, "vm"):
        guests = sorted(call.cluster.guests.values(), key=lambda guest: guest.vmid)
        rows += [_guest(call, guest) for guest in guests if call.may(f"/vms/{guest.vmid}", "VM.Audit")]
    if wanted in (None, "node"):
        rows += [_node(call, node) for node in _members(call)]
    if wanted in (None, "storage"):
        rows += [
            _storage(call, node, storage)
            for storage in call.in_any_order(list(call.cluster.storages.values()))
            for node in _members(call)
            if storage.enabled and storage.serves(node.name) and call.may(f"/storage/{storage.id}", "Datastore.Audit")
        ]
    return rows


def _guest(call: Call, guest: Guest) -> Json:
    row: Json = {
        "id": f"{guest.type}/{guest.vmid}",
        "type": guest.type,
        "vmid": guest.vmid,
        "node": guest.node,
        "status": "unknown",
    }
    if guest.pool and call.may(f"/pool/{guest.pool}", "Pool.Audit"):
        row["pool"] = guest.pool
    home = call.cluster.node(guest.node)
    if home.forgotten(call.time) or not call.contacted.knows(home):
        return row
    running = guest.status == "running"
    memory = 4 * GIB
    row |= {
        "status": guest.status,
        "name": guest.name,
        "template": int(guest.template),
        "uptime": 86400 * 12 if running else 0,
        "cpu": 0.0123 if running else 0,
        "maxcpu": 2,
        "mem": memory // 3 if running else 0,
        "maxmem": memory,
        "disk": 0 if guest.type == "qemu" else int(guest.size * guest.filled),
        "maxdisk": guest.size,
        "diskread": 0,
        "diskwrite": 0,
        "netin": 0,
        "netout": 0,
    }
    if call.cluster.release >= (9, 0):
        row["memhost"] = memory // 2 if running and guest.type == "qemu" else 0
    optional = {"tags": guest.tags, "lock": guest.lock, "hastate": guest.hastate}
    return row | {name: value for name, value in optional.items() if value is not None}


def _node(call: Call, node: Node) -> Json:
    row = _member(call, node)
    return row | {"cgroup-mode": 2} if row["status"] == "online" else row


def _member(call: Call, node: Node) -> Json:
    """Return what every list of nodes tells of one; its figures need a privilege (PVE::API2Tools)."""
    online = call.contacted.sees(node)
    row: Json = {
        "id": f"node/{node.name}",
        "type": "node",
        "node": node.name,
        "status": "online" if online else "offline",
    }
    if online:
        row["level"] = ""
    if online and not node.forgotten(call.time) and call.may(f"/nodes/{node.name}", "Sys.Audit"):
        row |= _figures(call, node)
    return row


def _figures(call: Call, node: Node) -> dict[str, float]:
    return {
        "uptime": node.uptime(call.time),
        "cpu": 0.07,
        "maxcpu": 8,
        "mem": 11 * GIB,
        "maxmem": 32 * GIB,
        "disk": 9 * GIB,
        "maxdisk": 94 * GIB,
    }


def _storage(call: Call, node: Node, storage: Storage) -> Json:
    used = None if node.forgotten(call.time) else storage.known_use_on(node.name, call.time)
    row: Json = {
        "id": f"storage/{node.name}/{storage.id}",
        "type": "storage",
        "storage": storage.id,
        "node": node.name,
        "status": "unknown" if used is None else "available",
        "shared": int(storage.shared),
        "plugintype": storage.type,
        "content": call.words_in_any_order(storage.content),
    }
    return row if used is None else row | {"maxdisk": storage.total, "disk": used}


@get("/cluster/tasks")
def tasks(call: Call) -> Json:
    """Return running tasks and up to 25 finished ones of every node."""
    rows: list[Json] = []
    everything = call.may("/", "Sys.Audit")
    for node in _members(call):
        for task in node.told_tasks():
            if everything or owns(call, task):
                row = task_row(task)
                del row["pstart"]
                if task.status:
                    del row["pid"]
                rows.append(row | {"saved": "1" if task.status else "0"})
    return sorted(rows, key=lambda row: ("endtime" in row, -row["starttime"]))


@get("/nodes")
def nodes(call: Call) -> Json:
    """Return all nodes with their fingerprints."""
    fingerprints = call.cluster.fingerprints
    return [_member(call, node) | {"ssl_fingerprint": fingerprints.get(node.name)} for node in _members(call)]


@get("/storage", type=str)
def storages(call: Call) -> Json:
    """Return the configuration of the storages that the caller may see."""
    return [
        config_of(storage) | {"content": call.words_in_any_order(storage.content)}
        for storage in call.in_any_order(list(call.cluster.storages.values()))
        if call.text("type") in (None, storage.type)
        and call.may(f"/storage/{storage.id}", "Datastore.Audit", "Datastore.AllocateSpace")
    ]


@get("/storage/{storage}", check=("/storage/{storage}", "Datastore.Allocate"))
def storage_config(call: Call) -> Json:
    """Return the configuration of one storage."""
    name = str(call.parameters["storage"])
    if name not in call.cluster.storages:
        raise ApiError(500, f"storage '{name}' does not exist")
    return config_of(call.cluster.storages[name])


@get("/pools", poolid=str, type=str)
def pools(call: Call) -> Json:
    """Return the pools; with `poolid` one with its members, which nobody checks (a bug of Proxmox)."""
    if (wanted := call.text("poolid")) is not None:
        if wanted not in call.cluster.pools:
            raise ApiError(500, f"pool '{wanted}' does not exist")
        return [{"poolid": wanted, "comment": call.cluster.pools[wanted], "members": _guests_in(call, wanted)}]
    return [
        {"poolid": name} | ({"comment": comment} if comment else {})
        for name, comment in call.cluster.pools.items()
        if call.may(f"/pool/{name}", "Pool.Audit")
    ]


@get("/pools/{poolid}", check=("/pool/{poolid}", "Pool.Audit"))
def pool(call: Call) -> Json:
    """Return one pool with its members, as 7.4 does."""
    name = str(call.parameters["poolid"])
    if name not in call.cluster.pools:
        raise ApiError(500, f"pool '{name}' does not exist")
    return {"comment": call.cluster.pools[name], "members": _guests_in(call, name)}


def _guests_in(call: Call, name: str) -> list[Json]:
    return [_guest(call, guest) for guest in call.cluster.guests.values() if guest.pool == name]
