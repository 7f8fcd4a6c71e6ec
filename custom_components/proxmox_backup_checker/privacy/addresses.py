"""Addresses in texts: those of networks, and names of hosts as errors of Proxmox and its tools write them."""

from collections.abc import Collection
from ipaddress import IPv6Address
import re
from typing import Final

_IPV4: Final = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_MAYBE_IPV6: Final = re.compile(
    r"(?<![\w:.])(?=[\da-f.]*:[\da-f.]*:)[\da-f:.]*[\da-f](?:::)?(?:%[\w.-]+)?(?![\w:])", re.IGNORECASE
)
_LABEL: Final = r"[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?"
# nas.example.org, but no name of a file.
_DOMAIN: Final = re.compile(rf"(?<![\w./-])(?:{_LABEL}\.)+([a-z]{{2,63}})(?![\w-]|\.\w)", re.IGNORECASE)
_ENDING: Final = re.compile(
    "blob|cfg|cifs|conf|cron|dat|[df]idx|fw|gz|idx|img|json|lock|log|lzo|mount|nfs|notes|pl|pm|pxar|py|qcow|raw|scope|service"
    "|sh|slice|sock|socket|tar|target|timer|tmp|txt|vma|vmdk|yaml|zst",
    re.IGNORECASE,
)
_HOST: Final = r"[a-z\d](?:[\w.-]*\w)?"
# Where a host stands, whatever it is called: of a share, of an export, before a port, of a repository, and in complaints.
_PLACES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<=//)()({_HOST})",
        rf"(?<![\w./-])()({_HOST})(?=:/(?!/))",
        rf"(?<![\w./:-])()((?=[\w.-]*[a-z]){_HOST})(?=:\d{{3,5}}(?![\w:]))",
        rf"((?<![\w.+-])[\w.+-]+@[\w-]+(?:![\w.-]+)?@)({_HOST})",
        rf"(\b(?:resolve|resolving|look ?up|find|unknown|connect to) (?:host ?name|host|server|address for) ['\"]?)({_HOST})",
    )
)


def without_addresses(text: str, replacement: str, known: Collection[str] = ()) -> str:
    """Return a text with something else in the place of every address; what is `known`, in small letters, is a name."""

    def of_ipv6(match: re.Match[str]) -> str:
        try:
            IPv6Address(match[0])
        except ValueError:
            return match[0]
        return replacement

    def of_domain(match: re.Match[str]) -> str:
        kept = match[0].casefold() in known or _ENDING.fullmatch(match[1])
        return match[0] if kept else replacement

    def of_place(match: re.Match[str]) -> str:
        return match[0] if match[2].casefold() in known else f"{match[1]}{replacement}"

    text = _IPV4.sub(replacement, _MAYBE_IPV6.sub(of_ipv6, text))
    text = _DOMAIN.sub(of_domain, text)
    for place in _PLACES:
        text = place.sub(of_place, text)
    return text
