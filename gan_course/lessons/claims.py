"""What a notebook asserts about its own run. A sentence of the prose that says how something
behaves is a claim:

    claim("The digits look like digits to a classifier", confidence > 0.9, confidence=confidence, ceiling=0.98, floor=0.4)

Claims are judged on the `laptop` and `gpu` profiles; `smoke` runs are too short for them and only
show that they can be computed.
"""
import html
import math
from dataclasses import asdict, dataclass, field

from gan_course.profile import headless, profile

MIME = "application/vnd.gan-course.claims+json"


@dataclass(frozen=True)
class Claim:
    """One sentence, whether it held in this run, whether this run was long enough to judge it, and
    the numbers behind it.
    """

    text: str
    held: bool
    judged: bool
    numbers: dict[str, float] = field(default_factory=dict)

    def verdict(self) -> str:
        if not self.judged:
            return "– not judged (smoke profile)"
        return "✓ held" if self.held else "✗ BROKEN"


class ClaimBroken(AssertionError):
    """A claim did not hold in a run that nobody watched."""


_claims: dict[str, Claim] = {}


def claim(text: str, condition, **numbers: float) -> None:
    """Check a sentence where it is said, and show it with its numbers. `report()` at the end of the
    notebook sums up.

    `condition` is True or False (a Python, NumPy or torch one); `numbers` are what it was judged
    on, with floor and ceiling. Running the cell again replaces the claim.
    """
    checked = Claim(text, bool(condition),
                    profile() != "smoke", {name: float(value) for name, value in numbers.items()})
    _claims[text] = checked
    _show(_row(checked), f"{checked.verdict()}: {text} ({_plain(checked.numbers)})")


def claims() -> tuple[Claim, ...]:
    """The claims made so far in this kernel, in order."""
    return tuple(_claims.values())


def report() -> None:
    """Show every claim of the notebook.

    Raises `ClaimBroken` if one that was judged did not hold and nobody watches (tests, batches).
    """
    broken = [claim.text for claim in claims() if claim.judged and not claim.held]
    rows = "".join(_row(claim) for claim in claims())
    text = "\n".join(f"{claim.verdict()}: {claim.text} ({_plain(claim.numbers)})"
                     for claim in claims())
    _show(rows, text, {"claims": [_record(claim) for claim in claims()]})
    if broken and headless():
        raise ClaimBroken("Did not hold in this run: " + "; ".join(broken))


def finite(number: float) -> float | None:
    """The number, or None for NaN and infinity, which JSON does not know."""
    return number if math.isfinite(number) else None


def _record(claim: Claim) -> dict:
    return asdict(claim) | {
        "numbers": {name: finite(value) for name, value in claim.numbers.items()}
    }


def _plain(numbers: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in numbers.items())


def _row(claim: Claim) -> str:
    edge = "#888888" if not claim.judged else "#007A5A" if claim.held else "#C03000"
    return (f'<div style="border-left:4px solid {edge};padding:2px 10px;margin:4px '
            f'0"><b>{claim.verdict()}</b> {html.escape(claim.text)}'
            f'<br><small>{html.escape(_plain(claim.numbers))}</small></div>')


def _show(rows: str, text: str, data: dict | None = None) -> None:
    from IPython.display import display

    display({"text/html": rows, "text/plain": text} | ({MIME: data} if data else {}), raw=True)
