"""Personal data in texts: precision and recall of every kind on labelled texts, with 95% intervals.

    python benchmarks/privacy/run.py [--data FOLDER] [--texts 400]

The texts are made here from templates, by a fixed seed: each holds one to three pieces of personal data whose
places are known, in running text, forms and tables of several languages. Check digits are made by trying, with
code that the product does not share where that was feasible. Names in running text are measured on rows that
nothing was tuned on, too: names of real people and of customers in sample databases (passengers of the Titanic,
Chinook, Northwind), in sentences that were written before their results were looked at; and the people that
annotators found in tweets and forum posts (WNUT 17, its parts dev and test; its part train was looked at). As texts without personal
data: sentences of sst2 (film reviews, which do name persons: only the other kinds count there) and titles of
AG news for all kinds but names and addresses.

A find counts where it overlaps the labelled place and is of its kind. Results go to
``benchmarks/privacy/results.json``.
"""

# ruff: noqa: E501  (cases and templates are tables: a line each)

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.data.collect import collect
from modelwright.goal.sections import SourceSection
from modelwright.runtime.parse import names as lists
from modelwright.runtime.parse.mask import PATTERNS, spans
from modelwright.stats.intervals import wilson

HERE = Path(__file__).resolve().parent
Rng = np.random.Generator

GIVEN = (
    "Maria John Anna Peter Thomas Susan Lars Carlos Aisha Sipho Elena Hugo Ingrid Rahul Thabo Claire Marco Sofia "
    "Kwame Nokuthula Xiaoming Oluwaseun Thandiwe Bao Yerlan Saoirse Zsófia Ngozi Kaito Eskil Tuva Aroha Ximena "
    "Lerato Blessing Precious Mpho Ayanda Wanjiru Chinedu Farzana Gulnara Haruka Iolanda Jelena Kateryna"
).split()
FAMILY = (
    "Okafor Lindqvist Moreau Tanaka Petrov Rossi Haddad Novak Silva Smith Dlamini Kowalska García Müller Ndlovu "
    "Andersson Patel O’Connor Nguyen Kim Costa Schneider Bianchi Jansen Horvat Mokoena Achterberg Zulu"
).split()
STREETS = "Oak Main Church Park Victoria Mandela Long Station Mill Queen High Cedar Lincoln Harbour".split()
KINDS = "Street Road Avenue Lane Drive St Rd Ave".split()
DOMAINS = "example.org mail.example.com firma.example.de example.co.za uni.example.edu".split()


def pick(rng: Rng, options: list[str]) -> str:
    return options[int(rng.integers(len(options)))]


def number(rng: Rng, count: int) -> str:
    return "".join(str(d) for d in rng.integers(0, 10, count))


def luhn_ok(text: str) -> bool:
    table = "0246813579"
    return sum(int(table[int(c)]) if k % 2 else int(c) for k, c in enumerate(reversed(text))) % 10 == 0


def tried(make: Callable[[str], str], ok: Callable[[str], bool], signs: str = "0123456789") -> str:
    """The first of ``make(sign)`` that is right."""
    return next(text for text in map(make, signs) if ok(text))


def card(rng: Rng) -> str:
    body = pick(rng, ["4", "51", "55"])
    body += number(rng, 15 - len(body))
    whole = tried(lambda c: body + c, luhn_ok)
    between = pick(rng, ["", " ", "-"])
    return between.join(whole[k : k + 4] for k in range(0, 16, 4))


def iban(rng: Rng) -> str:
    country, length = (("DE", 18), ("BE", 12), ("DK", 14), ("FI", 14), ("AT", 16))[int(rng.integers(5))]
    body = number(rng, length)
    turned = int(body + "".join(str(ord(c) - 55) for c in country) + "00")
    whole = f"{country}{98 - turned % 97:02}{body}"
    return " ".join(whole[k : k + 4] for k in range(0, len(whole), 4)) if rng.random() < 0.5 else whole


def birth(rng: Rng, form: str) -> str:
    year, month, day = int(rng.integers(1940, 2004)), int(rng.integers(1, 13)), int(rng.integers(1, 28))
    return form.format(y=year, yy=f"{year % 100:02}", m=f"{month:02}", d=f"{day:02}")


