"""Names of people in running text: by lists of given and family names, and by the words around them.

Lists alone miss the names of most of the world, and words around alone miss most sentences; each is asked for
less where the other speaks. Names that stand alone ("Anna called") are found behind "Mr.", "Dear" and such
words only: a single capitalised word is too often something else.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

_UP, _LOW = "A-ZÀ-ÖØ-ÞĀ-Ž", "a-zà-öø-ÿā-ž"
WORD: Final = rf"[{_UP}](?:[{_LOW}]|[’'](?!s\b)(?=\w)|-(?=\w))+(?:[{_UP}][{_LOW}]+)*"
_CAPS = rf"[{_UP}]{{3,}}(?:[’'-][{_UP}]{{2,}})?"
_BETWEEN = (
    r"(?:(?: [A-Z]\.)*(?: (?:van|von|de|da|del|dos|di|du|la|le|bin|ibn|al|el|ter|zu))*"
    r"(?: (?:der|den|la|las|los))? )"
)
_TITLE = (
    r"Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Rev|Sir|Madam|Herr|Frau|Mme|Mlle|Monsieur|Madame|Sr|"
    r"Sra|Srta|Señor|Señora|Don|Doña|Sig|Signor|Signora|Dott|Mevrouw|Meneer|Pan|Pani|Sgt|Capt|Lt|"
    r"Nurse|Mrs"
)
_CUE = (
    r"my (?:full )?name is|(?:i am|i'm|he is|she is) called|name[:=]|named|signed[:,]?|(?:kind |"
    r"best |warm )?regards,?|sincerely,?|yours,|cheers,|dear|hi|hello|attn[:.]?|attention[:,]?|c/o|"
    r"contact[:=]|patient[:=]?|client[:=]|customer[:=]|employee[:=]|applicant[:=]|sender[:=]|"
    r"recipient[:=]|author[:=]|(?:spoke|speak|talked|talk|met) (?:to|with)|ask(?:ed)? for|m'appelle|"
    r"je m'appelle|ich heiße|mi nombre es|me llamo|mi chiamo|mein name ist"
)
_SAID = (
    r"(?:called|phoned|rang|emailed|e-mailed|texted|wants|wanted|asked|asks|complained|complains|"
    r"replied|answered|lives|lived|moved|paid|ordered|wrote|writes|visited|came|forgot|confirmed|"
    r"told|cancelled|requested|signed|says|thinks|is (?:my|our|his|her)|was born|and (?:I|his|her)|"
    r"(?:has|had) (?:called|asked|paid|moved|been|not)|will (?:call|be))\b"
)
PATTERN: Final = re.compile(
    rf"(?:\b(?:{_TITLE})\.? (?P<title>{WORD}(?:{_BETWEEN}{WORD}){{0,2}})"
    rf"|(?i:(?<!\w)(?:{_CUE})) +(?P<cue>{WORD}(?:{_BETWEEN}{WORD}){{0,2}})"
    rf"|(?<![\w’'@#])(?P<caps>{_CAPS}(?: [A-Z]\.?)? {_CAPS})"
    rf"|(?<![\w’'@#])(?P<short>{WORD} [A-Z]\.)(?= |$)(?! {WORD})"
    rf"|(?<![\w’'@#])(?P<run>{WORD}(?:{_BETWEEN}{WORD}){{1,4}})(?P<said>(?=,? {_SAID}))?)(?!\w)"
)
"""Where a name may stand: behind a title, behind a cue, in capitals, as "Anna B.", or in a run of capitalised
words."""

NO_NAMES: Final = frozenset(  # places, firms, times, people by what they are, words that begin sentences
    (
        "street st road rd avenue ave lane drive court place square university college school hospital "
        "county city state park river lake island islands bay beach hotel church station airport museum "
        "company corp inc ltd llc plc bank group market report office north south east west northern "
        "southern eastern western central upper lower great new old saint san santa los las el united "
        "national international federal royal american british english french german italian spanish "
        "african asian european chinese japanese russian indian israeli iraqi iraq iran africa america "
        "europe asia australia canada britain england france germany italy spain china japan russia india "
        "world union league cup open club team party army navy force house senate congress court council "
        "commission committee department ministry institute society association foundation center centre "
        "building tower bridge mount mountain fort port cape gulf sea ocean valley hill hills forest "
        "desert garden gardens green hall palace castle stadium arena theatre theater gallery library "
        "press news times post journal daily today magazine radio hurricane tropical storm typhoon cyclone "
        "red white black blue golden silver big little january february march april may june july august "
        "september october november december monday tuesday wednesday thursday friday saturday sunday "
        "morning evening night christmas easter day week month year president minister prime chairman "
        "chairwoman chief officer executive director manager king queen prince princess pope judge justice "
        "senator governor mayor general colonel captain sergeant lieutenant coach doctor professor "
        "secretary ambassador rep sen gov gen spokesman spokeswoman all customer friend sir madam the this "
        "that these those our your my his her their its we you they he she it if in on at by for from to "
        "with and or but not no yes what when where who whom why how which some any most more many much "
        "both each every other another such only also then than so as an is are was were be been has have "
        "had do does did can could will would should must please thanks thank dear hello hi hey good best "
        "bad first last next after before since while during about over under between into out up down off "
        "again here there now just still even very too let see get got go went come came take took make "
        "made say said tell told ask call called met spoke contact visit ship send sent order invoice "
        "total ref note re fw fwd error version room floor part batch tracking score top everybody "
        "everyone anybody anyone nobody somebody someone folks guys both kind regards microsoft google "
        "apple oracle intel amazon yahoo sony ibm ford boeing airbus reuters twitter facebook youtube"
    ).split()
)

PLACES: Final = frozenset(
    "san santa saint st los las la el fort ft mount lake port air real prince lady new".split()
)
"""Behind these a given name is a part of something else's: San Jose, Fort Wayne, Air Jordan."""
BOTH: Final = frozenset("west king bush black white green hill hall ford young french may day".split())
"""Of :data:`NO_NAMES`, those that are family names behind a given name that is common."""


