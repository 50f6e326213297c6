"""Numbers as people write them, for pages and the terminal."""


def number(value) -> str:
    """A float with four digits, or all those before the point; a dash for none; anything else as it
    is.
    """
    if value is None or value != value:
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if abs(value) < 9999.5 else f"{value:.0f}"


def percent(share: float | None) -> str:
    """A share as per cent without decimals."""
    return "–" if share is None or share != share else f"{100 * share:.0f} %"


def duration(seconds: float) -> str:
    """Seconds as people say them: 8 s, 3 min, 2 h 10 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
