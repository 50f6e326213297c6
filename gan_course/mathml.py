"""Formulas for pages that are read without a network: LaTeX in, MathML out, which browsers draw themselves."""
import html
import re

DOLLARS = re.compile(r"(?<![\\$])\$(?!\s)([^$]+?)(?<![\\\s])\$(?!\d)")

APPLIED = re.compile(r"(<mi>(?:log|exp|tanh)</mi>)(?!<mo|</)")      # log D, with the space that LaTeX puts there


def formula(tex: str, block: bool = False) -> str:
    """A formula as MathML, on a line of its own if `block`; one that cannot be drawn, or cannot be for want of a package, as its source."""
    try:
        from latex2mathml.converter import convert

        return APPLIED.sub(r"\1<mspace width='0.17em'/>", convert(tex.strip(), display="block" if block else "inline"))
    except Exception:                                               # the converter trips over what it does not know in many ways
        return f"<code>{html.escape(tex.strip())}</code>"


def text(words: str) -> str:
    """A text with $formulas$ in it as HTML; all else is escaped."""
    parts = DOLLARS.split(words)
    return "".join(formula(part) if i % 2 else html.escape(part) for i, part in enumerate(parts))
