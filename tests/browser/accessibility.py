"""What axe says about a page, as text that names every place."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def violations(page: Page) -> list[str]:
    """One line per violation and place; empty when axe finds nothing."""
    results = await Axe().run(page, options={**RULES, "resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]
