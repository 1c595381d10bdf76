"""Every finding that a run can report: its stable code, what it means, and what to do about it.

A goal accepts a finding by its code (``accept: {leak.golden-feature: "why"}``), or for one column only
(``leak.golden-feature:grade``). Codes are a contract: they may be added, never renamed.
"""

from __future__ import annotations

from dataclasses import dataclass

from modelwright.core.records.evidence import Severity


@dataclass(frozen=True, slots=True)
class FindingCard:
    """What can be said of a code without a run."""

    code: str
    title: str
    severity: Severity
    """The usual one; a run may grade by degree."""
    meaning: str
    remedy: str


def _cards(*cards: FindingCard) -> dict[str, FindingCard]:
    made = {card.code: card for card in cards}
    if len(made) != len(cards):
        raise ValueError("a code of a finding stands twice in the catalogue")
    return made


_C = FindingCard

FINDINGS: dict[str, FindingCard] = _cards(
    _C(
        "goal.no-criteria", "no criterion of success", "warning",
        "The goal does not say how good the model must be, so it only has to beat the best baseline.",
        "Add criteria under `success`.",
    ),
    _C(
        "goal.asks-nothing", "a criterion that asks for nothing", "warning",
        "The criterion is met by always naming the commonest class, by lot, or by the mean.",
        "Ask for more than can be had without a model.",
    ),
    _C(
        "collect.broken-rows", "broken rows", "warning",
        "Rows of a source could not be read (too many cells, a quote that never closes). They are kept "
        "in the "
        "quarantine file with their line numbers and reasons, and take no part.",
        "Mend them in the source.",
    ),
    _C(
        "collect.columns", "columns named by place", "note",
        "The source had no header, or columns without a name or with a name that stood before.",
        "Give every column a name of its own in the source.",
    ),
    _C(
        "collect.nested", "how nested records became rows", "note",
        "The source is nested (JSON, XML). What one row is, and what became of lists and records inside of a "
        "row, was chosen by looking at all of it.",
        "Say otherwise under `data.reading`: `records` for what a row is, `nested` for single places.",
    ),
    _C(
        "collect.log", "how a log became rows", "note",
        "The source is a system log. Its format was found by its first lines, its templates by Drain over all.",
        "Say otherwise under `data.reading`: `format` for how lines begin, `window` for windows of time as rows.",
    ),
    _C(
        "collect.encoding", "not UTF-8", "note",
        "A text file was read in another encoding, chosen by its look.",
        "Check names with accents; save the file as UTF-8.",
    ),
    _C(
        "clean.ambiguous-date", "day or month first", "warning",
        "No date of the column tells whether the day or the month stands first.",
        "Write dates as year-month-day in the source.",
    ),
    _C(
        "clean.constant", "constant column", "note",
        "The column has the same value in every row (or none) and is left out.",
        "Nothing, or give it a kind in `data.columns` to keep it.",
    ),
    _C(
        "clean.duplicates", "equal rows", "note",
        "Rows equal an earlier row in every column that is not a key. They stay on one side of every "
        "split, or are "
        "dropped where one record was entered twice.",
        "Say `clean: {duplicates: drop}`, or `split: {duplicates: independent}` where they are different.",
    ),
    _C(
        "clean.identifier", "identifier", "note",
        "The column is different in nearly every row and is left out: a model would learn rows by heart.",
        "Nothing, or give it a kind in `data.columns` to keep it.",
    ),
    _C(
        "clean.near-duplicates", "nearly equal rows or texts", "note",
        "Rows differ from another in one column alone, and little there; or texts share four in five of "
        "their word triples with another (a warning from one row in a hundred).",
        "Drop one of each in the source, or name what they share as `data.group`. `clean: {off: "
        "[near-duplicates]}` does not look for them.",
    ),
    _C(
        "clean.no-inputs", "nothing to learn from", "warning",
        "Every column is constant, an identifier, or kept out by the goal.",
        "Bring columns in with `data.columns`, or add some to the source.",
    ),
    _C(
        "clean.personal", "personal data changed", "note",
        "The column holds personal data by its look, and was dropped, masked or hashed as the goal asks.",
        "Nothing.",
    ),
    _C(
        "clean.personal-found", "personal data", "warning",
        "The column holds personal data by its look (names, addresses, phone, card, account or national "
        "numbers, IP addresses, dates of birth), and the goal does not say what is to be done with it.",
        "Say so as `personal` under `data`: drop, mask, hash, generalise or keep.",
    ),
    _C(
        "privacy.consent-missing", "no ground for using the data", "blocker",
        "The goal requires the ground on which the data may be used, and names none.",
        "Write it as `consent` under `data`.",
    ),
    _C(
        "privacy.licence-missing", "no licence of the data", "blocker",
        "The goal requires the data's licence, and names none.",
        "Write it as `licence` under `data`.",
    ),
    _C(
        "privacy.k-anonymity", "how many rows hide each other", "note",
        "The rows of the smallest group that shares all quasi-identifiers (a blocker where the goal asks for "
        "more).",
        "Make these columns coarser, or leave rows of small groups out.",
    ),
    _C(
        "privacy.l-diversity", "what a group gives away", "note",
        "The least number of different values of a sensitive column within a group (a blocker where the goal "
        "asks for more).",
        "Make the quasi-identifiers coarser.",
    ),
    _C(
        "clean.sentinel", "a number that may mean missing", "warning",
        "One extreme number (such as -999) stands far from all others and repeats. It is never changed "
        "by itself.",
        "If it means missing, say so in `data.columns` spellings.",
    ),
    _C(
        "clean.characters-lost", "characters that were lost", "warning",
        "Texts hold the sign that stands for a character nobody could decode; it cannot be told any more.",
        "Export the source again, as UTF-8.",
    ),
    _C(
        "clean.future-date", "dates in the future", "warning",
        "A few dates lie after the day on which the data was read, in a column that holds no plans.",
        "Mend them in the source.",
    ),
    _C(
        "clean.impossible", "values that cannot be", "warning",
        "A few numbers break what the name of the column says: an age below zero, a latitude of 200. They "
        "are never changed by themselves.",
        "Give the column `least` and `most` in `data.columns`; what lies beyond is then missing.",
    ),
    _C(
        "clean.mixed-types", "numbers and words in one column", "warning",
        "A column of numbers has words in more than one cell in fifty, and was taken as a category.",
        "Read the words as missing with `data.columns` spellings, or say `kind: number`.",
    ),
    _C(
        "clean.repaired", "broken texts mended", "note",
        "Texts that were decoded with the wrong table (UTF-8 read as Windows-1252), escaped for HTML, or "
        "with characters that nobody sees were mended. The same is done at prediction time.",
        "Mend the source.",
    ),
    _C(
        "clean.unit-assumed", "numbers whose unit was taken by their size", "warning",
        "Numbers without a unit stand beside several units.",
        "Write the unit in the source, or in the column's name.",
    ),
    _C(
        "clean.unit-mix", "numbers that may be in two units", "warning",
        "The numbers of a column fall into two heaps, and one has the distribution of the other when it is "
        "multiplied by a usual factor (100: centimetres and metres). They are never changed by themselves.",
        "Write all values in one unit in the source.",
    ),
    _C(
        "clean.units", "several units brought to one", "note",
        "Numbers are written in several units of one thing (kg and lb), and were brought to one. The same is "
        "done at prediction time.",
        "Give factors of your own with `units` in `data.columns`.",
    ),
    _C(
        "clean.units-apart", "units that do not go together", "warning",
        "Numbers are written in units that cannot be turned into one another, and were taken as a category.",
        "Give a factor with `units` in `data.columns`, and `kind: number`.",
    ),
    _C(
        "clean.unreadable", "cells that could not be read", "warning",
        "Cells of a column of numbers, dates or yes and no hold something else, and count as missing.",
        "Give their spellings in `data.columns`, or another kind for the column.",
    ),
    _C(
        "clean.variants", "spelling variants written as one", "note",
        "Values of a category that are one value in other spellings (accents, hyphens, points) "
        "were written as the commonest of them. The same is done at prediction time.",
        "Name a value for itself in `data.columns` spellings where it is one of its own.",
    ),
    _C(
        "clean.variants-proposed", "values that may be other spellings", "warning",
        "Values of a category look like abbreviations or misspellings of others, and were left as they are "
        "(a note where all of them are misspellings).",
        "Confirm with `data.columns` spellings or `variants: all`, or name a value for itself.",
    ),
    _C(
        "label.agreement", "how far annotators agree", "note",
        "Several people labelled the rows: how many, how far they agree beyond chance, and how they were settled "
        "(a warning where Krippendorff's alpha is below 0.667 beyond doubt).",
        "Make the guidelines clearer, ask more people, and have the rows settled where they differ.",
    ),
    _C(
        "label.corrected", "labels that a person looked at", "note",
        "The file of corrections changed or confirmed labels. Rows that were looked at are not doubted again.",
        "Nothing.",
    ),
    _C(
        "label.corrections-stale", "corrections that fit no label", "warning",
        "Corrections speak of a label that the row does not have any more, or of a row that was dropped; they "
        "were left out.",
        "Make the file anew from a run on this data, or name rows by `data.keys`.",
    ),
    _C(
        "label.errors-likely", "labels that are probably wrong", "note",
        "Models that had not seen a row contradict its label with confidence, or a number lies many times the "
        "usual error away. Some of these labels are right: the model may be wrong.",
        "Look at `doubt/label_errors.csv`, fill in `correct`, and name the file as `label.corrections`.",
    ),
    _C(
        "label.imbalance", "rare class", "note",
        "A class has less than a fifth of the share it would have if all classes were equal (a warning "
        "below a "
        "twenty-fifth).",
        "Judge by pr_auc, recall or balanced_accuracy, and collect more such rows.",
    ),
    _C(
        "label.test-spelling", "classes spelled otherwise in the test rows", "note",
        "The test file writes classes in another case, with blanks or a full stop; they were matched.",
        "Give classes one spelling in both files.",
    ),
    _C(
        "label.weak", "labels made by rules", "note",
        "Rows without a label were given one by labelling rules, weighed by a label model. They are learned from, "
        "and not tested on.",
        "Label some rows by hand: they show how good each rule is.",
    ),
    _C(
        "label.weak-poor", "a rule that is no better than chance", "warning",
        "On rows labelled by hand a rule is right less often than its class is common.",
        "Mend the rule, or take it out.",
    ),
    _C(
        "label.weak-test", "tested on labels made by rules", "blocker",
        "No row for the test was labelled by hand, so the test measures agreement with the rules, not with the "
        "truth.",
        "Label some rows by hand, or give some as `data.test`.",
    ),
    _C(
        "label.unlabelled", "rows without a target", "note",
        "Rows whose target is missing are left out (a warning above one row in twenty).",
        "Find out why they have none: where that depends on the answer, the model learns a bias.",
    ),
    _C(
        "split.alike-by-chance", "rows alike by chance", "note",
        "Many rows equal another in inputs and target while rows with equal inputs often differ in the "
        "target, as in tables of a few short columns. They are not kept on one side.",
        "Drop duplicates where one record was entered twice.",
    ),
    _C(
        "split.near-duplicates", "test rows that nearly equal rows to learn from", "note",
        "Test rows differ little from a row to learn from (a warning from one in a hundred), so on them the "
        "test shows memory.",
        "Name what such rows share as `data.group`, or drop one of each in the source.",
    ),
    _C(
        "split.duplicates", "very many copies", "warning",
        "At least three rows in ten equal an earlier one. Copies stay on one side, so the test is "
        "harder than rows "
        "that may be copies too.",
        "Name the columns that tell records apart as `data.keys`, or drop duplicates.",
    ),
    _C(
        "split.duplicates-independent", "equal rows taken for different things", "note",
        "The goal says `split: {duplicates: independent}`: rows that are exactly alike are parted like all "
        "others, so some of the test were learnt. The result holds where new rows repeat old ones as often.",
        "Say `together` where one record was entered twice.",
    ),
    _C(
        "split.few-groups", "few groups in the test", "warning",
        "Intervals resample groups; with fewer than ten they are too narrow.",
        "Collect more groups, or use outer folds.",
    ),
    _C(
        "split.group-straddles", "a group on both sides", "blocker",
        "Rows of one group are learnt and tested, so the test shows recognition and not skill.",
        "Part the rows by group.",
    ),
    _C(
        "split.test-copies", "copies of test rows left out", "note",
        "Rows to learn from that equal rows of a given test part were left out of training.",
        "Check how the test rows came about.",
    ),
    _C(
        "split.test-seen", "the test rows were learnt", "blocker",
        "More than half of the rows to learn from equal rows of a given test part; leaving them out "
        "would leave too "
        "little.",
        "Give test rows that were not learned from.",
    ),
    _C(
        "split.time-missing", "rows without a time", "warning",
        "Rows whose `data.time` is missing are taken as the earliest.",
        "Fill the time in, or leave the rows out.",
    ),
    _C(
        "split.time-overlap", "training and test overlap in time", "warning",
        "Some rows to learn from are later than the earliest test row.",
        "Part the rows in time order.",
    ),
    _C(
        "leak.golden-feature", "one column gives the target away", "blocker",
        "A single input predicts the target almost perfectly on rows it was not fitted on. It was "
        "probably made from "
        "the target or after it.",
        "Name it in `data.later`, or accept the finding with the reason why it is known in time.",
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
        "train.stopped-by-user", "stopped on request", "note",
        "The search was asked to end; the best so far went on.",
        "Resume with more budget.",
    ),
    _C(
        "test.low-coverage", "intervals that miss too often", "warning",
        "Prediction intervals or sets contain the truth less often than asked.",
        "Look for drift between validation and test rows, and for groups.",
    ),
    _C(
        "test.not-better-than-baseline", "not shown to beat a baseline", "warning",
        "The paired interval of the difference to a baseline reaches zero.",
        "Bring rows or columns that tell more of the target.",
    ),
    _C(
        "test.outer-folds", "tested by outer folds", "note",
        "Every row was scored by the model of the outer fold that had not seen it; the model of the last "
        "fold ships.",
        "Leave a margin: the folds' models share training rows, so intervals are a little too narrow.",
    ),
    _C(
        "test.opened-before", "test rows opened before", "note",
        "The same test rows were scored by an earlier run; intervals are wider for it.",
        "Bring new test rows.",
    ),
    _C(
        "test.fragile", "one field can spoil the predictions", "warning",
        "With one field disturbed (missing, noisy, in another unit) much of the gain over the baseline "
        "is gone.",
        "Check this field where predictions are made, and watch it live.",
    ),
    _C(
        "test.skipped", "parts of the test left out", "note",
        "Some of the deeper tests would have taken too long and were not made.",
        "Give the run more time.",
    ),
    _C(
        "test.weak-slice", "rows on which the model is weak", "warning",
        "Among many slices that were looked at, one is worse than the rest after correction for the "
        "looking (a note "
        "where the model's own probabilities say so).",
        "Bring more rows like these, or columns that tell them apart.",
    ),
    _C(
        "safeguard.gap", "groups treated differently", "warning",
        "Two groups of a sensitive column differ in a rate (selection, true or false positives, precision, "
        "calibration, error) by more than its limit, and the difference is shown with all pairs allowed for.",
        "Ask whether the difference is grounded in the matter; look at the data of the worse treated group.",
    ),
    _C(
        "safeguard.personal-data", "personal data among the inputs", "warning",
        "An input holds e-mail addresses, phone numbers or payment card numbers, by their look.",
        "Leave the column out, or set `personal: mask`, `drop` or `hash`.",
    ),
    _C(
        "safeguard.small-group", "groups too small to judge", "note",
        "Some groups of a sensitive column have too few test rows to prove how they are treated.",
        "Bring more rows of these groups to the test.",
    ),
    _C(
        "release.forced", "released by force", "warning",
        "The model was released although its verdict did not allow it.",
        "Use it only where that verdict is enough.",
    ),
    _C(
        "release.graph-differs", "the graph differs from its parts", "blocker",
        "The exported graph does not answer as the fitted models do.",
        "Report this defect.",
    ),
    _C(
        "release.not-packaged", "a package was not made", "warning",
        "A package that `release.targets` asks for could not be made; the bundle is there.",
        "Make it with `modelwright package`.",
    ),
    _C(
        "release.unsigned", "not signed", "note",
        "Hashes detect damage; only a signature detects tampering.",
        "Name a key as `release.sign_with`.",
    ),
    _C(
        "feedback.column-missing", "a column that the log does not hold", "warning",
        "An input is missing in labelled rows of the log, dropped or masked there as the goal asks.",
        "Compare on live answers (`modelwright retrain --promote shadow`), or log the column.",
    ),
    _C(
        "feedback.group-missing", "groups that the log does not hold", "warning",
        "The goal's group of labelled rows is not known: masked as personal data, or not sent.",
        "Send a number that stands for the group and says nothing of a person.",
    ),
    _C(
        "feedback.selected", "feedback that depends on the answer", "warning",
        "How many rows get feedback depends on what was answered.",
        "Ask for the outcomes of rows drawn by lot.",
    ),
    _C(
        "feedback.share", "how many rows have feedback", "note",
        "The share of the answered rows whose outcome is known.",
        "Ask for the outcomes of rows drawn by lot.",
    ),
    _C(
        "feedback.unknown-outcome", "outcomes that no model could have answered", "warning",
        "Feedback names a class that the champion does not know, or no number where one is asked for.",
        "Correct it; where there is a new class, add rows of it to the source and run the goal anew.",
    ),
    _C(
        "retrain.history-torn", "lines of a live model's history that cannot be read", "warning",
        "The history of what answers has lines that were cut short; when a trial began may not be known.",
        "Nothing, where few rows are lost.",
    ),
    _C(
        "retrain.copies", "labelled rows that copy rows of the other side", "note",
        "Labelled rows equal rows on the other side of the split, and were left out.",
        "Nothing: what is learned is not judged on.",
    ),
    _C(
        "retrain.read-again", "the source was read again", "warning",
        "The rows that the champion was made from are no longer in the store.",
        "Keep runs until their model is retired.",
    ),
)  # fmt: skip