def _ssn(rng: Rng) -> str:
    return f"{int(rng.integers(1, 665)):03}-{int(rng.integers(1, 99)):02}-{int(rng.integers(1, 9999)):04}"


def _nino(rng: Rng) -> str:
    return f"{pick(rng, ['AB', 'JK', 'PC', 'YE'])} {number(rng, 2)} {number(rng, 2)} {number(rng, 2)} {pick(rng, list('ABCD'))}"


def _dni(rng: Rng) -> str:
    n = int(rng.integers(10**7, 10**8))
    return f"{n}{'TRWAGMYFPDXBNJZSQVHLCKE'[n % 23]}"


def _pesel(rng: Rng) -> str:
    body = birth(rng, "{yy}{m}{d}") + number(rng, 4)
    if int(body[:2]) < 10:
        body = "5" + body[1:]
    return tried(
        lambda c: body + c,
        lambda t: (
            sum(int(a) * b for a, b in zip(t, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True)) % 10 == 0
        ),
    )


def _za(rng: Rng) -> str:
    body = birth(rng, "{yy}{m}{d}") + number(rng, 4) + pick(rng, ["0", "1"]) + "8"
    return tried(lambda c: body + c, luhn_ok)


def _cpf(rng: Rng) -> str:
    d = [int(c) for c in number(rng, 9)]
    for _ in range(2):
        rest = sum(a * b for a, b in zip(d, range(len(d) + 1, 1, -1), strict=True)) % 11
        d.append(0 if rest < 2 else 11 - rest)
    t = "".join(map(str, d))
    return f"{t[:3]}.{t[3:6]}.{t[6:9]}-{t[9:]}"


def _se(rng: Rng) -> str:
    body = birth(rng, "{yy}{m}{d}") + number(rng, 3)
    whole = tried(lambda c: body + c, luhn_ok)
    return f"{whole[:6]}-{whole[6:]}"


def _be(rng: Rng) -> str:
    body = birth(rng, "{yy}{m}{d}")
    body = ("6" + body[1:] if int(body[:2]) < 40 else body) + f"{int(rng.integers(1, 998)):03}"
    check = f"{97 - int(body) % 97:02}"
    return f"{body[:2]}.{body[2:4]}.{body[4:6]}-{body[6:9]}.{check}"


def _nir(rng: Rng) -> str:
    body = pick(rng, ["1", "2"]) + birth(rng, "{yy}{m}") + number(rng, 2) + number(rng, 6)
    whole = f"{body}{97 - int(body) % 97:02}"
    return f"{whole[0]} {whole[1:3]} {whole[3:5]} {whole[5:7]} {whole[7:10]} {whole[10:13]} {whole[13:]}"


NATIONAL = (_ssn, _nino, _dni, _pesel, _za, _cpf, _se, _be, _nir)


def person(rng: Rng) -> str:
    return f"{pick(rng, GIVEN)} {pick(rng, FAMILY)}"


def phone(rng: Rng) -> str:
    a, b, c = number(rng, 3), number(rng, 3), number(rng, 4)
    return pick(rng, [f"+27 82 {a} {c}", f"+1 (212) {a}-{c}", f"({a}) {b}-{c}", f"020 {number(rng, 4)} {c}",
                      f"+49 30 {number(rng, 6)}", f"{a}.{b}.{c}", f"082 {a} {c}", f"+33 6 12 34 {number(rng, 2)} 78"])  # fmt: skip


def ip(rng: Rng) -> str:
    if rng.random() < 0.2:
        return f"2001:db8:{int(rng.integers(1, 9999)):x}::{int(rng.integers(1, 9999)):x}"
    return f"{pick(rng, ['192.168', '203.0', '198.51', '172.16'])}.{int(rng.integers(0, 256))}.{int(rng.integers(1, 255))}"


