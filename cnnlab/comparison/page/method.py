"""How the verdicts come about, in words, with their sources as plain text."""

from __future__ import annotations

from cnnlab.comparison.comparison import Comparison
from cnnlab.pages.markup import Content, tag

METHOD = {
    "Pairs": """
        Runs are paired by seed: the seed decides the split, the order of the images and the first weights
        of all arms where the networks are alike. What it adds to both arms of a pair cancels in the
        difference, which may be much or little: r is the correlation of the arms over the seeds, and beside it
        stands how many times as many unpaired seeds would be as sure. What the arms differ in besides the
        factor is listed at the verdict. A pair of which one run is missing is not used and is named.
    """,
    "Interval and test": """
        Student's t of the paired differences (Student 1908, Biometrika 6). At five seeds it holds its error
        rate, where the percentile bootstrap gives 16 to 18 % false positives and Wilcoxon's test can never
        reach .05. The interval beside a verdict is that of the verdict's test: of 95 % where 0 is tested, of
        90 % where two one-sided tests show equality, with one end where one side was refuted, and of the
        level of the claim's step of Holm's correction where several are read together. Held against 0 and
        against the margin it says what the verdict says. The intervals of single arms are of 95 %.
    """,
    "Equal": """
        means shown to be equal: two one-sided tests against the margin (Schuirmann 1987, J. Pharmacokinet.
        Biopharm. 15). A difference that is not significant is not taken for equality.
    """,
    "Many claims": """
        Holm's correction (1979, Scand. J. Stat. 6) over all claims read together, for supported and for
        refuted verdicts each. Controls, interactions, divergences and equal-setting rows are families of
        their own.
    """,
    "Could have shown": """
        the smallest true difference that the claim's own test with these seeds, this spread and this
        correction shows with 80 % power (Cohen 1988, Statistical Power Analysis); of a claim of equality also
        the smallest margin within which it shows arms to be equal that are. A spread that a few seeds show is
        uncertain itself, of five by a factor of 0.6 to 2.9: the range beside is what the ends of its 95 %
        interval give. More seeds: from the same calculation, if mean and spread stay as they are, which they
        rarely quite do.
    """,
    "Diverged runs": """
        NaN or infinity. Their shares are compared by Boschloo's exact test (1970, Statistica Neerlandica
        24), where a seed has several runs on a side by a permutation of the seeds' shares (Pitman 1937,
        Suppl. J. R. Stat. Soc. 4), one arm's with a number by the exact binomial test of its seeds: runs
        of one seed are no more than one run to a test. No arm is called equal, or better, on the
        strength of its surviving runs alone.
    """,
    "Time to a target": """
        right-censored at the budget: a run that did not reach it counts with the budget, as in the
        restricted mean (Royston and Parmar 2013, BMC Med. Res. Methodol. 13). Over another number of the
        run it is no more than a bound, and no verdict rests on a difference that the rest of a run could
        turn round.
    """,
    "All seeds alike": """
        the spread is not taken to be less than what rounding to the measure's resolution leaves (Sheppard
        1898), and the share of seeds that might behave otherwise is bounded (Clopper and Pearson 1934,
        Biometrika 26).
    """,
    "Looking again": """
        Adding seeds because a verdict was inconclusive, and judging again at 5 %, raises the rate of false
        verdicts: looking at 3, 5 and 10 seeds to 11 %. So looks have levels of their own, which spend the 5 %
        in proportion to the seeds (Lan and DeMets 1983, Biometrika 70), worked out for Student's t, and Holm's
        correction at each look (Maurer and Bretz 2013, Stat. Biopharm. Res. 5). Looks that were not declared
        are recorded and corrected for, too. A claim that a look has settled stays settled.
    """,
}


def method() -> Content:
    return tag(
        "dl",
        [tag("div", tag("dt", name), tag("dd", " ".join(words.split()))) for name, words in METHOD.items()],
        class_="method",
    )


def discipline(comparison: Comparison) -> str:
    """What was selected on what, and how often the test images were looked at."""
    looks = sum("test/acc" in trial.result for trial in comparison.ledger.all())
    tuned = f" So were the values of {', '.join(comparison.study.tuned)}." if comparison.study.tuned else ""
    if not looks:
        return "No run has looked at the test images."
    return (
        f"Each run's epoch was chosen by validation accuracy.{tuned} Each run looked at the test images once, "
        f"with that checkpoint: {looks} looks in all."
    )
