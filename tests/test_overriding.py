"""Templates of a workspace: they take the place of ours, can do no harm, and a broken one never costs a digest."""

import os
import signal
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sample_digest import LETTER, digest

from engine.service.reload import Watched
from engine.session import open_session
from engine.workspace import clock
from notifications.content import jail, jailed
from notifications.content.jail import TemplateTroubleError, set_apart
from notifications.content.overriding import read_templates, template_problems
from notifications.content.page import page
from notifications.content.render import (
    FORMS,
    plain,
    render,
    render_template,
)
from notifications.content.typeset import shipped

GIVEN = plain(page(digest("en", LETTER), note="clerk"))


def made(source: str, name: str = "digest.html", **others: str) -> str:
    return set_apart({name: source, **others}, name, GIVEN)


def refused(source: str) -> TemplateTroubleError:
    with pytest.raises(TemplateTroubleError) as caught:
        made(source)
    return caught.value


# ------------------------------------------------------------------------------------------------- what they can do


def test_a_template_is_given_the_page_and_the_words():
    html = made("<p>{{ page.date }}, {{ words.heading }}, {{ page.parts[0].groups[0].rows[0].state }}")
    assert html == "<p>Monday 13 August 2018, Commitments, 3 days late"


def test_html_is_escaped_and_text_is_not():
    assert made("{{ '<b>' }}") == "&lt;b&gt;"
    assert made("{{ '<b>' }}", "digest.txt") == "<b>"


@pytest.mark.parametrize("name", FORMS)
def test_ours_looks_the_same_from_the_other_side(name):
    """What is documented as given to a template is what our own templates need."""
    source = shipped().loader.get_source(shipped(), name)[0]
    contents = page(digest("nl"), note="clerk", base="https://example.org", leave="https://example.org/leave")
    assert set_apart({name: source}, name, plain(contents)) == render_template(
        name, page=contents, words=contents.words
    )


def test_a_template_can_extend_ours_and_include_parts_of_its_own():
    house = "{% extends 'gestand/digest.html' %}{% block top %}{% include '_crest.html' %}{{ super() }}{% endblock %}"
    html = set_apart({"digest.html": house, "_crest.html": "<p>Our house</p>"}, "digest.html", GIVEN)
    assert html.replace("<p>Our house</p>", "") == render(digest("en", LETTER), note="clerk").html


def test_the_digest_takes_the_forms_that_are_there():
    own = {"digest.txt": "{{ page.subject }}!\n"}
    rendered = render(digest("en", LETTER), templates=own)
    assert rendered.text == "1 newly overdue · 13 August 2018!\n"
    assert rendered.html == render(digest("en", LETTER)).html
    assert rendered.trouble == ""


# ------------------------------------------------------------------------------------------------- what they cannot

INJECTIONS = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ page.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__['os'].system('id') }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ lipsum|attr('__globals__') }}",
    "{{ (page|attr('\\x5f\\x5fclass\\x5f\\x5f')).mro() }}",
    "{{ page|attr('__cl' ~ 'ass__')|attr('__base__') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(page) }}",
    "{{ ('{0.__cl' ~ 'ass__}').format(page) }}",
    "{{ '%s'.__mod__.__class__ }}",
    "{{ [].append.__self__.__class__ }}",
    "{{ page.update({'subject': 1}) }}",
    "{{ page.parts.append(1) }}",
    "{{ page.parts.clear() }}",
    "{{ o.delete() }}",
    "{{ config.items() }}",
    "{{ request.application.__globals__ }}",
    "{% set x = page.pop('subject') %}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{{ '{a.__class__}'.format_map({'a': page}) }}",
]


@pytest.mark.parametrize("source", INJECTIONS)
def test_no_code_is_run(source):
    assert refused(source).file == "digest.html"


GREEDY = [
    "{{ 'a' * 500000000 }}",
    "{{ 'a'|center(900000000) }}",
    "{{ '%0900000000d'|format(1) }}",
    "{{ ' ' ~ '{:>900000000}'.format('a') }}",
    "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(40) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
    "{{ [[0] * 99999999] * 99 }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{{ 9 ** 99999999 }}",
    "{% include 'digest.html' %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ 'a' * 2000000 }}",
]


