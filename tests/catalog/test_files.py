"""sql/ finds its files and the order in which they are applied."""

from pathlib import Path

import pytest

from pgwhen import sql as source

FUNCTION = "create or replace function pgwhen.{0}({1}) returns int language sql as $$ select pgwhen.{2}() $$;"


def write(folder: Path, **texts: str) -> list[str]:
    """Write files (``__`` in a name is a slash) and return the order of their names."""
    for name, text in texts.items():
        path = folder / (name.replace("__", "/") + ".sql")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [file.name for file in source.files(folder)]


def test_functions_triggers_views_optional_each_sorted(tmp_path: Path) -> None:
    folders = ("functions__m__a", "functions__m__b", "functions__z", "triggers__t", "views__a", "optional__a")
    names = write(tmp_path, **dict.fromkeys(reversed(folders), ""))
    assert names == [folder.replace("__", "/") + ".sql" for folder in folders]


def test_what_a_body_calls_may_come_later(tmp_path: Path) -> None:
    names = write(tmp_path, functions__a=FUNCTION.format("a", "", "b"), functions__b=FUNCTION.format("b", "", "a"))
    assert names == ["functions/a.sql", "functions/b.sql"]


def test_a_default_value_comes_first(tmp_path: Path) -> None:
    text = "-- unlike pgwhen.c\n" + FUNCTION.format("a", "p_at timestamptz default pgwhen.z()", "a")
    names = write(tmp_path, functions__a=text, functions__c="", functions__z="")
    assert names.index("functions/z.sql") < names.index("functions/a.sql")


def test_a_body_of_the_sql_standard_comes_after_what_it_calls(tmp_path: Path) -> None:
    text = "create or replace function pgwhen.a() returns int language sql return pgwhen.b();"
    names = write(tmp_path, functions__a=text, functions__b="")
    assert names == ["functions/b.sql", "functions/a.sql"]


def test_a_view_comes_after_what_it_selects_from(tmp_path: Path) -> None:
    text = "create or replace view pgwhen.a as select * from pgwhen.b"
    assert write(tmp_path, views__a=text, views__b="select 'as $x'") == ["views/b.sql", "views/a.sql"]


def test_a_circle_is_named(tmp_path: Path) -> None:
    def text(other: str) -> str:
        return f"create or replace view x as select * from pgwhen.{other}"

    with pytest.raises(ValueError, match=r"need each other at creation: .*views/a\.sql"):
        write(tmp_path, views__a=text("b"), views__b=text("a"))


def test_directives(tmp_path: Path) -> None:
    assert write(
        tmp_path, functions__a="-- owner: pgwhen_actions\n-- why\n", triggers__leads="-- apply: by hand\n"
    ) == ["functions/a.sql"]
    assert source.files(tmp_path)[0].owner == "pgwhen_actions"
    write(tmp_path, optional__p="-- requires: language plpython3u\n")
    assert [file.language for file in source.files(tmp_path)] == ["", "plpython3u"]
    with pytest.raises(ValueError, match="unknown directive"):
        write(tmp_path, optional__p="-- requires: moonlight\n")
