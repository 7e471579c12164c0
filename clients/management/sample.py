"""The demo's sample data, written through the services that people use."""

from clients.models import User

PASSWORD = "trunk-portal-demo"  # noqa: S105 - the demo listens on the loopback address only
PLATFORM_LOGIN = "admin@demo.example"


def load() -> dict[str, str]:
    """Add the sample data that is missing; returns the password of each login."""
    if not User.objects.filter(email=PLATFORM_LOGIN).exists():
        User.objects.create_superuser(PLATFORM_LOGIN, PASSWORD, name="Ada Admin")
    return {PLATFORM_LOGIN: PASSWORD}
