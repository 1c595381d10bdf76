"""Personal data in texts: every kind by published examples, and what only looks like it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadInput
from modelwright.runtime.parse import identifiers as ids
from modelwright.runtime.parse.mask import PATTERNS, build, check_of, finds, spans

# From the standards, the offices' own pages, or the makers' test numbers; none is a living person's.
VALID = {
    "ssn": ["078-05-1120", "219-09-9999"],
    "nino": ["AB123456C", "AA 12 34 56 A"],
    "nhs": ["943 476 5919", "450 557 7104"],
    "de": ["86095742719", "47 036 892 816"],
    "dni": ["12345678Z", "X1234567L", "00000000T"],
    "nir": ["2 55 08 14 168 025 38", "255081416802538"],
    "cf": ["RSSMRA85T10A562S"],
    "be": ["85.07.30-033.28"],
    "pesel": ["44051401359", "02070803628"],
    "se": ["811228-9874", "19811228-9874"],
    "hetu": ["131052-308T"],
    "cpf": ["111.444.777-35", "529.982.247-25"],
    "aadhaar": ["2341 2341 2346"],
    "pan": ["ABCPE1234F"],
    "za": ["8001015009087"],
    "cn": ["11010519491231002X", "440524188001010014"],
    "sin": ["046 454 286"],
    "curp": ["HEGG560427MVZRRL04"],
    "ahv": ["756.9217.0769.85"],
}


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in VALID.items() for t in texts])
def test_national_identifiers(kind: str, text: str) -> None:
    _, test = ids.NATIONAL[kind]
    if kind != "sin":  # its example begins with 0, which is not given out
        assert test(text)
        assert finds("national id", f"no. {text}, thanks")
        assert build({"how": "mask", "patterns": ["national id"]})(f"no. {text}.") == "no. <national id>."


@pytest.mark.parametrize("kind", [k for k in VALID if k not in ("ssn", "nino", "pan", "sin")])
def test_one_wrong_digit_is_noticed(kind: str) -> None:
    _, test = ids.NATIONAL[kind]
    for text in VALID[kind]:
        at = max(k for k, c in enumerate(text) if c.isdecimal())
        wrong = [text[:at] + str(d) + text[at + 1 :] for d in range(10) if str(d) != text[at]]
        assert not any(test(one) for one in wrong), kind


KINDS = {
    "email": ["ann.lee@example.org", "o'neil+x@mail.example.co.za"],
    "card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"],
    "phone": ["+27 82 123 4567", "(212) 555-0187", "212-555-0187", "020 7946 0958", "+49 (0)30 901820"],
    "iban": ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "NL91ABNA0417164300"],
    "ip": ["192.168.10.44", "203.0.113.7", "2001:db8::8a2e:370:7334"],
    "birth date": ["born on 12 March 1984", "DOB: 1984-03-12", "date of birth 12/03/1984"],
    "address": ["221B Baker Street", "1600 Pennsylvania Ave", "12 rue de Rivoli", "Hauptstraße 12",
                "P.O. Box 1234"],
    "name": ["Mr. Smith", "my name is Thandi Nkosi", "Dear Zanele,", "Maria Gonzalez", "John F. Kennedy"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in KINDS.items() for t in texts])
def test_kinds(kind: str, text: str) -> None:
    assert finds(kind, f"Well, {text} it was.")
    assert f"<{kind}>" in build({"how": "mask", "patterns": [kind]})(f"Well, {text} it was.")


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112", "1234567890123456", "version 1.2.3.4", "10.0.0.999",
        "DE89370400440532013001",
        "2019-03-01", "12:30:45", "New York Times", "the year 1984", "order 123-456", "1,234,567.89",
        "3-5 items", "a@b", "Monday Morning", "United States", "20 Main courses", "ISBN 978-3-16-148410-0",
        "see section 3.1.2",
    ],
)  # fmt: skip
def test_what_only_looks_like_it(text: str) -> None:
    assert spans(text) == []


def test_one_thing_is_found_once() -> None:
    text = "Mr. Smith (john@example.org) pays by 4111 1111 1111 1111 from 203.0.113.7"
    assert [(text[b:e], kind) for b, e, kind in spans(text)] == [
        ("Smith", "name"),
        ("john@example.org", "email"),
        ("4111 1111 1111 1111", "card"),
        ("203.0.113.7", "ip"),
    ]


def test_coarser() -> None:
    kinds = ["email", "phone", "iban", "ip", "birth date", "name"]
    read = build({"how": "generalise", "patterns": kinds})
    assert read("ann@Example.org from 203.0.113.7") == "@example.org from 203.0.113.0/24"
    assert read("born on 12 March 1984") == "born on 1984"
    assert read("DE89370400440532013000") == "<iban DE>"
    assert read("+27 82 123 4567") == "<phone +2...>"
    assert read("Dear Zanele") == "Dear <name>"
    assert build({"how": "generalise", "whole": "birth date"})("1984-03-12") == "1984"
    assert build({"how": "mask", "whole": "name"})(" Ann ") == "<name>"
    assert build({"how": "mask", "whole": "name"})("") == ""


SECRET = "a secret of twenty-four ch"


def test_digests_with_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = build({"how": "hash", "patterns": ["email"]})
    assert plain("ann@example.org") == f"email-{hashlib.sha256(b'ann@example.org').hexdigest()[:16]}"
    options = {"how": "hash", "patterns": ["email"], "secret": "MW_TEST", "check": check_of(SECRET.encode())}
    monkeypatch.setenv("MW_TEST", SECRET)
    one = build(options)("ann@example.org")
    assert one == build(options)("ann@example.org") != plain("ann@example.org")
    assert len(one) == len("email-") + 16
    monkeypatch.setenv("MW_TEST", SECRET[::-1])
    with pytest.raises(BadInput, match="another one than in training"):
        build(options)
    monkeypatch.setenv("MW_TEST", "short")
    with pytest.raises(BadInput, match="fewer than 16"):
        build(options)
    monkeypatch.delenv("MW_TEST")
    with pytest.raises(BadInput, match="MW_TEST is not set"):
        build(options)


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    read = build({"how": "mask", "patterns": list(PATTERNS)})
    assert isinstance(read(text), str)
    for begin, end, _ in spans(text):
        assert 0 <= begin < end <= len(text)


@pytest.mark.parametrize("kind", list(PATTERNS))
def test_patterns_end_in_time_on_long_texts(kind: str) -> None:
    for piece in ("1", "a", "A", "0 1", "1.", "a@", "Aa ", "-", ":1"):
        assert spans(piece * 3000, (kind,)) == spans(piece * 3000, (kind,))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("yesterday Thandiwe Mokoena called", "Thandiwe Mokoena"),  # a verb that people do
        ("the file of Aisha Bello, closed", "Aisha Bello"),  # both words are in a list
        ("Xyloph Smith is late", "Xyloph Smith"),  # a family name alone
        ("President Maria van der Berg spoke", "Maria van der Berg"),
        ("regards, Zsófia", "Zsófia"),
        ("KRISTEN BELL", "KRISTEN BELL"),
        ("for Deborah L. only", "Deborah L."),
        ("Herr Müller", "Müller"),
        ("Anna's bag and Peter Jansen's coat", "Peter Jansen"),
    ],
)
def test_names_in_texts(text: str, name: str) -> None:
    assert [text[b:e] for b, e, kind in spans(text, ("name",))] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "San Jose Mercury News", "Monday Morning Report", "the New York Office", "Victoria Street",
        "Great Britain won", "Dear Customer", "Hi Team", "NASA AND ESA", "Black Friday Sale",
        "United Nations Day", "Air Jordan 11",
    ],
)  # fmt: skip
def test_capitalised_words_that_are_no_names(text: str) -> None:
    assert spans(text, ("name",)) == []
