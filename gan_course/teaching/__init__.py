"""What instructors use. In reading order:

    notebooks  one notebook run from top to bottom; `parameter_cell` has the values it is given,
               `outputs` what it tells afterwards
    batch      many runs from one manifest, and what came of them
    classroom  what a class handed in is marked again and summed up; variants for each student
    pages      what instructors read, a self-contained page each; `mathml` draws its formulas,
               `formats` writes its numbers
"""
