"""Pictures of the pages for docs/images, taken from a running demo.

    python -m tests.browser.screenshots http://127.0.0.1:8000/ docs/images

Each is a WebP below 100 kB: Chromium encodes it, in the best quality that fits.
"""

import base64
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

LARGEST = 100_000
QUALITIES = (90, 80, 70, 60, 50, 40)
OWNER = "olivia@northgate.example"
PASSWORD = "trunk-portal-demo"
SCREENS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}


def home(page: Page) -> None:
    page.goto("")


def client(page: Page) -> None:
    page.goto("")
    page.get_by_role("main").get_by_role("link", name="Acme Ltd").first.click()


def barred(page: Page) -> None:
    page.goto("barred-calls/?period=week")


def profile(page: Page) -> None:
    page.goto("limit-profiles/")
    page.get_by_role("link", name="DEFAULT_RESELLER_PROFILE").first.click()


def wizard_additional(page: Page) -> None:
    page.goto("clients/new/")
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Company name").fill("Thornbury Instruments Ltd")
    page.get_by_label("Account reference").fill("THORN01")
    page.get_by_label("Contact name").fill("Alan Firth")
    page.get_by_label("Email").fill("trunks@northgate.example")
    page.get_by_role("button", name="Next").last.click()


def wizard_create(page: Page) -> None:
    wizard_additional(page)
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Billing email").fill("accounts@thornbury.example")
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Address line 1").fill("Unit 4, Kirkstall Works")


EVERY = tuple(SCREENS)
PICTURES: dict[str, tuple[Callable[[Page], None], tuple[str, ...]]] = {
    "home": (home, ("light",)),
    "client": (client, EVERY),
    "barred": (barred, EVERY),
    "profile": (profile, EVERY),
    "add-client": (wizard_additional, EVERY),
    "add-client-create": (wizard_create, ("light",)),
}


def encoded(page: Page) -> bytes:
    """What the window shows as WebP."""
    session = page.context.new_cdp_session(page)
    for quality in QUALITIES:
        shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        picture = base64.b64decode(shot["data"])
        if len(picture) < LARGEST:
            return picture
    raise SystemExit(f"{page.url} does not fit into {LARGEST} bytes")


def main(address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        for screen, settings in SCREENS.items():
            page = browser.new_context(base_url=address, **settings).new_page()
            page.goto("login/")
            page.get_by_label("Email").fill(OWNER)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            page.get_by_role("heading", level=1).wait_for()
            for name, (show, screens) in PICTURES.items():
                if screen in screens:
                    show(page)
                    page.wait_for_timeout(500)
                    (folder / f"{name}-{screen}.webp").write_bytes(encoded(page))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
