"""What axe finds wrong with a part of a page."""

from pathlib import Path
from typing import Any, Final

from .browser import Tab

_AXE: Final = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def violations(tab: Tab, tag: str) -> list[str]:
    """Return the rules that an element breaks, with what breaks them."""
    if not tab.page.evaluate("typeof axe !== 'undefined'"):
        tab.page.evaluate(_AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = tab.page.evaluate(
        """async (tag) => {
            const find = (node) => {
                if (node.localName === tag) return node;
                for (const child of [...(node.shadowRoot?.children ?? []), ...node.children]) {
                    const found = find(child);
                    if (found) return found;
                }
            };
            return axe.run(find(document.body), {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]});
        }""",
        tag,
    )
    return [f"{found['id']}: {found['nodes'][0]['html'][:200]}" for found in result["violations"]]
