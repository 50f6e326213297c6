"""Sliders and buttons.

The only part of the package that imports ipywidgets; each widget is a thin shell around a plain
function.
"""