@pytest.mark.parametrize("source", GREEDY)
def test_no_more_is_used_than_is_allowed(source):
    error = refused(source)
    assert error.file == "digest.html"
    assert error.used is not None
    assert error.used.kilobytes <= jailed.MEMORY // 1024
    assert error.used.seconds <= jailed.SECONDS + 0.5
    assert made("still here") == "still here"


@pytest.mark.parametrize(
    "source",
    [
        "{% include '../render.py' %}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{% extends 'x' %}",
    ],
)
def test_nothing_is_read_but_what_is_there(source):
    assert refused(source).message.startswith("there is no template ")


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("\n\n{{ nobody }}", 3, "'nobody' is undefined"),
        ("{{ page.subjct }}", 1, "nothing here is called 'subjct'"),
        ("a\n{% if %}", 2, "Expected an expression, got 'end of statement block'"),
        ("a\n{% fi %}", 2, "Encountered unknown tag 'fi'."),
        ("{% for x in page.parts %}\n", 1, "Unexpected end of template. Jinja was looking for the following tags: "),
        ("a\n\n{{ 1 / 0 }}", 3, "ZeroDivisionError: division by zero"),
        ("{{ page|nofilter }}", 1, "No filter named 'nofilter'."),
    ],
)
def test_a_mistake_is_told_with_its_line(source, line, message):
    error = refused(source)
    assert (error.file, error.line) == ("digest.html", line)
    assert error.message.startswith(message)


def test_a_job_opens_and_asks_for_nothing():
    """Whatever would open a file, load a module or call somebody is refused, had the sandbox a hole."""
    for event in ("open", "import", "os.system", "socket.connect", "subprocess.Popen", "ctypes.dlopen"):
        with pytest.raises(PermissionError, match=event):
            jailed._refuse(event, ())


def test_a_signal_that_ends_a_service_ends_no_template_that_it_waits_for():
    made("")
    child = jail._CHILD._process
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(child.pid, number)
        assert made("still here") == "still here"
    assert jail._CHILD._process is child


def test_a_child_that_does_not_listen_is_told_as_trouble_and_another_is_started():
    deaf = subprocess.Popen(["/bin/sh", "-c", "exec <&-; echo; sleep 9"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    deaf.stdout.readline()
    jail._CHILD.close()
    jail._CHILD._process = deaf
    assert refused("x").message.startswith("the process that sets templates is gone: ")
    assert made("still here") == "still here"


# ------------------------------------------------------------------------------------------------- a broken one


@pytest.mark.parametrize("source", ["{{ nobody }}", "{% if %}", "{{ 'a' * 500000000 }}", "{{ o.delete() }}"])
def test_a_broken_template_costs_nobody_their_digest(source):
    rendered = render(digest("en", LETTER), templates={"digest.html": source, "digest.txt": "fine"})
    ours = render(digest("en", LETTER))
    assert (rendered.subject, rendered.text, rendered.html) == (ours.subject, ours.text, ours.html)
    assert rendered.trouble.startswith("digest.html")


def with_template(folder: Path, source: str) -> None:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "digest.html").write_text(source)


def test_the_administrator_is_told_once_and_again_after_it_was_mended(workspace, tmp_path, monkeypatch):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("mail:\n", "mail:\n  administrator: admin@example.org\n"))

    def pass_of(day: str, source: str) -> tuple[str, int, int]:
        """How the digest of that day begins, how often the ledger says that a template was refused, and the mail."""
        with_template(tmp_path, source)
        tomorrow = clock.now() + timedelta(days=1)
        monkeypatch.setattr("engine.workspace.clock.now", lambda: tomorrow)
        assert workspace("tick", "--as-of", day)[0] == 0
        (digest_,) = (tmp_path / "outbox").glob(f"{day}-clerk-*.html")
        noted = workspace("export", "--ledger")[1].count('"kind":"template_refused"')
        return digest_.read_text()[:15], noted, len(list((tmp_path / "outbox").glob("*-admin-*.eml")))

    broken = "\n{{ page.subjct }}"
    assert pass_of("2018-07-30", broken) == ("<!doctype html>", 1, 1)
    assert pass_of("2018-08-10", broken) == ("<!doctype html>", 1, 1)
    assert pass_of("2018-08-13", "<p>{{ page.subject }}") == ("<p>1 newly over", 1, 1)
    assert pass_of("2018-08-28", broken) == ("<!doctype html>", 2, 2)
    (mail, _) = (tmp_path / "outbox").glob("*-admin-*.txt")
    assert mail.read_text().startswith(
        "a template has a mistake and is not used: digest.html:2: nothing here is called 'subjct'\n"
    )


