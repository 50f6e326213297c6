"""The last exercise of notebook 06: an auditor for tables of results."""
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe


def find_the_lie(row, real):
    """One word about a row of a table of results; `real` is the row of real images."""
    shares = (row["precision"], row["recall"])
    if row["FCD"] < 0 or min(shares) < 0 or max(shares) > 1:
        return "impossible"
    if row["n"] != real["n"]:
        return "other n"
    if row["nearest"] < real["nearest"] / 2:
        return "copies"
    if row["FCD"] < 0.75 * real["FCD"]:
        return "leak"
    mean = sum(row["runs"]) / len(row["runs"])
    return "picked run" if abs(row["FCD"] - mean) > 0.02 else "honest"


REAL = {"n": 500, "FCD": 0.62, "precision": 0.96, "recall": 0.88, "nearest": 2.10,
        "runs": [0.55, 0.70, 0.61]}
HONEST = {"n": 500, "FCD": 4.43, "precision": 0.74, "recall": 0.81, "nearest": 1.94,
          "runs": [4.90, 3.62, 4.76]}
WORDS = {"impossible", "other n", "copies", "leak", "picked run", "honest"}


def word(seen):
    return next((value for name, value in seen.items() if name.startswith("the word")), "")


def audit(what, *mistakes, **changed):
    """A probe of the auditor: a row that is honest but for what is `changed`."""
    def look(results, inputs):
        return {f"the word for {what}": (result if isinstance(result, str)
                                         else f"a {type(result).__name__}")
                for result in results}
    return Probe(lambda: {"row": HONEST | changed, "real": dict(REAL)},
                 look,
                 (NO_KEY, *mistakes, NO_WORD, WRONG_WORD))


def missed(id, says):
    return Mistake(id, says, when=lambda seen: word(seen) == "honest")


def accused(id, of, says):
    return Mistake(id, says, when=lambda seen: word(seen) == of)


NO_KEY = Mistake("no_key", "A row has no entry of that name. It has n, FCD, precision, recall, "
                 "nearest and runs, spelled so.",
                 when=lambda seen: str(seen.get("the error", "")).startswith("KeyError"))
NO_WORD = Mistake("no_word", "It should answer with one of the six words of the table, as text, "
                  "spelled as there.",
                  when=lambda seen: word(seen) not in WORDS | {""})
WRONG_WORD = Mistake("wrong_word", "It sees that something is wrong with a row, and gives it "
                     "another name than the table of answers does. Which question is asked first, "
                     "and which answer belongs to it?",
                     when=lambda seen: word(seen) in WORDS)
AUDITS = (
    audit("an honest row",
          accused("copies_of_real", "copies",
                  "An honest row is accused of copying: its nearest training image, at 1.94, is "
                  "only a little nearer than that of real images, at 2.10. How near is too near?"),
          accused("leak_turned_round", "leak",
                  "An honest row is accused of a leak, because its FCD is above that of real "
                  "images. So is every generator's. Which way is suspicious?"),
          accused("exact_mean", "picked run",
                  "An honest row is accused of picking a run: its FCD is 4.43, the mean of its "
                  "runs 4.4267. The table is rounded, so equal to the last digit is too much to "
                  "ask.")),
    audit("an FCD of -0.31", Mistake(
        "negative_distance", "An FCD of -0.31 is not called impossible. A Fréchet distance is "
        "never below 0, and this question comes before all others.",
        when=lambda seen: word(seen) in ("leak", "picked run", "honest")),
          FCD=-0.31, runs=[-0.31]),
    audit("a precision of 1.04",
          missed("share_missed", "A precision of 1.04 goes through. It is a share."),
          precision=1.04),
    audit("a recall of -0.02",
          missed("negative_missed", "A recall of -0.02 goes through. A share has two ends."),
          recall=-0.02),
    audit("n = 100 beside real images with n = 500",
          missed("n_missed",
                 "A row with n = 100 beside real images with n = 500 goes through. Its FCD and "
                 "theirs cannot be compared."),
          n=100),
    audit("copies",
          missed("copies_missed",
                 "A row whose nearest training images are at distance 0 goes through: those are "
                 "copies."),
          nearest=0.0, FCD=0.71, runs=[0.71]),
    audit("near copies",
          missed("near_copies_missed",
                 "A row whose nearest training images are at 0.90, less than half of 2.10, goes "
                 "through. A copy with a little noise on it is a copy."),
          nearest=0.9),
    audit("an FCD of half that of real images", missed(
        "leak_missed", "An FCD of 0.31 goes through where real images have 0.62. Nothing is more "
        "like real images than real images."), FCD=0.31, runs=[0.30, 0.32]),
    audit("an FCD a little below that of real images", accused(
        "leak_without_tolerance", "leak", "An FCD of 0.58 is called a leak beside 0.62 for real "
        "images. Both are estimates, and 0.62 is itself a mean of runs from 0.55 to 0.70: a very "
        "good generator can come out a little lower."), FCD=0.58, runs=[0.57, 0.59]),
    audit("the lowest of three runs",
          missed("run_missed", "An FCD of 3.62 goes through as the mean of 4.90, 3.62 and 4.76."),
          FCD=3.62),
    audit("the highest of three runs",
          missed("high_missed",
                 "A mean of 4.90 for the runs 4.90, 3.62 and 4.76 goes through. Too high is wrong "
                 "too: it may be the rival's row."),
          FCD=4.90),
    audit("two things wrong",
          accused("order", "leak",
                  "A row has another n and an FCD far below that of real images. Numbers from "
                  "another n cannot be compared, so n comes first."),
          n=100, FCD=0.31, runs=[0.31]),
)


EXERCISES = (
    Exercise("06.find_the_lie", find_the_lie,
             AUDITS,
             ("A chain of `if ...: return ...`, in the order of the table; the last line returns "
              "\"honest\".",
              "`row[\"precision\"]` and `row[\"recall\"]` are shares: below 0 and above 1 are both "
              "impossible. The other conditions compare with `real[...]`.",
              "The mean of the runs is `sum(row[\"runs\"]) / len(row[\"runs\"])`. It may differ "
              "from the FCD by 0.02, in either direction."),
             "It sees what is wrong with a row. What is wrong with a sentence is left to you.",
             frozenset({"real_images", "rows"})),
)