def address(rng: Rng) -> str:
    n = int(rng.integers(1, 400))
    return pick(rng, [f"{n} {pick(rng, STREETS)} {pick(rng, KINDS)}", f"{n} {pick(rng, STREETS)} {pick(rng, STREETS)} {pick(rng, KINDS)}",
                      f"Bahnhofstraße {n}", f"Lindenweg {n}", f"{n} rue Pasteur", f"P.O. Box {n}", f"Calle Mayor {n}"])  # fmt: skip


PIECES: dict[str, tuple[Callable[[Rng], str], tuple[str, ...]]] = {
    "email": (
        lambda r: f"{pick(r, GIVEN).lower()}.{pick(r, FAMILY).lower().replace('’', '')}@{pick(r, DOMAINS)}",
        ("write to {}", "mail: {}", "({}) asked again", "Antwort an {} bitte"),
    ),
    "card": (card, ("paid with {}", "card {} was declined", "Kreditkarte {}", "no. {} exp 04/27")),
    "phone": (phone, ("call {}", "tel. {}", "reach me at {} after five", "WhatsApp {}")),
    "iban": (iban, ("transfer to {}", "IBAN {}", "refund on {} please")),
    "national id": (
        lambda r: NATIONAL[int(r.integers(len(NATIONAL)))](r),
        ("ID number {}", "id: {}", "the client ({}) confirmed", "numéro {}"),
    ),
    "ip": (ip, ("login from {}", "client {} disconnected", "[{}] GET /index")),
    "birth date": (
        lambda r: birth(r, pick(r, ["{y}-{m}-{d}", "{d}/{m}/{y}", "{d}.{m}.{y}"])),
        ("born on {}", "DOB: {}", "date of birth {}", "geboren am {}"),
    ),
    "address": (address, ("lives at {}", "ship to {}", "moved from {} last year")),
    "name": (
        person,
        (
            "{} called today",
            "spoke to {} about it",
            "my name is {}",
            "for Mr. {}",
            "signed, {}",
            "{} wants a refund",
        ),
    ),
}
FILLER = (
    "the order arrived late", "please advise", "invoice 20931 is open", "version 2.4.1 failed", "room 12, floor 3",
    "on 2023-04-05 at 10:30", "total 1,249.50", "ref 88-1204", "3 of 5 stars", "Monday Morning Report", "New York Office",
    "part no. 4410-22", "error 0x1F", "score 98 to 87", "ISBN 978-3-16-148410-0", "batch 123456789", "km 120 of 400",
    "South Street Market opened", "Great Britain won", "tracking 1234 5678 9012", "lat -33.92487",
)  # fmt: skip


def made(rng: Rng) -> tuple[str, list[tuple[int, int, str]]]:
    """One text, and the places of what is personal in it."""
    kinds = rng.permutation(list(PIECES))[: int(rng.integers(0, 4))].tolist()
    parts: list[tuple[str, str, str]] = [
        ("", pick(rng, list(FILLER)), "") for _ in range(int(rng.integers(1, 4)))
    ]
    for kind in kinds:
        make, frames = PIECES[kind]
        before, _, after = pick(rng, list(frames)).partition("{}")
        parts.append((before, f"\0{kind}\0{make(rng)}", after))
    text, labelled = "", []
    for at in rng.permutation(len(parts)).tolist():
        before, middle, after = parts[at]
        text += before
        if middle.startswith("\0"):
            _, kind, value = middle.split("\0")
            labelled.append((len(text), len(text) + len(value), kind))
            middle = value
        text += middle + after + pick(rng, [". ", "; ", ", "])
    return text, labelled


def sound(data: Path, name: str, column: int) -> list[str]:
    folder = data / "text_classification" / name
    path = max((p for p in folder.iterdir() if p.suffix in (".csv", ".tsv")), key=lambda p: p.stat().st_size)
    frame: pl.DataFrame = collect(SourceSection(str(path)), Book(), None).table.get()
    return frame.drop("__row__")[:, column].drop_nulls().to_list()[:3000]


