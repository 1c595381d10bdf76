"""Findings about labels, and how rows were parted."""

from __future__ import annotations

from modelwright.evidence.card import FindingCard

_C = FindingCard

LABELS: tuple[FindingCard, ...] = (
    _C(
        "label.agreement", "how far annotators agree", "note",
        "Several people labelled the rows: how many, how far they agree beyond chance, and how they "
        "were settled "
        "(a warning where Krippendorff's alpha is below 0.667 beyond doubt).",
        "Make the guidelines clearer, ask more people, and have the rows settled where they differ.",
    ),
    _C(
        "label.corrected", "labels that a person looked at", "note",
        "The file of corrections changed or confirmed labels. Rows that were looked at are not doubted "
        "again.",
        "Nothing.",
    ),
    _C(
        "label.corrected-test", "corrected labels in the test", "warning",
        "Corrections changed labels of test rows. Where rows were looked at because a model doubted "
        "them, the test then agrees with models more than the truth does.",
        "Keep seed and data as they were in the run that doubted the labels, give `data.test`, or have all "
        "test rows looked at.",
    ),
    _C(
        "label.corrections-stale", "corrections that fit no label", "warning",
        "Corrections speak of a label that the row does not have any more, or of a row that was "
        "dropped; they "
        "were left out.",
        "Make the file anew from a run on this data, or name rows by `data.keys`.",
    ),
    _C(
        "label.errors-likely", "labels that are probably wrong", "note",
        "Models that had not seen a row contradict its label with confidence, or a number lies many "
        "times the "
        "usual error away. Some of these labels are right: the model may be wrong.",
        "Look at `doubt/label_errors.csv`, fill in `correct`, and name the file as `label.corrections`.",
    ),
    _C(
        "label.mended-gain", "what mending labels has given", "note",
        "People changed labels since an earlier run. The best single configuration was fitted once more on "
        "the labels as they were, and both fits are judged on the same held-out rows by the mended labels.",
        "Mend the next labels of `doubt/label_errors.csv` where it pays.",
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
        "Rows without a label were given one by labelling rules, weighed by a label model. They are "
        "learned from, "
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
        "No row for the test was labelled by hand, so the test measures agreement with the rules, not "
        "with the "
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
        "split.test-near-copies", "rows to learn from that nearly equal test rows", "note",
        "The test rows are given, and pictures or texts of rows to learn from are nearly the same. Those "
        "were left out of training, so that the test shows skill.",
        "Check how the test rows came about; `split: {duplicates: independent}` keeps them.",
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
)  # fmt: skip
