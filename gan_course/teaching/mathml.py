"""Formulas for pages that are read without a network: LaTeX in, MathML out, which browsers draw
themselves.
"""
import html
import re
from xml.etree import ElementTree

DOLLARS = re.compile(r"(?<![\\$])\$(?!\s)([^$]+?)(?<![\\\s])\$(?!\d)")
# log D, with the space that LaTeX puts there
APPLIED = re.compile(r"(<mi>(?:log|exp|tanh)</mi>)(?!<mo|</)")
ELEMENTS = set("math mi mn mo ms mtext mspace mrow mfrac msqrt mroot mstyle mpadded mphantom "
               "menclose msub msup msubsup munder mover "
               "munderover mmultiscripts mtable mtr mtd".split())
REFUSED = re.compile(r"on|href|src|style|xlink")


def formula(tex: str, block: bool = False) -> str:
    r"""A formula as MathML.

    Nothing but MathML comes out, whatever goes in: the converter itself lets markup inside \text
    pass.

    Args:
        tex: the formula in LaTeX, without dollar signs.
        block: whether it stands on a line of its own.

    Returns:
        The MathML; the source as code where the formula, or this installation, cannot be drawn.
    """
    try:
        from latex2mathml.converter import convert

        known = tex.strip().replace("{aligned}", "{align*}")  # the same, and the converter knows it
        drawn = convert(known, display="block" if block else "inline")
        for element in ElementTree.fromstring(drawn).iter():
            if element.tag.rpartition("}")[2] not in ELEMENTS or any(
                    map(REFUSED.match, element.attrib)):
                raise ValueError("more than a formula")
    except Exception:  # the converter trips over what it does not know in many ways
        return f"<code>{html.escape(tex.strip())}</code>"
    return APPLIED.sub(r"\1<mspace width='0.17em'/>", drawn)


def text(words: str) -> str:
    """A text with $formulas$ in it as HTML; all else is escaped."""
    parts = DOLLARS.split(words)
    return "".join(formula(part) if i % 2 else html.escape(part) for i, part in enumerate(parts))
