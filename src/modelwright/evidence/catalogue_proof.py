"""Findings about the test, safeguards, the release, feedback and retraining."""

from __future__ import annotations

from modelwright.evidence.card import FindingCard

_C = FindingCard

PROOF: tuple[FindingCard, ...] = (
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
        "robustness.image", "pictures that go wrong spoil the predictions", "warning",
        "With pictures blurred, noisy, covered, darker, brighter, turned, shifted or compressed, much of the "
        "gain over the baseline is gone (a note where only the strongest change does it).",
        "Train with such pictures among the rows, or refuse them where predictions are made.",
    ),
    _C(
        "robustness.text", "texts that go wrong spoil the predictions", "warning",
        "With slips of the finger, words left out or words in another order, much of the gain over the "
        "baseline is gone (a note where only the strongest change does it).",
        "Train with such texts among the rows, or mend spelling where predictions are made.",
    ),
    _C(
        "robustness.audio", "sounds that go wrong spoil the predictions", "warning",
        "With noise behind the sound, another speed, level or moment, or clipping, much of the gain over the "
        "baseline is gone (a note where only the strongest change does it).",
        "Train with such sounds among the rows, or record otherwise.",
    ),
    _C(
        "robustness.series", "series that go wrong spoil the predictions", "warning",
        "With noise, gaps, a shift or another scale, much of the gain over the baseline is gone (a note "
        "where only the strongest change does it).",
        "Train with such series among the rows, or check the sensors where predictions are made.",
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
        "release.int8-loses", "int8 costs too much", "warning",
        "With 8-bit numbers the held-out score falls by over a hundredth, so the network ships as it is.",
        "Leave `release.int8` out of the goal, or train a larger network.",
    ),
    _C(
        "release.pruned-loses", "fewer channels cost too much", "warning",
        "With the least part of the channels taken out the held-out score falls by over a hundredth, so the "
        "network ships as it is.",
        "Leave `release.prune` out of the goal, or train a larger network.",
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
        "feedback.no-content", "pictures or sounds that the log does not hold", "warning",
        "Labelled rows of the log have columns of images, sounds or series, of which only measures are kept.",
        "Put new files with their labels into the source, and run the goal anew.",
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
