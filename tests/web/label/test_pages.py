"""The pages over HTTP: everything that needs no script."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelwright.labels import progress, review
from modelwright.labels.items import Item
from modelwright.labels.queue import Queue
from modelwright.testing.labelled import classes, log, person

if TYPE_CHECKING:
    Serve = Any

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00"
    "05000201a5b2c1f40000000049454e44ae426082"
)


def answers(served: Any) -> list[Any]:
    return [(row.act, row.answer, row.how) for row in log(served.store)]


def test_an_answer_leads_to_the_next_item(serve: Serve) -> None:
    served = serve()
    with served.visitor() as visitor:
        first = visitor.get("/")
        assert "the text of item 0" in first.text
        after = visitor.fill("/", "/label", choice="spam", seconds="1.5")
        assert after.status_code == 303
        assert "the text of item 1" in visitor.get("/").text
    assert answers(served) == [("label", '"spam"', "form")]


def test_the_script_gets_the_next_page_at_once(serve: Serve) -> None:
    served = serve()
    with served.visitor() as visitor:
        visitor.headers["x-modelwright-part"] = "1"
        after = visitor.fill("/", "/label", choice="spam", how="keys")
        assert after.status_code == 200
        assert "the text of item 1" in after.text
    assert answers(served) == [("label", '"spam"', "keys")]


def test_undo_skip_and_the_end(serve: Serve) -> None:
    served = serve(given=[Item("k", {"text": "only this"})])
    with served.visitor() as visitor:
        visitor.fill("/", "/label", choice="spam")
        assert "Everything is labelled" in visitor.get("/").text
        visitor.fill("/", "/undo")
        assert 'class="choice chosen"' in visitor.get("/").text  # as it was answered
        visitor.fill("/", "/skip", note="too short")
        assert "Nothing is left for you" in visitor.get("/").text
    assert [a for a, _, _ in answers(served)] == ["label", "withdraw", "skip"]


def test_several_labels_and_none(serve: Serve) -> None:
    served = serve(replace(classes("a", "b", "c"), task="multiple"))
    with served.visitor() as visitor:
        visitor.fill("/", "/label", **{"choice-2": "1", "choice-0": "1"})
        visitor.fill("/", "/label")
    assert [a for _, a, _ in answers(served)] == ['["a","c"]', "[]"]


def test_a_rating(serve: Serve) -> None:
    served = serve(replace(classes(), task="rating", choices=(), low=1, high=5, ends=("bad", "good")))
    with served.visitor() as visitor:
        text = visitor.get("/").text
        assert ">bad<" in text
        visitor.fill("/", "/label", choice="4")
        refused = visitor.fill("/", "/label", choice="9")
    assert refused.status_code == 422
    assert "whole number from 1 to 5" in refused.text
    assert [a for _, a, _ in answers(served)] == ["4"]


def test_what_the_data_says_is_only_text(serve: Serve) -> None:
    bad = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    served = serve(
        replace(classes("<b>x</b>"), guidelines=f"# Hi\n{bad}\n[a](javascript:alert(3)) ![p](http://a.b/c)"),
        [Item("k", {"text": bad, bad: bad})],
    )
    with served.visitor() as visitor:
        text = visitor.get("/").text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert 'href="javascript' not in text
    assert "http://a.b/c" not in re.sub(r"<[^>]*>", "", "") + "".join(re.findall(r'src="([^"]*)"', text))


def test_rows_show_their_columns_in_their_order(serve: Serve) -> None:
    served = serve(
        replace(classes(), item="row", content="", show=("b", "a")),
        [Item("k", {"a": 1.5, "b": None, "c": "x"})],
    )
    with served.visitor() as visitor:
        text = visitor.get("/").text
    assert re.findall(r"<dt>(\w)</dt>", text)[:2] == ["b", "a"]
    assert "<dt>c</dt>" not in text


def test_everybody_enters_with_their_own_secret(serve: Serve, token: str) -> None:
    served = serve(names={"ada": False, "rev": True})
    with served.visitor() as stranger:
        assert stranger.get("/").status_code == 303
        assert stranger.fill("/enter", "/label", choice="spam", item="1").status_code == 403
        assert stranger.fill("/enter", name="ada", secret="wrong").status_code == 403
        assert stranger.fill("/enter", name="nobody", secret=token).status_code == 403
        entered = stranger.fill("/enter", name="ada", secret=token)
        assert "httponly" in entered.headers["set-cookie"].lower()
        assert "samesite=strict" in entered.headers["set-cookie"].lower()
        assert "the text of item" in stranger.get("/").text
        assert stranger.get("/review").status_code == 403
        assert stranger.get("/progress").status_code == 403
        stranger.fill("/", "/leave")
        assert stranger.get("/").status_code == 303
    with served.visitor("rev") as reviewer:
        assert reviewer.get("/review").status_code == 200
    assert log(served.store) == []


def test_a_form_of_another_site_or_without_its_token_does_nothing(serve: Serve) -> None:
    served = serve()
    with served.visitor() as visitor:
        visitor.get("/")
        assert visitor.post("/label", data={"item": "1", "choice": "spam"}).status_code == 403
        elsewhere = {"origin": "http://evil.test"}
        visitor.headers.update(elsewhere)
        assert visitor.fill("/", "/label", choice="spam").status_code == 403
        assert visitor.get("/", headers={"host": "evil.test"}).status_code == 421
    assert log(served.store) == []


def test_a_page_carries_its_policy(serve: Serve) -> None:
    served = serve()
    with served.visitor() as visitor:
        headers = visitor.get("/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


def test_an_open_page_outlives_a_restart(serve: Serve) -> None:
    served = serve()
    with served.visitor() as visitor:
        text = visitor.get("/").text
        held = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        cookies = dict(visitor.cookies)
    again = type(served)(type(served.store).at(served.store.url.database))
    name = f"modelwright-{again.desk.site.port}"
    with again.visitor() as visitor:
        visitor.cookies.set(name, next(iter(cookies.values())))
        assert visitor.post("/label", data=held | {"choice": "spam"}).status_code == 303
    again.stop()
    assert len(log(served.store)) == 1


def disputed(served: Any) -> None:
    queue = Queue(served.store)
    for name, answer in (("ada", "spam"), ("ben", "ham")):
        who = person(served.store, name)
        handed = queue.next(who)
        assert handed is not None
        queue.answer(who, handed.item, answer, note="see <b>")


def test_disagreement_is_shown_and_settled(serve: Serve) -> None:
    served = serve(classes("spam", "ham", overlap=2), names={"ada": False, "ben": False, "rev": True})
    disputed(served)
    with served.visitor("rev") as visitor:
        listed = visitor.get("/review").text
        assert "/review/1?which=disputed" in listed
        assert "see &lt;b&gt;" in listed
        case = visitor.get("/review/1").text
        assert re.search(r'votes">ada<', case)
        done = visitor.fill("/review/1", "/review/1?which=disputed", choice="ham", gold="1", note="ads are")
        assert done.headers["location"] == "/review?which=disputed"
        assert "Nobody differs on anything" in visitor.get("/review").text
        assert "Settled by rev: ham" in visitor.get("/review/1").text
        assert "ham" in visitor.get("/review?which=settled").text
        visitor.fill("/review/1", "/review/1", reopen="1")
        assert "/review/1?which=disputed" in visitor.get("/review").text
    with served.visitor("ada") as visitor:
        assert visitor.fill("/mine", "/review/1", choice="ham").status_code == 403


def test_somebodys_spans_are_taken_as_they_are(serve: Serve) -> None:
    project = replace(classes("a", "b", overlap=2), task="spans")
    served = serve(project, [Item("k", {"text": "Ada met Ben"})])
    queue, said = Queue(served.store), [{"start": 0, "end": 3, "label": "a"}]
    for name, answer in (("eva", said), ("ben", [])):
        who = person(served.store, name)
        queue.next(who)
        queue.answer(who, 1, answer)
    with served.visitor() as visitor:
        text = visitor.get("/review/1").text
        assert '<mark class="c0" title="a">Ada<span class="tag">a</span></mark>' in text
        visitor.fill("/review/1", "/review/1", take=str(person(served.store, "eva").n))
    assert review.case(served.store, 1).final == said


def test_ones_own_answers_and_another_look(serve: Serve) -> None:
    served = serve()
    with served.visitor() as visitor:
        visitor.fill("/", "/label", choice="spam")
        assert "the text of item 0" in visitor.get("/mine").text
        assert 'class="choice chosen"' in visitor.get("/item/1").text
        visitor.fill("/item/1", choice="ham")
        assert visitor.get("/item/2").status_code == 422  # never lay before them
    assert [s.answer for s in review.case(served.store, 1).said] == ["ham"]


def test_progress_and_agreement_pages(serve: Serve) -> None:
    served = serve(classes("spam", "ham", overlap=2), names={"rev": True})
    queue = Queue(served.store)
    for name in ("ada", "ben"):
        who = person(served.store, name)
        while handed := queue.next(who):
            queue.answer(who, handed.item, "spam" if handed.item % 2 or name == "ben" else "ham", seconds=3.0)
    with served.visitor("rev") as visitor:
        text = visitor.get("/progress").text
        assert "5 of 5 items finished" in text
        assert "3 s" in text
        for _ in range(100):
            text = visitor.get("/agreement").text
            if "being counted" not in text:
                break
        assert "Krippendorff" in text
        assert "ada and ben" in text
        assert "says <b>spam</b> where the others say <b>ham</b>" in text
    assert progress.far(served.store, served.desk.project).disputed == 2


def test_files_of_items_and_nothing_else(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(PIXEL)
    (tmp_path / "secret.png").write_bytes(PIXEL)
    project = replace(classes(), item="image", content="file")
    given = [Item("a", {"file": "a.png"}), Item("b", {"file": "../secret.png"})]
    served = serve(project, given, root=tmp_path / "pictures")
    with served.visitor() as visitor:
        assert visitor.get("/").status_code == 200
        found = visitor.get("/media/1")
        assert (found.status_code, found.headers["content-type"], found.content) == (200, "image/png", PIXEL)
        assert "sandbox" in found.headers["content-security-policy"]
        assert visitor.get("/media/1", headers={"range": "bytes=0-3"}).content == PIXEL[:4]
        assert visitor.get("/media/2").status_code == 404
        assert visitor.get("/media/99").status_code == 422
    locked = serve(project, given, {"ada": False}, tmp_path / "pictures")
    with locked.visitor() as stranger:
        assert stranger.get("/media/1").status_code == 303


@pytest.mark.parametrize("fields", [{"item": ""}, {"item": "x"}, {"item": "99"}, {"answer": "{"}])
def test_a_damaged_form_is_told(serve: Serve, fields: dict[str, str]) -> None:
    served = serve()
    with served.visitor() as visitor:
        assert visitor.fill("/", "/label", **{"choice": "spam", **fields}).status_code in (400, 422)
    assert log(served.store) == []


def test_undoing_the_last_one_twice_with_one_page_takes_one_back(serve: Serve) -> None:
    served = serve(given=[Item(f"k{i}", {"text": f"text {i}"}) for i in range(2)])
    with served.visitor() as visitor:
        for _ in range(2):
            visitor.fill("/", "/label", choice="spam")
        text = visitor.get("/").text
        held = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        for _ in range(2):  # as the page's script does where the first answer got lost
            assert visitor.post("/undo", data=held).status_code == 303
    assert [row.act for row in log(served.store)] == ["label", "label", "withdraw"]


@pytest.mark.parametrize("page", ["/item/{}", "/review/{}", "/media/{}"])
def test_numbers_beyond_those_of_items(serve: Serve, page: str) -> None:
    with serve().visitor() as visitor:
        assert visitor.get(page.format("9" * 20)).status_code == 404
        assert visitor.get(page.format("9" * 5000)).status_code == 404
        assert visitor.get(page.format("9" * 15)).status_code in (404, 422)


@pytest.mark.parametrize("choice", ["--5", "1" * 5000, "5.5", ""])
def test_ratings_that_are_none(serve: Serve, choice: str) -> None:
    served = serve(replace(classes("spam", "ham"), task="rating", choices=()))
    with served.visitor() as visitor:
        assert visitor.fill("/", "/label", choice=choice).status_code == 422
    assert answers(served) == []


def test_another_name_of_the_host_learns_nothing(serve: Serve) -> None:
    served = serve()
    with served.visitor() as visitor:
        refused = visitor.get("/", headers={"host": "elsewhere.example"})
    assert refused.status_code == 421
    assert served.desk.project.name not in refused.text.split()
    assert "<" not in refused.text


def test_a_store_that_is_gone_is_told(serve: Serve) -> None:
    served = serve()
    with served.store.writing() as connection:
        connection.exec_driver_sql("alter table modelwright_labels_projects rename to gone")
    with served.visitor() as visitor:
        told = visitor.get("/")
        assert told.status_code == 503
        assert "does not answer" in told.text
