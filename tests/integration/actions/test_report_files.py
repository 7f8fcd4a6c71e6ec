"""The report as files: what they hold, that nothing in them acts, and who may see what of it."""

import csv
from html.parser import HTMLParser
from io import StringIO
import re
from typing import Any, override

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.outcomes import failed
from tests.acceptance.home import Home
from tests.integration.privacy.test_sight import policy_of

FORMULAS = ("=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", " =1", "\uff1d1+1", "a;=1+1", 'a"";=1', "x\t=1")


@pytest.fixture
async def client(home: Home, hass_client_no_auth: ClientSessionGenerator) -> TestClient[Any, Any]:
    """Somebody who has not logged in."""
    # A server that runs takes no more routes, and the integration brings its own.
    assert await async_setup_component(home.hass, DOMAIN, {})
    found: TestClient[Any, Any] = await hass_client_no_auth()
    return found


async def addresses(home: Home, user: MockUser | None = None, **data: Any) -> dict[str, Any]:
    context = Context(user_id=user.id if user else None)
    answer = await home.hass.services.async_call(
        DOMAIN, "download_report", data, blocking=True, return_response=True, context=context
    )
    assert answer is not None
    return dict(answer)


async def texts(home: Home, client: TestClient[Any, Any], user: MockUser | None = None) -> tuple[str, str]:
    """Return table and page as somebody gets them."""
    found = await addresses(home, user)
    responses = [await client.get(found[kind]) for kind in ("csv", "html")]
    assert [response.status for response in responses] == [200, 200]
    return (await responses[0].read()).decode(), await responses[1].text()


def logged_in(home: Home, user: MockUser) -> dict[str, str]:
    """Return what a person sends who has just logged in, by the clock of the test."""
    [token] = user.refresh_tokens.values()
    return {"Authorization": f"Bearer {home.hass.auth.async_create_access_token(token)}"}


def rows(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix("\ufeff")), delimiter=delimiter))


