"""Figures, icons and bars as the pages show them."""

from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

UNKNOWN = "—"
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
_MARKS = {
    "fine": '<circle cx="5" cy="5" r="3" fill="currentColor"/>',
    "near": (
        '<circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" stroke-width="1.6"/>'
        '<path d="M5 1a4 4 0 0 1 0 8z" fill="currentColor"/>'
    ),
    "limit": (
        '<circle cx="5" cy="5" r="5" fill="currentColor"/>'
        '<rect x="2.4" y="4.2" width="5.2" height="1.6" class="bar-seam"/>'
    ),
    "off": '<circle cx="5" cy="5" r="3.4" fill="none" stroke="currentColor" stroke-width="1.4"/>',
}


@register.filter
def minutes(seconds: int | None) -> str:
    """Whole seconds as minutes with two decimals, half up: 2000 → 33.33; None → —."""
    if seconds is None:
        return UNKNOWN
    return str((Decimal(seconds) / 60).quantize(Decimal("0.01"), ROUND_HALF_UP))


@register.filter
def duration(seconds: int | None) -> str:
    """Whole seconds as a clock reads them: 21 → 0:21, 6128 → 1:42:08; None → —."""
    if seconds is None:
        return UNKNOWN
    left, secs = divmod(int(seconds), 60)
    hours, mins = divmod(left, 60)
    return f"{hours}:{mins:02}:{secs:02}" if hours else f"{mins}:{secs:02}"


@register.filter
def spoken_duration(seconds: int) -> str:
    """Whole seconds in words: 226 → 3 min 46 s, 6120 → 1 h 42 min, 33 → 33 s."""
    left, secs = divmod(int(seconds), 60)
    hours, mins = divmod(left, 60)
    if hours:
        return _("%(h)d h %(m)d min") % {"h": hours, "m": mins}
    if mins:
        return _("%(m)d min %(s)d s") % {"m": mins, "s": secs}
    return _("%(s)d s") % {"s": secs}


@register.filter
def money(amount: Decimal | None, currency: str = "GBP") -> str:
    """An amount in its real precision, two decimals at least: 0.012800 GBP → £0.0128."""
    if amount is None:
        return UNKNOWN
    sign = "−" if amount < 0 else ""
    whole, _point, decimals = f"{abs(amount):,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    symbol = _SYMBOLS.get(currency)
    figure = f"{sign}{symbol or ''}{whole}.{decimals}"
    return figure if symbol else f"{figure} {currency}"


@register.filter
def separated(number: int | None) -> str:
    """A count with thousands separators: 4667 → 4,667; None → —."""
    return UNKNOWN if number is None else f"{number:,}"


@register.simple_tag
def icon(name: str, css_class: str = "") -> SafeString:
    """An icon of the sprite, hidden from screen readers; the words beside it say what it means."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css_class,
        static("vendor/bootstrap-icons/icons.svg"),
        name,
    )


def _mark_words() -> dict[str, str]:
    return {
        "fine": _("fine"),
        "near": _("near a limit"),
        "limit": _("at a limit"),
        "off": _("not able to call"),
    }


@register.simple_tag
def mark(state: str, words: str = "") -> SafeString:
    """The mark of a tenant's state (fine, near, limit, off) with its words for screen readers."""
    if state not in _MARKS:
        return SafeString("")
    return format_html(
        '<svg class="tree-mark tree-mark-{}" viewBox="0 0 10 10" role="img"'
        ' aria-label="{}">{}</svg>',
        state,
        words or _mark_words()[state],
        SafeString(_MARKS[state]),
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole > 0 else 0.0


@register.simple_tag
def allowance_bar(
    daily: int | None,
    used: int | None,
    off_used: int | None,
    in_progress: int | None,
    state: str = "",
    size: str = "",
) -> SafeString:
    """A bar of an allowance, all in seconds; ``off_used`` is a part of ``used``.

    ``state`` is "", "near" or "spent". The figures stand beside it, so it is hidden from screen
    readers.
    """
    whole = daily or 0
    used, off_used, in_progress = used or 0, off_used or 0, in_progress or 0
    parts = []
    at = 0.0
    for css, seconds in (
        ("used", used - off_used),
        ("off", off_used),
        ("progress", in_progress),
    ):
        width = min(_percent(max(seconds, 0), whole), 100 - at)
        if width <= 0:
            continue
        fill = "url(#stripes)" if css == "progress" else ""
        parts.append((css, f"{at:.2f}%", f"{width:.2f}%", fill))
        at += width
    bars = format_html_join(
        "", '<rect class="bar-{}" x="{}" width="{}" height="100%" fill="{}"/>', parts
    )
    seams = format_html_join(
        "", '<rect class="bar-seam" x="{}" width="1" height="100%"/>', ((p[1],) for p in parts[1:])
    )
    return format_html(
        '<svg class="bar{}{}" aria-hidden="true" focusable="false">{}{}</svg>',
        f" is-{state}" if state else "",
        f" bar-{size}" if size else "",
        bars,
        seams,
    )


@register.filter
def calls_now(count: int) -> str:
    """A count of running calls in words."""
    return ngettext("%(n)d call", "%(n)d calls", count) % {"n": count}


@register.filter
def initials(person: object) -> str:
    """Two letters for the round mark of a person: Jane Hall → JH, ops@x.example → O."""
    words = str(person).split("@")[0].split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def notice_kind(level_tag: str) -> str:
    """The notice class of a message level: error → bad, warning → warn, success → ok."""
    return {"error": "bad", "warning": "warn", "success": "ok"}.get(level_tag, "info")


@register.filter
def destination(path: str) -> str:
    """A destination's path as people say it: UK/Mobile → UK Mobile, …/Europe/France → France."""
    first, _slash, _rest = path.partition("/")
    last = path.rpartition("/")[2]
    return f"{first} {last}" if first == "UK" and last != first else last