def test_a_template_that_fails_for_some_digests_is_told_of_once(workspace, tmp_path):
    """Of three readers the second has nothing that it stumbles over."""
    settings = tmp_path / "gestand.yaml"
    head, _, rest = settings.read_text().partition("recipients:\n")
    readers = "".join(f"  - {{name: {name}, address: {name}@example.org, cadence: daily 07:30}}\n" for name in "acb")
    settings.write_text(f"{head}recipients:\n{readers.replace('c@example.org,', 'c@example.org, language: nl,')}{rest}")
    with_template(tmp_path, "{{ page.missing if words.code == 'en' else page.subject }}")
    assert workspace("tick", "--as-of", "2018-07-30")[0] == 0
    assert workspace("export", "--ledger")[1].count('"kind":"template_refused"') == 1


def test_a_service_takes_a_template_when_it_is_saved(workspace, tmp_path):
    with open_session(tmp_path) as session, closing(Watched(session)) as watched:
        now = datetime(2018, 8, 13, 6, tzinfo=UTC)
        assert watched.refreshed(now).workspace.templates == {}
        with_template(tmp_path, "<p>new")
        assert watched.refreshed(now).workspace.templates == {"digest.html": "<p>new"}


# ------------------------------------------------------------------------------------------------- gestand check


def test_check_tells_every_template_with_a_mistake(workspace, tmp_path):
    with_template(tmp_path, "<p>\n  {{ page.subjct }}")
    (tmp_path / "templates" / "digest.txt").write_text("{% for x in page.parts %}{{ x.name }}{% endfor %}")
    (tmp_path / "templates" / "digset.txt").write_text("")
    status, out, err = workspace("check")
    assert status == 1
    assert (
        """\
templates/digset.txt: warning: no template is called so, and nothing reads it
  hint: did you mean digest.txt?

templates/digest.html:2:1: nothing here is called 'subjct'
  2 |   {{ page.subjct }}
    | ^
  hint: ours is used until it is mended; docs/templates.md says what a template is given

templates/digest.txt:1:1: nothing here is called 'name'
"""
        in err
    )
    assert out.endswith(": 2 problems, 1 warning\n")


def test_check_tries_what_a_reader_seldom_sees(tmp_path):
    """The mistake is in what only a moved date has."""
    (tmp_path / "digest.txt").write_text("{% for p in page.parts if p.section == 'moved' %}{{ p.nothing }}{% endfor %}")
    (problem,) = template_problems(tmp_path, ["en", "nl"])
    assert (problem.line, problem.message) == (1, "nothing here is called 'nothing'")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe<\x00", "this file is written in UTF-16"),
        (b"caf\xe9", "this is not UTF-8"),
        (b"a\x00b", "there is an invisible character here that does not belong in a text (U+0000)"),
        (b"a" * 200_001, "this is larger than 200,000 bytes"),
    ],
)
def test_a_file_that_is_no_template_is_told_and_left_out(tmp_path, content, message):
    (tmp_path / "digest.html").write_bytes(content)
    templates, (problem,) = read_templates(tmp_path)
    assert templates == {}
    assert problem.message.startswith(message)


def test_a_folder_need_not_be_there(tmp_path):
    assert read_templates(tmp_path / "templates") == ({}, ())
