"""What the forms for clusters and for backup servers have in common: fields, and what may be entered in them."""

from ipaddress import IPv6Address
import re
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio
from yarl import URL

from .const import CONF_TOKEN_ID, CONF_TOKEN_SECRET

_TOKEN_ID: Final = re.compile(r"[^\s@!/:]+(?:@[^\s@!/:]+)*@[A-Za-z][\w.-]*![A-Za-z][\w.-]*")
_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))

TOKEN_FIELDS: Final = {
    probatio.Required(CONF_TOKEN_ID): TextSelector(),
    probatio.Required(probatio.Secret(CONF_TOKEN_SECRET)): _SECRET,
}
KEPT_TOKEN_FIELDS: Final = {
    probatio.Required(CONF_TOKEN_ID): TextSelector(),
    probatio.Optional(probatio.Secret(CONF_TOKEN_SECRET)): _SECRET,
}
"""For a form in which an empty secret keeps the present one."""


def address_fields(port: int) -> dict[Any, Any]:
    """Return the fields for a host and its port, which is usually this one."""
    return {
        probatio.Required(CONF_HOST): TextSelector(),
        probatio.Required(CONF_PORT, default=port): probatio.All(
            NumberSelector(NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)), probatio.Coerce(int)
        ),
    }


def tidied(user_input: dict[str, Any]) -> dict[str, Any]:
    """Return what was entered without blanks around it."""
    return {key: value.strip() if isinstance(value, str) else value for key, value in user_input.items()}


def mistakes_in(data: dict[str, Any]) -> dict[str, str]:
    """Split the host from its port, in place, and return what cannot be right, by field."""
    errors: dict[str, str] = {}
    if not _TOKEN_ID.fullmatch(data[CONF_TOKEN_ID]):
        errors[CONF_TOKEN_ID] = "invalid_token_id"
    try:
        data[CONF_HOST], data[CONF_PORT] = split_host(data[CONF_HOST], data[CONF_PORT])
    except ValueError:
        errors[CONF_HOST] = "invalid_host"
    return errors


def split_host(text: str, port: int) -> tuple[str, int]:
    """Return host and port of a host name, an address or the URL of the web interface; `port` where it names none.

    Raises ValueError where the text is none of them.
    """
    text = text.strip()
    if "://" not in text:
        text = f"https://[{text}]" if _is_ipv6(text) else f"https://{text}"
    url = URL(text)
    if url.scheme != "https" or not url.host or url.user is not None or re.search(r"[\s_%@]", url.host):
        raise ValueError(f"Not a host: {text!r}")
    if url.explicit_port == 0:
        raise ValueError("A port is a number from 1 to 65535")
    # Parsing lets characters pass that no host has; building does not.
    URL.build(scheme="https", host=url.host)
    return url.host, url.explicit_port or port


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
