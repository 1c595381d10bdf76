"""SQL dumps: those of SQLite and PostgreSQL are written by their own programs, that of MySQL by hand."""

from __future__ import annotations

import gzip
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from modelwright.cli.main import call
from modelwright.core.errors import BadData
from modelwright.data.dumps import scan
from modelwright.data.read import batches, read
from modelwright.data.read.changed import changed
from modelwright.data.read.joins import propose

MYSQL = r"""-- MySQL dump 10.13  Distrib 8.0.32
-- it's the shop
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `town`;
CREATE TABLE `town` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(20) CHARACTER SET utf8mb4 DEFAULT 'a,b);' COMMENT 'it''s; \'x\'',
  `kind` enum('1','2','a,b') NOT NULL,
  PRIMARY KEY (`id`), KEY `k` (`name`(10))
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4;
LOCK TABLES `town` WRITE;
/*!40000 ALTER TABLE `town` DISABLE KEYS */;
INSERT INTO `town` VALUES (1,'A\'b\\','1'),(2,'line\nnew; \"q\"','a,b'),(3,NULL,'2');
UNLOCK TABLES;
CREATE TABLE `people` (
  `id` bigint NOT NULL, `town_id` int unsigned, `born` date, `paid` decimal(8,2), `raw` blob, `bits` bit(3),
  CONSTRAINT `fk` FOREIGN KEY (`town_id`) REFERENCES `town` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB;
INSERT  IGNORE INTO `people` (`id`,`town_id`,`born`,`paid`,`raw`,`bits`) VALUES
 (1,1,'2000-01-01',-1.50,_binary 'ab',b'101'),
 (2,2,'2000-01-02',1e3,0x4142,NULL),
 (3,2,now(),1e3,X'4142',NULL),
 (4,2,NULL,NULL);
DELIMITER ;;
CREATE TRIGGER x BEFORE INSERT ON people FOR EACH ROW BEGIN INSERT INTO town VALUES (9,'no','1'); END;;
DELIMITER ;
-- done"""
SQLITE = r"""PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE a(x integer primary key, y text default 'q;', [z z] real);
INSERT INTO a VALUES(1,replace('a\nb','\n',char(10)),1.5);
INSERT INTO a VALUES(NULL,unistr('\u000a\\'),'');
CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO a VALUES(99,CASE WHEN 1 THEN 'z' END,1);
UPDATE a SET y=1; END;
INSERT INTO a VALUES(4,NULL,-2);
CREATE VIEW v AS SELECT * FROM a WHERE y='INSERT INTO a VALUES(7,8,9);';
COMMIT;
"""


def test_mysql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.sql"
    path.write_text(MYSQL)
    towns = read(f"{path}#town")
    assert towns.frame.rows() == [(1, "A'b\\", "1"), (2, 'line\nnew; "q"', "a,b"), (3, None, "2")]
    assert towns.facts.details == {"dump of": "MySQL", "tables": "town, people", "table": "town"}
    people = read(f"{path}#People")
    assert people.frame.rows() == [
        (1, 1, "2000-01-01", -1.5, "ab", 5),
        (2, 2, "2000-01-02", 1000.0, "AB", None),
    ]
    assert [(row.line, row.reason) for row in people.quarantine] == [
        (22, "a value that is not written out: now ( )"),
        (23, "4 values where 6 are expected"),
    ]
    joined = read(str(path), propose(str(path), "people").query).frame
    assert joined["town.name"].to_list() == ["A'b\\", 'line\nnew; "q"']
    # Wherever the text is cut while it is read, it is the same rows.
    for part in (1, 2, 3, 7, 64):
        monkeypatch.setattr(scan, "_PART", part)
        assert read(f"{path}#town").frame.equals(towns.frame)
        again = read(f"{path}#people")
        assert again.frame.equals(people.frame)
        assert again.quarantine == people.quarantine


