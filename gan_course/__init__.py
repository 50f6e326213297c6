"""The package behind the GAN course, small enough to read in an evening. In reading order:

    profile    how large to run (smoke, laptop, gpu), on which device, from which seed
    data       densities and images; `batches()` hands them out without end
    nets       the networks that more than one game uses
    crowd      several small networks trained side by side as one
    losses     each loss of the course once: logits in, a scalar to minimise out
    games      one GAN paper a file: who moves, which parameters, minimising what
    training   the only training loop: an iterator of records
    milestones the slow models after 0, 500 and 5,000 rounds, precomputed
    metrics    samples in, numbers out
    likeness   pictures beside their true partners: PSNR, SSIM, hue
    judge      small frozen classifiers whose features the metrics compare
    inception  the real FID and KID, with an extra package and its weights
    plots      numbers in, figures out; `show` puts a figure with its text description on the page
    claims     what a notebook asserts, checked where it is said
    results    the numbers, curves and images that a notebook hands to a batch of runs; `sweeps` shows a finished batch
    live       a training that plays while you watch; `scenes` is its picture, `views` what that shows of the game
    exercises  checks of the learner's own code, in words
    quiz       questions and predictions; they lie in `quizzes` as YAML, read by `strict_yaml`
    progress   the learner's own record; `dashboard` shows it
    widgets    sliders, the live lab, question cards: thin shells around plain functions
    batch      many runs from one manifest, and what came of them: for instructors
    classroom  a class: what was handed in is judged again and summed up; variants for each student
    pages      what instructors read, a self-contained page each; `mathml` draws its formulas
    cli        the command `gan-course`

Nothing is imported here, so that `import gan_course` costs nothing; take what you need from its own
module.
"""

__version__ = "0.1.0"
