"""Train one of the course's games without a notebook, draw with it, and score folders of pictures.

    gan-course train dcgan --data folder --size 64 --minutes 30 -o out/
    gan-course sample out/ -n 64
    gan-course evaluate real/ fake/
    gan-course card out/

Read `recipes` first: it builds, for the name of a game, what the game's notebook builds. `train`
finds out which run the command line means, `run` is a loop around `Training` that keeps it in a
folder, `settings` is what it writes down there, `sample` draws with a run that was kept, `evaluate`
compares two folders, `card` writes a model card, and `commands` is the command line.
"""