def test_sqlite_and_what_it_is_packed_in(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_text(SQLITE)
    made = read(str(path))
    assert made.frame.columns == ["x", "y", "z z"]
    assert made.frame.rows() == [(1, "a\nb", "1.5"), (2, "\n\\", ""), (4, None, "-2")]
    assert changed(f"{path}#a", made.facts) == ""
    packed = tmp_path / "a.sql.gz"
    packed.write_bytes(gzip.compress(SQLITE.encode()))
    assert read(f"{packed}#a").frame.equals(made.frame)
    assert next(iter(batches(str(packed)))).frame.equals(made.frame)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(path, "dumps/a.sql")
    assert read(f"{tmp_path / 'a.tar'}#dumps/a.sql#a").frame.equals(made.frame)
    assert [part.frame.height for part in batches(f"{tmp_path / 'a.tar'}#dumps/a.sql#a")] == [3]
    path.write_text(SQLITE + "DROP TABLE a;")
    assert changed(f"{path}#a", made.facts) == "a.sql#a has another size now"


def test_nothing_is_executed(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    other = tmp_path / "other.sqlite"
    path.write_text(
        f"ATTACH DATABASE '{other}' AS o; CREATE TABLE o.x (a int);\n"
        'CREATE TABLE t (a int default (load_extension(\'x\')), "b"" int); drop table t; --" text);\n'
        "INSERT INTO t VALUES (1, 'x'), ((SELECT 1), 'y'), (load_extension('z'), 'w');\n"
        "INSERT INTO t SELECT * FROM t;\nDELETE FROM t;\nDROP TABLE t;\n"
    )
    made = read(f"{path}#t")
    assert made.frame.rows() == [(1, "x")]
    assert len(made.quarantine) == 2
    assert not other.exists()


def test_chinook(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = shared_data / "dirty/chinook_sqlite/Chinook_Sqlite.sqlite"
    path = tmp_path / "chinook.sql"
    try:
        path.write_bytes(subprocess.run(["sqlite3", source, ".dump"], check=True, capture_output=True).stdout)
    except FileNotFoundError:
        pytest.skip("there is no sqlite3 here")
    for table in ("Invoice", "Employee", "Customer"):
        assert read(f"{path}#{table}").frame.equals(read(str(source), f"select * from {table}").frame)
    assert call(["data", "joins", str(path), "Invoice", "--quiet"]) == 0
    query = capsys.readouterr().out
    assert read(str(path), query).frame.equals(read(str(source), query).frame)


def test_northwind(shared_data: Path) -> None:
    path = shared_data / "dirty/northwind_sql_dump/create.sql"
    heights = {
        name: read(f"{path}#{name}").frame.height for name in ("Order Details", "Orders", "Categories")
    }
    assert heights == {"Order Details": 2155, "Orders": 830, "Categories": 8}
    assert read(f"{path}#Categories").frame["CategoryID"].to_list() == list(range(1, 9))
    with pytest.raises(BadData, match="has 11 tables with rows, and the goal names none"):
        read(str(path))


@pytest.mark.slow  # Starting a database server takes some two seconds.
def test_postgres(postgres: Any, tmp_path: Path) -> None:
    import psycopg

    with psycopg.connect(postgres.url) as connection:
        connection.execute(
            r"""create schema dumped; create table dumped.town(id int primary key, name text);
            create table dumped.folk (id serial primary key, town int references dumped.town(id), born date,
              name varchar(40), at timestamptz, paid numeric(8,2), ok bool, doc jsonb, "odd ""na;me" float8);
            create function dumped.f() returns int language sql as
              $$ insert into dumped.town values (99, 'no'); select 1; $$;
            create view dumped.v as select * from dumped.folk where name like ';%''';
            create table dumped.event(id int, at date) partition by range (at);
            create table dumped.event1 partition of dumped.event
              for values from ('2020-01-01') to ('2021-01-01');
            insert into dumped.event values (1, '2020-03-04');
            insert into dumped.town values (1, 'A;''x'), (2, E'tab\there\nnl\\back\\N');
            insert into dumped.folk (town, born, name, at, paid, ok, doc, "odd ""na;me")
              select g % 2 + 1, date '2000-01-01' + g, case when g % 7 = 0 then null else 'p''; ' || g end,
                     timestamptz '2020-01-01 10:00:00.5+00', g * 1.5, g % 2 = 0, '{"k": "v''\\"}', 'NaN'
              from generate_series(1, 300) g;"""
        )
    folk = read(postgres.url, "select * from dumped.folk").frame
    town = read(postgres.url, "select * from dumped.town").frame
    tools = Path(postgres._binaries)
    for k, words in enumerate(([], ["--inserts"], ["--column-inserts", "--rows-per-insert=100"], ["-Fc"])):
        path = tmp_path / f"{k}.dump"
        command = [str(tools / "pg_dump"), "-n", "dumped", "-f", str(path), *words, postgres.url]
        subprocess.run(command, check=True, env={**os.environ})
        if words == ["-Fc"]:
            with pytest.raises(BadData, match="in pg_dump's own format") as caught:
                read(str(path))
            assert "pg_restore" in caught.value.hint
            continue
        assert read(f"{path}#town").frame.equals(town)
        assert read(f"{path}#event").frame.rows() == [(1, "2020-03-04")]
        made = read(f"{path}#folk").frame
        assert made.columns == folk.columns
        for name in folk.columns:
            shown = [str(value).replace(".500000", ".5") for value in folk[name].to_list()]
            assert [str(v) for v in made[name].to_list()] in (shown, [v.lower() for v in shown]), name
        assert "town.name" in read(str(path), propose(str(path), "folk").query).frame.columns


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("select 1;\n-- nothing", "holds no tables (1 statements)"),
        ("create table a (x int);", "makes 1 tables, and holds no rows of them"),
        ("insert into a values (1);", "line 1: rows of a, of which nothing says the columns"),
        ("create table a (x int);\ninsert into a (x, y) values (1, 2);", "line 2: rows with a column 'y'"),
        (f"create table a ({', '.join(f'c{k} int' for k in range(3000))});", "has 3,000 columns"),
        ("copy a (x) from stdin with csv;\n1\n\\.\n", "line 1: COPY in another format than text"),
        ("create table a (x int); insert into a values (1), ('not closed", "holds no rows of them"),
    ],
)
def test_refusals(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "a.sql"
    path.write_text(text)
    if "not closed" in text:
        assert read(str(path)).frame.rows() == [(1,)]
        assert len(read(str(path)).quarantine) == 1
        return
    with pytest.raises(BadData) as caught:
        read(str(path))
    assert says in str(caught.value)
    assert caught.value.hint


def test_a_goal_with_a_query(tmp_path: Path) -> None:
    from modelwright.goal.goal import Goal

    (tmp_path / "shop.sql.gz").write_bytes(gzip.compress(MYSQL.encode()))
    place = tmp_path / "g.yaml"
    place.write_text("data: {source: shop.sql.gz, query: select * from town, target: kind}\n")
    section = Goal.load(place).sections.source
    assert read(section.source, section.query).frame.height == 3


HEAD = "CREATE TABLE t (a text, b text);\n"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("x'zz'", id="digits that are none"),
        pytest.param("b'12'", id="bits that are none"),
        pytest.param(r"unistr('\+ffffff')", id="a character beyond the last"),
    ],
)
def test_a_literal_that_is_damaged_breaks_its_row_alone(tmp_path: Path, value: str) -> None:
    path = tmp_path / "dump.sql"
    path.write_text(f"{HEAD}INSERT INTO t VALUES ('one', {value}), ('two', 'b');\n")
    made = read(str(path))
    assert made.frame.rows() == [("two", "b")]
    assert [row.line for row in made.quarantine] == [2]


