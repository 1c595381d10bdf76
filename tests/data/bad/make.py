"""Writes the data files of the bad cases that are no plain text, so that it can be seen what they are."""

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    (HERE / "binary_named_csv" / "people.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (HERE / "control_bytes" / "people.csv").write_bytes(b"a,b\n\x00\x01\x02,1\n")
    (HERE / "cut_short_gzip" / "people.csv.gz").write_bytes(
        gzip.compress(b"a,b\n" + b"1,2\n" * 5000, mtime=0)[:40]
    )
    (HERE / "wrong_encoding" / "people.csv").write_bytes("name,n\nann,1\n".encode("utf-16") + b"\x00")
    (HERE / "no_parquet" / "people.parquet").write_bytes(b"PAR1 this is no parquet")
    (HERE / "no_workbook" / "people.xlsx").write_bytes(b"name,age\n1,2\n")
    (HERE / "no_database" / "people.sqlite").write_bytes(b"not a database at all" * 100)
    packed("cell_too_large/notes.csv.gz", b"name,note\nann,short\nbob," + b"x" * (10 << 20) + b"\n")
    packed(
        "cell_of_xml_too_large/notes.xml.gz",
        b"<notes><note>short</note><note>" + b"x" * (10 << 20) + b"</note></notes>\n",
    )
    packed("too_many_columns/wide.csv.gz", b"c," * 999_999 + b"c\n" + b"1," * 999_999 + b"1\n")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504  # of a compound file; then its directory
    (HERE / "excel_password" / "people.xlsx").write_bytes(
        head + "EncryptionInfo".encode("utf-16-le") + b"\0" * 100 + "EncryptedPackage".encode("utf-16-le")
    )
    archive("archive_escapes/people.zip", {"people.csv": b"n\n1\n", "../people.csv": b"n\n1\n"})
    archive("zip_bomb/people.zip", {f"{k}.csv": b"0" * (32 << 20) for k in "abc"})
    for case in ("unknown_table", "query_missing", "query_writes", "query_wrong", "query_without_rows"):
        path = HERE / case / "shop.sqlite"
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as connection:
            connection.execute("create table Customer (id integer, name text)")
            connection.execute("create table Invoice (id integer, total real)")
            connection.execute("insert into Customer values (1, 'ann')")
        connection.close()


def archive(name: str, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for member, content in members.items():
            made.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)


def packed(name: str, content: bytes) -> None:
    (HERE / name).write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    main()
