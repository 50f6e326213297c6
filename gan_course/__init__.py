"""The package behind the GAN course.

The GANs come first: these files are what a learner reads, in this order.

    profile      how large to run (smoke, laptop, gpu), on which device, from which seed
    data         densities and images; `batches()` hands them out without end
    nets         the networks that more than one game uses; those of one notebook lie beside it:
                 `conditional_networks`, `pyramid_networks`, `residual_networks`,
                 `style_networks`, `denoisers`
    crowd        several small networks trained side by side as one
    losses       each loss of the course once: logits in, a scalar to minimise out
    games        one GAN paper a file: who moves, which parameters, minimising what
    training     the only training loop, an iterator of records; its guards and checkpoints
    metrics      samples in, numbers out; `likeness` compares pictures with their true partners
    latent       walks and arithmetic in latent space; `projection` finds the latent code of a
                 picture, `codes` compares codes with known factors
    bounds       lower bounds of the likelihood, for VAE and diffusion model
    judge        frozen classifiers whose features the metrics compare, and the factors they read
                 with `readers`; `inception` is the real one
    milestones   the slow models, precomputed
    plots/       numbers in, figures out; `show` puts a figure with its description on the page
    saving       samples as files: a sheet, a file each, films

What makes it a course stands in four folders.

    lessons      claims, exercises, questions, the learner's record, the list of notebooks
    widgets      what is on the screen: the live lab, sliders, question cards, the painting pad
    teaching     for instructors: batches of runs, reports, a class's submissions
    terminal     without a notebook: train a game on your own pictures, draw with it, score folders

`files` and `paths` say how files are written and where they lie, `jobs` how a long job is stopped,
`advice` what helps against errors of the system; `cli` is the command `gan-course`. Nothing here
imports from what makes it a course, and `tests/test_layers.py` says what may import what. Nothing
is imported here, so that `import gan_course` costs nothing; take what you need from its own module.
"""

__version__ = "0.1.0"