def test_bits_beyond_the_largest_number_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "dump.sql"
    bits = "1" * 65
    path.write_text(f"{HEAD}INSERT INTO t VALUES ('one', b'{bits}'), ('two', b'101');\n")
    assert read(str(path)).frame.rows() == [("one", bits), ("two", "5")]


@pytest.mark.parametrize("comment", ["/*{}*/", "-- {}\n"])
@pytest.mark.parametrize("where", ["(1){},(2),(3)", "(1),{}(2),(3)", "(1),(2),(3){}"])
def test_a_long_comment_between_rows_loses_none(tmp_path: Path, comment: str, where: str) -> None:
    rows = where.format(comment.format("(9), " * 300_000))
    (tmp_path / "a.sql").write_text(f"CREATE TABLE t (a INTEGER);\nINSERT INTO t VALUES {rows};\n")
    assert read(str(tmp_path / "a.sql")).frame["a"].cast(int).to_list() == [1, 2, 3]


def test_two_columns_of_one_name_are_told(tmp_path: Path) -> None:
    path = tmp_path / "dump.sql"
    path.write_text("CREATE TABLE t (a text, A text);\nINSERT INTO t VALUES (1, 2);\n")
    with pytest.raises(BadData, match="duplicate column name"):
        read(str(path))


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("SELECT " + "/* " * 300_000, id="a comment"),
        pytest.param("SELECT " + "-" * 300_000, id="a line of comment"),
        pytest.param("CREATE TABLE u (a " + "[" * 300_000, id="a name"),
        pytest.param("INSERT INTO t VALUES ('x', 'y')" + " /* " * 300_000, id="behind rows"),
    ],
)
def test_what_is_opened_again_and_again_and_never_closed_is_passed(tmp_path: Path, end: str) -> None:
    path = tmp_path / "dump.sql"
    path.write_text(f"{HEAD}INSERT INTO t VALUES ('one', 'a');\n{end}")
    assert read(f"{path}#t").frame["a"][0] == "one"
