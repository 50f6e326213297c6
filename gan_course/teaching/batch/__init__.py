"""The instructor's side: many runs of notebooks from one manifest, here or on a cluster, and a
record of each. In reading order:

    manifest   the YAML file that says what runs
    run        one run, as it is asked for
    record     what is known of a run that has ended: the file run.json
    execute    one run, in processes of its own (`child`), watched from outside
    schedule   a batch from its first run to its last; `screen` shows how it stands, `estimate` how
               long it takes
    local      what does the runs: this machine, or `cluster`, the workers of a Dask cluster
    calibrate  from a batch to the records in data/calibration
    commands   what `gan-course` offers of this
"""
