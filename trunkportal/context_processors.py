"""What every page needs: whose portal it is, the tree at its left, the bar at its top."""

from typing import Any

from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, Any]:
    """Context of every template."""
    return {"scope": getattr(request, "scope", None)}