HELD = (
    "Hi team, {} has not received the parcel yet.", "I had a long chat with {} this morning.",
    "Please forward this to {} in accounts.", "{}'s laptop was stolen.", "According to {}, the door was open.",
    "the appointment of {} is on Tuesday", "{} and her husband are both insured.", "Best wishes\n{}",
    "The claim was filed by {} in March.", "ticket assigned to {}", "{} (policy holder) disputes the amount",
    "We visited {} at home.", "my neighbour {} saw everything", "Yesterday {} fell on the stairs.",
    "The landlord, {}, refuses to pay.", "user {} cannot log in",
)  # fmt: skip
SOUND = (
    "The Central Line was late again.", "Our Berlin Office is closed on Good Friday.", "Delivered by Royal Mail in March.",
    "I bought the Nike Air Max at Victoria Station.", "The Premium Plan of Acme Insurance is too dear.",
    "Flight from Cape Town to Addis Ababa, Gate B12.", "Please read the Terms and Conditions.",
    "Windows Update failed on Dell Latitude.", "The Second World War began in Poland.", "United Nations Day",
    "Monday Night Football was on.", "Room Service did not come to Deluxe Suite.", "San Diego and Santa Cruz",
    "Harry Potter Studio Tour", "Black Friday Sale at Best Buy", "He studied at Cambridge University.",
)  # fmt: skip
"""Capitalised words that name nobody (but a figure of a novel)."""


def real_names(data: Path) -> dict[str, list[str]]:
    """Names as people write them, by source."""
    import re
    import sqlite3

    titanic = pl.read_csv(next(data.rglob("titanic.csv")))["Name"].to_list()
    found: dict[str, list[str]] = {"Titanic": [], "Chinook": [], "Northwind": []}
    for text in titanic:
        family, _, rest = text.partition(", ")
        rest = re.sub(r"\(.*", "", rest)
        first = [w for w in rest.split() if not w.endswith(".") and w.isalpha()]
        if first and rest.split()[0] in ("Mr.", "Miss.", "Master."):
            found["Titanic"].append(f"{first[0]} {family}")
    with sqlite3.connect(f"file:{next(data.rglob('Chinook_Sqlite.sqlite'))}?mode=ro", uri=True) as base:
        for table in ("Customer", "Employee"):
            found["Chinook"] += [
                f"{a} {b}" for a, b in base.execute(f"select FirstName, LastName from {table}")
            ]
    sql = next(data.rglob("northwind_sql_dump/create.sql")).read_text(encoding="utf-8", errors="replace")
    rows = re.findall(
        r"(?is)insert into customers \([^)]*\)\s*values\s*\(\s*n?'[^']*',\s*n?'(?:[^']|'')*',\s*n?'((?:[^']|'')*)'",
        sql,
    )
    found["Northwind"] = [row.replace("''", "'") for row in rows]
    return {source: sorted(set(names)) for source, names in found.items() if names}


def tweets(path: Path) -> list[tuple[str, list[tuple[int, int, int]]]]:
    """Texts with the places of people (begin, end, words)."""
    made: list[tuple[str, list[tuple[int, int, int]]]] = []
    text, people = "", []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if not line.strip():
            if text:
                made.append((text, people))
            text, people = "", []
            continue
        word, _, tag = line.partition("\t")
        begin = len(text)
        text += word + " "
        if tag.strip() == "B-person":
            people.append((begin, begin + len(word), 1))
        elif tag.strip() == "I-person" and people:
            people[-1] = (people[-1][0], begin + len(word), people[-1][2] + 1)
    return made