class Page(HTMLParser):
    """What a browser finds in a page."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    @override
    def handle_data(self, data: str) -> None:
        self.words.append(data)


async def test_the_table_has_a_row_for_each_guest_job_and_storage(home: Home, client: TestClient[Any, Any]) -> None:
    await home.look()
    home.pve.job("nightly").run({104: failed("no space")})
    await home.after(minutes=30)
    text, _ = await texts(home, client)
    assert text.startswith("\ufeff")
    head, *found = rows(text)
    table = [dict(zip(head, row, strict=True)) for row in found]
    assert {row["kind"] for row in table} == {"guest", "job", "storage"}
    assert len(table) == len({(row["kind"], row["id"]) for row in table})
    by_id = {row["id"]: row for row in table if row["kind"] == "guest"}
    assert by_id.keys() == {"101", "102", "103", "104"}
    files = by_id["104"]
    assert (files["name"], files["status"], files["problem"]) == ("files (104)", "failed", "true")
    assert files["failed_in_period"] == "1"
    assert files["reason"]
    assert by_id["101"]["problem"] == "false"
    assert by_id["101"]["last_success"].endswith("+00:00")


async def test_the_page_says_what_the_report_says_and_names_every_guest(
    home: Home, client: TestClient[Any, Any]
) -> None:
    await home.look()
    home.pve.job("nightly").run({104: failed("no space")})
    await home.after(minutes=30)
    _, text = await texts(home, client)
    report = await home.hass.services.async_call(
        DOMAIN, "report", {"period": "week"}, blocking=True, return_response=True
    )
    assert report is not None
    page = Page(text)
    said = " ".join(page.words)
    assert str(report["title"]) in said
    assert str(report["summary"]) in said
    for name in ("web (101)", "database (102)", "dns (103)", "files (104)"):
        assert name in said
    assert page.tags <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "li", "b", "footer"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }


@pytest.mark.parametrize("name", FORMULAS)
async def test_no_cell_is_a_formula_whatever_separates_the_cells(
    home: Home, client: TestClient[Any, Any], name: str
) -> None:
    home.pve.guest(101).name = name
    await home.look()
    text, _ = await texts(home, client)
    assert "(101)" in text
    for delimiter in (",", ";", "\t"):
        for row in rows(text, delimiter):
            for cell in row:
                assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell), (delimiter, cell)
    # What splits at a separator that is none here finds none.
    assert ";" not in text
    assert "\t" not in text


async def test_foreign_texts_are_shown_and_do_not_act(home: Home, client: TestClient[Any, Any]) -> None:
    name = "<img src=x onerror=alert(1)>\"'&amp;</td><script>"
    home.pve.guest(104).name = name
    await home.look()
    home.pve.job("nightly").run({104: failed("</ul><script>alert(2)</script>")})
    await home.after(minutes=30)
    found = await addresses(home)
    response = await client.get(found["html"])
    page = Page(await response.text())
    assert not page.tags & {"img", "script"}
    assert page.attributes <= {"lang", "charset", "name", "content", "scope", "class"}
    assert any(name in words for words in page.words)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_nobody_gets_a_file_without_an_address_that_is_signed(home: Home, client: TestClient[Any, Any]) -> None:
    await home.look()
    found = await addresses(home)
    path, _, _ = found["csv"].partition("?")
    assert (await client.get(path)).status == 401
    assert (await client.get(found["csv"].replace("week.csv", "day.csv"))).status == 401
    assert (await client.get(found["csv"].replace("week.csv", "week.html"))).status == 401


async def test_an_address_ends(home: Home, client: TestClient[Any, Any], freezer: FrozenDateTimeFactory) -> None:
    await home.look()
    found = await addresses(home, valid_hours=1)
    freezer.tick(3500)
    assert (await client.get(found["html"])).status == 200
    freezer.tick(200)
    assert (await client.get(found["html"])).status == 401


async def test_a_person_gets_what_they_may_see(
    home: Home, client: TestClient[Any, Any], hass_read_only_user: MockUser, hass_read_only_access_token: str
) -> None:
    """Also where somebody else opens the address, or opens it with a token of their own."""
    await home.look()
    home.pve.job("nightly").run({102: failed("no space"), 104: failed("no space")})
    await home.after(minutes=30)
    hass_read_only_user.mock_policy(policy_of(home, "guest_101"))
    table, page = await texts(home, client, hass_read_only_user)
    assert [row[1] for row in rows(table)[1:]] == ["101"]
    for text in (table, page):
        assert "web (101)" in text
        for other in ("database", "dns", "files", "102", "103", "104", "no space", "nas"):
            assert other not in text
    path, _, _ = (await addresses(home))["csv"].partition("?")
    response = await client.get(path, headers=logged_in(home, hass_read_only_user))
    assert [row[1] for row in rows(await response.text())[1:]] == ["101"]


async def test_who_has_never_logged_in_gets_no_address(home: Home) -> None:
    await home.look()
    user = MockUser(id="nobody", name="Nobody", is_owner=True).add_to_hass(home.hass)
    with pytest.raises(ServiceValidationError, match="never logged in"):
        await addresses(home, user)


async def test_an_entry_that_is_gone_or_a_file_that_there_is_not_is_not_found(
    home: Home, client: TestClient[Any, Any], hass_admin_user: MockUser, hass_access_token: str
) -> None:
    await home.look()
    found, _, _ = (await addresses(home))["csv"].partition("?")
    headers = logged_in(home, hass_admin_user)
    assert (await client.get(found, headers=headers)).status == 200
    for path in (
        found.replace("week.csv", "year.csv"),
        found.replace("week.csv", "week.pdf"),
        re.sub(r"report/\w+/", "report/none/", found),
    ):
        assert (await client.get(path, headers=headers)).status == 404
    assert home.entry is not None
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert (await client.get(found, headers=headers)).status == 404
