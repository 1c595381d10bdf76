"""Findings about leaks, the analysis, the candidates and their training."""

from __future__ import annotations

from modelwright.evidence.card import FindingCard

_C = FindingCard

MODELS: tuple[FindingCard, ...] = (
    _C(
        "leak.golden-feature", "one column gives the target away", "blocker",
        "A single input predicts the target almost perfectly on rows it was not fitted on. It was "
        "probably made from "
        "the target or after it.",
        "Name it in `data.later`, or accept the finding with the reason why it is known in time.",
    ),
    _C(
        "analyse.imputation", "another way of filling in missing numbers is better", "note",
        "On rows of training, a quick model is proven better with another way of filling in missing numbers "
        "than the one that families use. The report's table compares all.",
        "Fill them in at the source in that way.",
    ),
    _C(
        "leak.parts", "the target is a sum or product of inputs", "blocker",
        "The numeric target is an exact straight combination of inputs, or their product or ratio, to the "
        "last digit.",
        "Name the parts in `data.later`, or compute the target without a model.",
    ),
    _C(
        "leak.known-afterwards", "filled in because of the target", "blocker",
        "Whether a value of the column is there tells the target, as with the date of an event that is to be "
        "predicted.",
        "Name it in `data.later`, or accept the finding with the reason.",
    ),
    _C(
        "leak.together", "all inputs together give the target away", "warning",
        "A quick model predicts rows that it has not seen almost without error, though no single column "
        "gives the target away. Either the task is easy, or something that is known only afterwards is among "
        "the inputs.",
        "Name what is known only afterwards in `data.later`, or accept the finding with the reason.",
    ),
    _C(
        "leak.later-date", "a date after the row's time", "warning",
        "A date is later than `data.time` in most rows, so it may not be known when the prediction is made.",
        "Name it in `data.later`, unless it is planned in advance.",
    ),
    _C(
        "leak.undeclared-group", "rows of one thing, and no group", "warning",
        "An identifier repeats and rows that share it answer alike, so they should not be on both sides.",
        "Name it as `data.group`.",
    ),
    _C(
        "analyse.contradictions", "equal rows, different answers", "note",
        "Rows that are alike in every input have different targets, which bounds what any model can reach.",
        "Look for the input that tells them apart, or for mistakes in the labels.",
    ),
    _C(
        "analyse.coverage", "slices with few rows", "warning",
        "A value of a sensitive column, or of one that a criterion slices by, has few development rows.",
        "Collect more of these rows.",
    ),
    _C(
        "analyse.drift", "change over time", "warning",
        "The last third of the development rows is unlike the first (population stability index of 0.25 "
        "or more).",
        "Learn from recent rows, retrain often, watch the column when the model is live.",
    ),
    _C(
        "analyse.duplicate-columns", "inputs that say the same", "note",
        "Two inputs are equal up to scale or names.",
        "Set the kind of one to ignore.",
    ),
    _C(
        "analyse.heavy-tails", "heavy tails", "note",
        "The largest values of a number dwarf the rest.",
        "Nothing for trees; other families get it on a scale that tames the tail.",
    ),
    _C(
        "analyse.high-cardinality", "very many values", "note",
        "A category has a hundred values or more.",
        "Group its values by what they mean.",
    ),
    _C(
        "analyse.identifier", "an input that identifies the row", "warning",
        "A category that is kept as an input is different in nine rows of ten.",
        "Name it in `data.keys`, or make it a text.",
    ),
    _C(
        "analyse.missing", "mostly missing", "note",
        "An input is missing in half of the rows (a warning from 95%).",
        "Find out why; fill it at the source, or ignore it.",
    ),
    _C(
        "analyse.missingness", "missing values that carry the target", "note",
        "Where the input is missing, the target is different.",
        "Make sure that values will be missing for the same reasons later.",
    ),
    _C(
        "analyse.outliers", "numbers far from all others", "warning",
        "A few values are more than ten times the usual range away.",
        "Check units and decimal points.",
    ),
    _C(
        "analyse.rare-categories", "categories too rare to learn", "note",
        "Values of a category have fewer than five rows.",
        "Merge values that mean the same.",
    ),
    _C(
        "analyse.target-skew", "a target with a heavy tail", "warning",
        "One row in a hundred carries half of the variance of the numeric target.",
        "Judge by mae, median_ae or mape, or predict its logarithm.",
    ),
    _C(
        "analyse.too-few-rows", "too few rows", "warning",
        "Fewer than a hundred rows, twenty of a class, or ten an input (a note).",
        "Collect more rows, merge classes, or leave inputs out.",
    ),
    _C(
        "choose.nothing-suits", "no family suits", "warning",
        "Every family but the baselines declined these rows.",
        "Read the reasons in the leaderboard; name other families or lift `interpretable`.",
    ),
    _C(
        "train.failed-fits", "configurations that failed", "note",
        "Some configurations raised an error and were left out.",
        "See the run's log.",
    ),
    _C(
        "train.limits-cost-accuracy", "a larger ensemble would be more accurate", "note",
        "The best ensemble is larger or slower than the goal's size or latency criterion, or the default "
        "limits, allow; the best one within them ships, and what the other would give is said.",
        "Allow more with criteria on `size` or `latency_p99`, where the gain is worth it.",
    ),
    _C(
        "train.nothing-fits", "nothing within the limits", "warning",
        "No candidate is as small and quick as the goal's size or latency criterion asks; the nearest ships.",
        "Allow more, or name lighter families.",
    ),
    _C(
        "train.from-scratch", "a network that has seen nothing else", "note",
        "The leading network began with random weights and learned from few rows. Networks that were "
        "trained on much more of the same kind before need fewer rows for the same accuracy.",
        "Name a folder with pretrained weights in `search.pretrained`.",
    ),
    _C(
        "train.not-distilled", "no smaller network was made", "note",
        "The goal asks for a smaller network that learns from the chosen ones; none was trained.",
        "Give more time, or leave `search.distil` out.",
    ),
    _C(
        "train.more-rows-would-help", "more rows would help", "note",
        "The held-out score still rises with the number of rows.",
        "Collect more rows of the same kind.",
    ),
    _C(
        "train.only-baselines", "only baselines were fitted", "warning",
        "No candidate beyond the baselines was fitted.",
        "Allow more time or trials, or name families that suit.",
    ),
    _C(
        "train.overfitting", "overfitting", "note",
        "The best candidate is much better on the rows it learnt from than on others.",
        "Follow the advice beside it in the leaderboard.",
    ),
    _C(
        "train.underfitting", "underfitting", "warning",
        "The best candidate is poor even on the rows it learnt from.",
        "Follow the advice beside it in the leaderboard.",
    ),
    _C(
        "train.unstable", "unstable", "warning",
        "The best candidate does very differently from fold to fold.",
        "Follow the advice beside it in the leaderboard.",
    ),
    _C(
        "train.sampled", "fitted on a sample", "note",
        "Families that take categories as columns of their own learned from a sample of a very large table.",
        "Nothing.",
    ),
    _C(
        "train.stopped-by-user", "stopped on request", "note",
        "The search was asked to end; the best so far went on.",
        "Resume with more budget.",
    ),
)  # fmt: skip
