"""Findings about the goal, what was collected, how it was cleaned."""

from __future__ import annotations

from modelwright.evidence.card import FindingCard

_C = FindingCard

ROWS: tuple[FindingCard, ...] = (
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
        "collect.increment", "what was kept and what was added", "note",
        "The goal reads increments: rows that an earlier run read are kept, and only what is new is read. It "
        "is said what was added; where what was read before has changed, all was read again.",
        "Leave `increment` out of data to read all of it in every run.",
    ),
    _C(
        "collect.log", "how a log became rows", "note",
        "The source is a system log. Its format was found by its first lines, its templates by Drain "
        "over all.",
        "Say otherwise under `data.reading`: `format` for how lines begin, `window` for windows of time "
        "as rows.",
    ),
    _C(
        "collect.survey", "a survey with two header rows", "note",
        "The source has two header rows: questions, and below them the answers that its columns stand for.",
        "If the second row is one of the data, name every column in the first.",
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
        "[near]}` does not look for them.",
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
        "privacy.forgotten", "rows that were deleted", "note",
        "After the run, `modelwright data forget` took rows of people out of all that the run keeps. Its "
        "counts and results are those of before, and its model has learned from these rows.",
        "Train anew from the source without these rows, and delete the run.",
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
        "clean.winsorise-unused", "nothing to winsorise", "warning",
        "The goal asks for a column to be winsorised that holds no numbers, or is no input.",
        "Take `winsorise` out of `data.columns`, or say `kind: number` there.",
    ),
    _C(
        "profile.outliers", "numbers far from the rest", "note",
        "Values of a column lie more than ten median absolute deviations of their side from its median. "
        "Nothing is changed by itself: trees are not harmed by them, and families that add numbers up draw "
        "them in to bounds that are fitted on the training rows of each fold.",
        "See whether they are mistakes. `least` and `most` of a column under `data.columns` read what is "
        "beyond as missing; `winsorise` there, or under `clean`, draws it in to bounds.",
    ),
)  # fmt: skip
