"""Numbers that stand for one person or account, of several countries, with their check digits.

Each is a pattern and a test. A number without a check digit is only taken in the form in which it is written
by custom; where a test lets one in ten pass, the form has to say more (blanks, points, a date that exists).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

Test = Callable[[str], bool]


def digits(text: str) -> list[int]:
    return [int(c) for c in text if c.isdecimal()]


def luhn(text: str) -> bool:
    """ISO/IEC 7812-1."""
    total = 0
    for place, digit in enumerate(reversed(digits(text))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def weighted(text: str, weights: tuple[int, ...], modulus: int) -> int:
    return sum(a * b for a, b in zip(digits(text), weights, strict=False)) % modulus


def is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _short_date(text: str) -> bool:
    """YYMMDD, of either century."""
    d = digits(text)
    year, month, day = d[0] * 10 + d[1], d[2] * 10 + d[3], d[4] * 10 + d[5]
    return is_date(1900 + year, month, day) or is_date(2000 + year, month, day)


_IBAN = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18,
    "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23,
    "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15,
    "PL": 28, "PT": 25, "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29,
    "BR": 29, "QA": 29, "KW": 30, "PK": 24,
}  # fmt: skip
"""Lengths by country (SWIFT IBAN registry)."""


def iban(text: str) -> bool:
    """ISO 13616: the length of the country, and 97-10 of ISO 7064."""
    plain = text.replace(" ", "").replace("-", "").upper()
    if _IBAN.get(plain[:2]) != len(plain):
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def card(text: str) -> bool:
    """13 to 19 digits that begin as an issuer's do, with the right check digit."""
    d = digits(text)
    return 13 <= len(d) <= 19 and d[0] in (2, 3, 4, 5, 6) and len(set(d)) > 1 and luhn(text)


