"""What stands in place of Proxmox' web interface: a page that says where its links would lead."""

from html import escape
from typing import Final

_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{node} - a virtual Proxmox host</title>
<style>:root{{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}}
body{{max-width:640px;margin:12vh auto;padding:0 24px}}h1{{font-size:22px}}code{{font-size:14px}}
#place{{padding:12px 16px;border-radius:8px;background:light-dark(#eef2f6,#222a33)}}</style>
<h1>This is where Proxmox would open</h1>
<p>The host <b>{node}</b> of the cluster <b>{cluster}</b> is a virtual one: it has the interface for programs that Home Assistant
reads, and no web interface for people.</p>
<p id="place">With a real host, this link leads to the web interface.</p>
<p>Nothing is lost: close this page to go back.</p>
<script>
const [, , chosen = ""] = location.hash.split(":");
const [kind, ...names] = chosen.replace("=", "").split("/");
const leads = {{
  18: "Datacenter > Backup, where the jobs are",
  qemu: "the backups of the VM " + names[0],
  lxc: "the backups of the container " + names[0],
  storage: "what lies on the storage " + names[1],
  node: "the tasks of the node " + names[0],
}};
if (leads[kind]) document.getElementById("place").textContent = "With a real host, this link shows " + leads[kind] + ".";
</script></html>"""


def interface_page(cluster: str | None, node: str) -> str:
    """Return the page that a virtual node shows to a browser."""
    return _PAGE.format(node=escape(node), cluster=escape(cluster or node))
