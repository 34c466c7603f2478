"""Chromium as the tests drive it: Debian's package, headless, without its own traffic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, async_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENS = Path(__file__).parents[2] / "artifacts" / "screens"
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PROJECTED: ViewportSize = {"width": 1280, "height": 720}
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL_PHONE: ViewportSize = {"width": 320, "height": 640}


WITHOUT_SCRIPT = "--blink-settings=scriptEnabled=false"
"""Script turned off as a person does it. Playwright's own switch leaves ``<noscript>`` out of the page."""


@asynccontextmanager
async def chromium(*arguments: str) -> AsyncIterator[Browser]:
    """A browser for the length of a block, with more arguments if any."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            await browser.close()


async def keep(page: Page, name: str) -> None:
    """A screenshot among the test artefacts, for a person to look at."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENS / f"{name}.png")


def collect_faults(page: Page) -> list[str]:
    """A list that fills with what the page's console and scripts complain about, as long as the page lives.

    An answer with an error status is not a fault here: pages of refusals have one, and a cut network too.
    """
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        network = "Failed to load resource" in message.text or "WebSocket" in message.text
        if message.type == "error" and not network:
            faults.append(f"console: {message.text}")

    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("console", heard)
    return faults
