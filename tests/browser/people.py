"""People of the demo's sample data, and how a test gets their page."""

from collections.abc import Callable

from playwright.sync_api import Page

OWNER = "olivia@northgate.example"
SELF_CARE = "anna@acme.example"

# The page of a person: the address to log in with, and settings of the browser's context.
PageOf = Callable[..., Page]
