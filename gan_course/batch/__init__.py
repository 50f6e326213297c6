"""The instructor's side: many runs of notebooks from one manifest, here or on a cluster, and a record of each. In reading order:

    record     what is known of a run that has ended: the file run.json
"""
