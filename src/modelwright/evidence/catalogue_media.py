"""Findings about images, sounds and documents: as they were read, and as their columns were cleaned."""

from __future__ import annotations

from modelwright.evidence.card import FindingCard

_C = FindingCard

MEDIA: tuple[FindingCard, ...] = (
    _C(
        "collect.parts", "the parts that the source gives", "note",
        "Folders train/ and test/ (or files of such names) part the rows; the test rows are the given ones.",
        "Put the rows into one folder if they should be parted anew, or say how under `split`.",
    ),
    _C(
        "collect.no-class", "files outside of the folders of classes", "warning",
        "The folder of a file is its label, and some files lie in none.",
        "Move them into the folder of their class, or take them out of the source.",
    ),
    _C(
        "collect.name-pattern", "files that are not named by the pattern", "warning",
        "`data.reading.name` makes columns of the parts of file names, and some names have not these parts.",
        "Name them like the others, or take them out of the source.",
    ),
    _C(
        "collect.other-files", "files that were not read", "note",
        "The source holds files of other kinds than the one that most of its files have.",
        "Name the folder or a pattern of the files that are wanted, if these are.",
    ),
    _C(
        "collect.empty-documents", "documents without a text", "warning",
        "Files of documents are empty, or hold white space alone. Their texts are missing; their rows stay.",
        "Copy them again from where they came from, or take them out of the source.",
    ),
    _C(
        "collect.media-attached", "files that a column names", "note",
        "A column of a table names files of images or sounds below the folder of the table (or in an archive "
        "beside it). Their contents take its place; the names stay in a column of their own.",
        "Name the column under `data.keys` if the names are what counts, and not what the files hold.",
    ),
    _C(
        "collect.media-missing", "files that are named and not there", "warning",
        "A table names files that do not exist. Their cells are missing; no row is lost.",
        "Add the files, or take their rows out of the table.",
    ),
    _C(
        "collect.media-unnamed", "files that the table of labels does not name", "warning",
        "Files of the folder have no row in the table of labels beside them, and so no label.",
        "Add their rows to the table, or take the files out of the source.",
    ),
    _C(
        "collect.media-refused", "names that lead out of the data folder", "warning",
        "A table names files by absolute paths, by .. or through links that lead out of the folder of the "
        "table. They were not opened: a table must not be able to read any file of the machine.",
        "Copy the files below the folder of the table, and name them relative to it.",
    ),
    _C(
        "collect.media-address", "addresses of files", "warning",
        "A column holds addresses (https://...) of images or sounds. Nothing is fetched that a goal did not "
        "name.",
        "Fetch the files, put them below the folder of the table, and name them relative to it.",
    ),
    _C(
        "clean.media-unreadable", "files that cannot be used", "warning",
        "Cells that are no image or sound, or damaged ones. They are missing; their rows stay.",
        "Mend or replace the files that are named, or take their rows out.",
    ),
    _C(
        "clean.media-truncated", "files that are cut short", "warning",
        "Files that end before their content does. They are missing: half a picture is not learned from.",
        "Copy the files again from where they came from.",
    ),
    _C(
        "clean.media-empty", "files of zero length", "warning",
        "Files without a single byte. They are missing.",
        "Copy the files again from where they came from.",
    ),
    _C(
        "clean.media-bomb", "files that would fill the memory", "warning",
        "The header promises more pixels than are ever decoded: a decompression bomb, or a scan for print. "
        "Nothing of it was decoded, and the cell is missing.",
        "Look where the file comes from; scale it down if it is a real one.",
    ),
    _C(
        "clean.media-extension", "file names with the wrong suffix", "note",
        "The content is of another format than the suffix says. The content counts.",
        "Rename the files; other programs will stumble over them.",
    ),
    _C(
        "clean.media-animated", "pictures of several frames", "note",
        "Only the first frame is looked at.",
        "Save the frames as files of their own, if the others matter.",
    ),
    _C(
        "clean.media-depth", "pictures of more than 8 bits", "note",
        "Values of 16 bits and more are scaled to 8, by one factor for the whole column.",
        "Nothing, unless fine differences of brightness are what matters.",
    ),
    _C(
        "clean.media-colours", "pictures of several kinds of colour", "note",
        "Palettes, CMYK and transparent pictures are turned into red, green and blue, or grey.",
        "Look at a few; if a kind of colour comes with one class only, save all in one way, or a model may "
        "learn the kind of file.",
    ),
    _C(
        "clean.media-size", "pictures of extreme sizes", "warning",
        "Pictures that are far smaller, larger or longer than the others lose most of what they show when "
        "all are brought to one size.",
        "Look at the pictures that are named, and crop or remove them.",
    ),
    _C(
        "clean.media-flat", "pictures of one colour", "warning",
        "Every pixel is the same: there is nothing to be seen.",
        "Look at the pictures that are named, and remove them.",
    ),
    _C(
        "clean.media-silent", "sounds without a sound", "warning",
        "Recordings that are silent from beginning to end.",
        "Listen to those that are named, and remove them.",
    ),
    _C(
        "clean.media-channels", "sounds of several channels", "note",
        "They are mixed down to one channel.",
        "Nothing, unless what differs between the channels is what matters.",
    ),
    _C(
        "clean.media-rate", "sounds of another rate", "note",
        "They are resampled to the rate of the column.",
        "Look whether the rate goes with a class: a model may then learn the recorder.",
    ),
    _C(
        "clean.media-duration", "sounds of extreme lengths", "note",
        "Sounds that are longer than the form of the column are cut, shorter ones are padded with silence.",
        "Cut long recordings into pieces, a row each, if what matters may come late.",
    ),
)  # fmt: skip