def held_out(data: Path) -> dict[str, Any]:
    """Names on rows that nothing was tuned on: recall and precision with intervals."""
    results: dict[str, Any] = {}

    def told(name: str, hit: int, there: int, right: int, found: int) -> None:
        results[name] = {
            "recall": hit / max(1, there), "recall_interval": wilson(hit, max(1, there)), "labelled": there,
            "precision": right / max(1, found), "precision_interval": wilson(right, max(1, found)), "found": found,
        }  # fmt: skip
        r = results[name]
        print(f"held out, {name}: recall {r['recall']:.3f} ({r['recall_interval'][0]:.3f} to {r['recall_interval'][1]:.3f}) of {there}, "
              f"precision {r['precision']:.3f} ({r['precision_interval'][0]:.3f} to {r['precision_interval'][1]:.3f}) of {found}")  # fmt: skip

    rng = np.random.default_rng(21)
    for source, names in real_names(data).items():
        hit = right = found = 0
        for name in names:
            frame = pick(rng, list(HELD))
            begin = frame.index("{}")
            text = f"{frame.format(name)} {pick(rng, list(SOUND))}"
            places = [(b, e) for b, e, kind in spans(text, ("name",))]
            hit += any(b < begin + len(name) and begin < e for b, e in places)
            right += sum(b < begin + len(name) and begin < e for b, e in places)
            found += len(places)
        told(f"names of {source}", hit, len(names), right, found)
    hit = there = right = found = single = single_hit = 0
    for part in ("emerging.dev.conll", "emerging.test.annotated"):
        for text, people in tweets(next(data.rglob(part))):
            places = [(b, e) for b, e, kind in spans(text, ("name",))]
            for begin, end, words in people:
                one = any(b < end and begin < e for b, e in places)
                if words > 1:
                    there, hit = there + 1, hit + one
                else:
                    single, single_hit = single + 1, single_hit + one
            right += sum(any(b < end and begin < e for begin, end, _ in people) for b, e in places)
            found += len(places)
    told("WNUT 17, names of two words or more", hit, there, right, found)
    told("WNUT 17, names of one word", single_hit, single, right, found)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    parser.add_argument("--texts", type=int, default=3000)
    asked = parser.parse_args()
    rng = np.random.default_rng(20)
    right = dict.fromkeys(PATTERNS, 0)
    there, told, wrong = dict(right), dict(right), dict(right)
    names = {True: [0, 0], False: [0, 0]}
    for _ in range(asked.texts):
        text, labelled = made(rng)
        found = spans(text)
        for begin, end, kind in labelled:
            there[kind] += 1
            hit = any(k == kind and b < end and begin < e for b, e, k in found)
            right[kind] += hit
            if kind == "name":
                known = text[begin:end].split()[0].lower() in lists.given()
                names[known][0] += hit
                names[known][1] += 1
        for begin, end, kind in found:
            told[kind] += 1
            wrong[kind] += not any(k == kind and b < end and begin < e for b, e, k in labelled)
    lines: list[dict[str, Any]] = []
    for kind in PATTERNS:
        count_found = told[kind]
        precision, recall = (
            wilson(count_found - wrong[kind], max(1, count_found)),
            wilson(right[kind], max(1, there[kind])),
        )
        lines.append({"kind": kind, "labelled": there[kind], "found": count_found, "wrong": wrong[kind],
                      "precision": (count_found - wrong[kind]) / max(1, count_found), "precision_interval": precision,
                      "recall": right[kind] / max(1, there[kind]), "recall_interval": recall})  # fmt: skip
        print(f"{kind:12} n={there[kind]:5}  precision {lines[-1]['precision']:.3f} ({precision[0]:.3f} to {precision[1]:.3f})"
              f"  recall {lines[-1]['recall']:.3f} ({recall[0]:.3f} to {recall[1]:.3f})")  # fmt: skip
    for known, (hit, all_) in names.items():
        print(
            f"names whose first name the product {'knows' if known else 'does not know'}: recall {hit / max(1, all_):.3f} of {all_}"
        )
    alarms: dict[str, dict[str, int]] = {}
    for name, column in (("sst2", 0), ("ag_news_7600", 1)):
        texts = sound(asked.data, name, column)
        kinds = tuple(k for k in PATTERNS if k not in ("name", "address"))
        count = dict.fromkeys(kinds, 0)
        for text in texts:
            for _, _, kind in spans(str(text), kinds):
                count[kind] += 1
        alarms[name] = {"texts": len(texts), **count}
        print(f"{name}: {len(texts)} texts without personal data; found {sum(count.values())}: "
              f"{ {k: n for k, n in count.items() if n} }")  # fmt: skip
    results = {
        "texts": asked.texts,
        "kinds": lines,
        "names": {str(k): v for k, v in names.items()},
        "held_out_names": held_out(asked.data),
        "sound": alarms,
    }
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