@cache
def common() -> frozenset[str]:
    """Given names, casefolded, that are common in several languages."""
    return _read("given_common.txt")


@cache
def given() -> frozenset[str]:
    """Given names of some seventy languages, casefolded, :func:`common` among them."""
    return _read("given.txt") | common()


@cache
def family() -> frozenset[str]:
    """Family names, casefolded."""
    return _read("family.txt")


def _read(name: str) -> frozenset[str]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return frozenset(text.casefold().split())


def span(found: re.Match[str]) -> tuple[int, int] | None:
    """What of a match of :data:`PATTERN` is a name, as (begin, end); None where nothing is."""
    for part in ("title", "cue"):
        if found.group(part):
            words = _words(found, part)
            while words and words[-1][2] in NO_NAMES:
                words.pop()
            return (words[0][0], words[-1][1]) if words and words[0][2] not in NO_NAMES else None
    if found.group("caps") or found.group("short"):
        whole = (found.group("caps") or found.group("short")).casefold().replace("’", "'").split()
        told = whole[0] in common() and whole[0] not in NO_NAMES and whole[-1] not in NO_NAMES
        return found.span() if told else None
    words = _words(found, "run")
    said = found.group("said") is not None
    for at in range(len(words) - 1):
        if at and words[at - 1][2] in PLACES:
            continue
        if _begins(words[at][2], words[at + 1][2], said and at + 2 == len(words)):
            end = at + 1
            while end + 1 < len(words) and end - at < 2 and words[end + 1][2] not in NO_NAMES:
                end += 1
            return words[at][0], words[end][1]
    return None


def _begins(first: str, second: str, said: bool) -> bool:
    """Whether a name begins with these two words."""
    if (
        first in NO_NAMES
        or first in PLACES
        or (second in NO_NAMES and not (second in BOTH and first in common()))
    ):
        return False
    if first in common() or (first in given() and (said or second in family() or second in given())):
        return True
    return said or (second in family() and first not in family())


def _words(found: re.Match[str], part: str) -> list[tuple[int, int, str]]:
    """(begin, end, casefolded) of the capitalised words of a group."""
    start = found.start(part)
    return [
        (start + one.start(), start + one.end(), one.group().casefold().replace("’", "'"))
        for one in _EACH.finditer(found.group(part))
    ]


_EACH = re.compile(rf"(?<!\w){WORD}")