def ssn(text: str) -> bool:
    """United States: no area 000, 666 or 900 and up, no group 00, no serial 0000."""
    area, group, serial = re.split(r"[- ]", text)
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def nino(text: str) -> bool:
    """United Kingdom, National Insurance number: prefixes that are given out."""
    plain = text.replace(" ", "").upper()
    return (
        plain[0] not in "DFIQUV"
        and plain[1] not in "DFIOQUV"
        and plain[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
    )


def nhs(text: str) -> bool:
    """England, NHS number: modulus 11."""
    check = 11 - weighted(text, (10, 9, 8, 7, 6, 5, 4, 3, 2), 11)
    return check % 11 == digits(text)[9] and check != 10 and len(set(digits(text))) > 1


def german_tax(text: str) -> bool:
    """Germany, Steueridentifikationsnummer: ISO 7064 11,10; one digit comes twice or three times."""
    d = digits(text)
    most = max(d[:10].count(x) for x in range(10))
    if d[0] == 0 or most not in (2, 3) or len(set(d[:10])) not in (8, 9):
        return False
    product = 10
    for digit in d[:10]:
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == d[10]


def dni(text: str) -> bool:
    """Spain, DNI and NIE: letter of the number modulo 23."""
    plain = text.upper().replace("-", "").replace(" ", "")
    number = plain[:-1].replace("X", "0", 1).replace("Y", "1", 1).replace("Z", "2", 1)
    return number.isdecimal() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == plain[-1]


def nir(text: str) -> bool:
    """France, numéro de sécurité sociale: 97 less the remainder by 97."""
    plain = text.replace(" ", "").upper().replace("2A", "19").replace("2B", "18")
    return int(plain[-2:]) == 97 - int(plain[:-2]) % 97 and plain[0] in "12"


_ODD_VALUES = "1 0 5 7 9 13 15 17 19 21 1 0 5 7 9 13 15 17 19 21 2 4 18 20 11 3 6 8 12 14 16 10 22 25 24 23"
_ODD = {c: int(v) for c, v in zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", _ODD_VALUES.split(), strict=True)}


def codice_fiscale(text: str) -> bool:
    """Italy: check letter over odd and even places."""
    plain = text.upper()
    even = sum(int(c) if c.isdecimal() else ord(c) - 65 for c in plain[1:15:2])
    return chr(65 + (sum(_ODD[c] for c in plain[0:15:2]) + even) % 26) == plain[15]


def belgian(text: str) -> bool:
    """Belgium, rijksregisternummer: 97 less the remainder by 97, with a 2 in front from 2000 on."""
    plain = "".join(str(d) for d in digits(text))
    body, check = plain[:9], int(plain[9:])
    return check in (97 - int(body) % 97, 97 - int(f"2{body}") % 97) and int(plain[2:4]) <= 12


def pesel(text: str) -> bool:
    """Poland: weights 1 3 7 9, and a date whose month says the century."""
    d = digits(text)
    month, day = d[2] * 10 + d[3], d[4] * 10 + d[5]
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[month // 20]
    check = (10 - weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), 10)) % 10
    return check == d[10] and is_date(century + d[0] * 10 + d[1], month % 20, day)


def personnummer(text: str) -> bool:
    """Sweden: a date, and Luhn over the last ten digits."""
    ten = "".join(str(d) for d in digits(text))[-10:]
    return _short_date(ten) and luhn(ten)


def hetu(text: str) -> bool:
    """Finland, henkilötunnus: a date, and a letter by the remainder of 31."""
    plain = text.upper()
    number = int(plain[:6] + plain[7:10])
    century = {"+": 1800, "-": 1900}.get(plain[6], 2000)
    there = is_date(century + int(plain[4:6]), int(plain[2:4]), int(plain[:2]))
    return there and "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31] == plain[10]


def cpf(text: str) -> bool:
    """Brazil, Cadastro de Pessoas Físicas: two check digits by modulus 11."""
    d = digits(text)
    if len(set(d)) == 1:
        return False
    for end in (9, 10):
        rest = sum(a * (end + 1 - k) for k, a in enumerate(d[:end])) * 10 % 11 % 10
        if rest != d[end]:
            return False
    return True


def _product(a: int, b: int) -> int:
    """In the dihedral group of order ten: 0 to 4 turn, 5 to 9 turn and reflect."""
    if a < 5:
        return (a + b) % 5 + (0 if b < 5 else 5)
    return (a - b) % 5 + (5 if b < 5 else 0)


_TURNS = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def verhoeff(text: str) -> bool:
    """Verhoeff, "Error Detecting Decimal Codes" (1969)."""
    turned = list(range(10))
    check = 0
    for digit in reversed(digits(text)):
        check = _product(check, turned[digit])
        turned = [turned[_TURNS[k]] for k in range(10)]
    return check == 0


def aadhaar(text: str) -> bool:
    """India: twelve digits that begin with 2 to 9, with Verhoeff's check digit."""
    return digits(text)[0] > 1 and verhoeff(text)


def south_african(text: str) -> bool:
    """South Africa: a date, the citizenship 0 to 2, and Luhn."""
    d = digits(text)
    return _short_date(text) and d[10] in (0, 1, 2) and luhn(text)


def chinese(text: str) -> bool:
    """China, GB 11643: a date, and ISO 7064 11-2."""
    plain = text.upper()
    total = weighted(plain[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), 11)
    there = is_date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
    return there and "10X98765432"[total] == plain[17]


def canadian(text: str) -> bool:
    """Canada, Social Insurance Number."""
    return digits(text)[0] not in (0, 8) and luhn(text)


def curp(text: str) -> bool:
    """Mexico: a date, and a check digit over base 37."""
    plain = text.upper()
    signs = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    total = sum(signs.index(c) * (18 - k) for k, c in enumerate(plain[:17]))
    return _short_date(plain[4:10]) and str((10 - total % 10) % 10) == plain[17]


def ahv(text: str) -> bool:
    """Switzerland, AHV number: EAN-13."""
    d = digits(text)
    return (10 - sum(a * (3 if k % 2 else 1) for k, a in enumerate(d[:12])) % 10) % 10 == d[12]


NATIONAL: dict[str, tuple[str, Test]] = {
    "ssn": (r"\d{3}-\d{2}-\d{4}", ssn),
    "nino": (r"[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]", nino),
    "nhs": (r"\d{3} \d{3} \d{4}", nhs),
    "de": (r"\d{2} ?\d{3} ?\d{3} ?\d{3}", german_tax),
    "dni": (r"(?:\d{8}|[XYZ]\d{7})[- ]?[A-HJ-NP-TV-Z]", dni),
    "nir": (r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", nir),
    "cf": (r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", codice_fiscale),
    "be": (r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", belgian),
    "pesel": (r"\d{11}", pesel),
    "se": (r"(?:19|20)?\d{6}[-+]\d{4}", personnummer),
    "hetu": (r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", hetu),
    "cpf": (r"\d{3}\.\d{3}\.\d{3}-\d{2}", cpf),
    "aadhaar": (r"\d{4} \d{4} \d{4}", aadhaar),
    "pan": (r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", lambda text: True),
    "za": (r"\d{13}", south_african),
    "cn": (r"\d{17}[\dX]", chinese),
    "sin": (r"\d{3} \d{3} \d{3}", canadian),
    "curp": (r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", curp),
    "ahv": (r"756\.\d{4}\.\d{4}\.\d{2}", ahv),
}  # fmt: skip
"""National identifiers: how each is written, and what its digits have to satisfy."""

_FORMS = tuple((re.compile(form), test) for form, test in NATIONAL.values())


def national(text: str) -> bool:
    """Whether the text is a national identifier of any country: the forms of some are alike."""
    return any(form.fullmatch(text) is not None and test(text) for form, test in _FORMS)
