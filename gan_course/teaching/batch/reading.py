"""An executed notebook as one HTML file, to read without Jupyter and without a network: figures
inside, formulas as MathML.

nbconvert renders it, all but its page: its own templates fetch MathJax and more from elsewhere.
"""
from pathlib import Path

from gan_course.teaching import mathml, pages


def render(source: Path, file: Path, title: str) -> None:
    """Write a notebook as one HTML file.

    Args:
        source: the notebook.
        file: where the page goes.
        title: the page's title.

    Raises:
        ValueError: the notebook is damaged; the message names it.
    """
    import nbformat

    try:
        notebook = nbformat.reads(source.read_text(encoding="utf-8"), as_version=4)
        for cell in notebook.cells:  # a widget needs its scripts; its plain text stands for it
            for output in cell.get("outputs", []):
                output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
        body, _ = _exporter().from_notebook_node(notebook)
    except Exception as error:  # nbformat and nbconvert trip over damage in many ways
        raise ValueError(f"{source} cannot be rendered: {type(error).__name__}: "
                         f"{str(error).partition(chr(10))[0]}.") from None
    from pygments.formatters import HtmlFormatter

    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    pages.write(file, "notebook.html", title=title, notebook=body,
                colours=HtmlFormatter(style="friendly").get_style_defs(".highlight"), dark=dark)


def _exporter():
    from nbconvert.exporters import HTMLExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        """Markdown as nbconvert reads it, with formulas drawn by the browser."""

        def block_math(self, body):
            return f"<p>{mathml.formula(body, block=True)}</p>"

        multiline_math = block_math

        def latex_environment(self, name, body):
            return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")

        def inline_math(self, body):
            return mathml.formula(body)

    class Exporter(HTMLExporter):
        def default_filters(self):
            yield from super().default_filters()
            renderer = Renderer(escape=False, exclude_anchor_links=True)
            yield "markdown2html", lambda source: MarkdownWithMath(renderer=renderer).render(source)

    return Exporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True,
                    exclude_anchor_links=True)
