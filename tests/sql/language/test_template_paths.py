"""What a template reads, as SQL finds it, is what Jinja2 finds."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from tests.sql.language.support import call
from tests.sql.language.test_validate_definition import RIGHT_TEMPLATES

Connection = psycopg.Connection[Any]

FUNCTIONS = {"range", "dict", "namespace", "cycler", "joiner", "secret", "loop", "caller"}

environment = Environment(autoescape=True)


def paths(db: Connection, template: str) -> set[str]:
    """Paths that SQL finds."""
    found = call(db, "_template_paths", template)
    assert found["problem"] is None, found["problem"]
    return {".".join(path) for path in found["paths"]}


def longest(node: nodes.Node) -> str | None:
    """A chain of constant keys as a path."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        start = longest(node.node)
        return start and f"{start}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
        start = longest(node.node)
        return start and f"{start}.{node.arg.value}"
    return None


def chains(node: nodes.Node) -> set[str]:
    """Paths that Jinja2 finds, whoever set their roots."""
    path = longest(node)
    if path is not None:
        return {path}
    return {found for child in node.iter_child_nodes() for found in chains(child)}


def expected(template: str) -> set[str]:
    tree = environment.parse(template)
    roots = meta.find_undeclared_variables(tree) - FUNCTIONS
    return {path for path in chains(tree) if path.split(".")[0] in roots}


@pytest.mark.parametrize("template", RIGHT_TEMPLATES)
def test_the_same_as_jinja2(lang: Connection, template: str) -> None:
    assert paths(lang, template) == expected(template)


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("no braces", set()),
        ("{{ a }}{{b.c}}{{ d['e'].f[0].g }}", {"a", "b.c", "d.e.f.0.g"}),
        ("{{ a.b | f(c, d=e.x) | g }}", {"a.b", "c", "e.x"}),
        ("{{ a is defined and b is not none and c not in d }}", {"a", "b", "c", "d"}),
        ("{{ a[b].c }}", {"a", "b"}),
        ("{% for x in a.items if x.ok and b %}{{ x.y }}{{ c }}{% endfor %}{{ x }}", {"a.items", "b", "c", "x"}),
        ("{%- for job in job.list -%}{{ job.x }}{%- endfor -%}{{ job.y }}", {"job.list", "job.y"}),
        ("{% set a = b %}{{ a.c }}", {"b"}),
        ("{% if a %}{% elif b.c %}{% else %}{% endif %}", {"a", "b.c"}),
        ("{{ {'a': b, 'c': {'d': e}} }}", {"b", "e"}),
        ("{{ \"}} {{ x }}\" }}{{ '{% y %}' }}", set()),
        ("{# {{ a }} #}{% raw %}{{ b }}{% endraw %}{{ c }}", {"c"}),
        ("{{ 1.5 }}{{ 1e3 }}{{ a.b.0.c }}{{ a[1:2].x }}", {"a.b.0.c", "a"}),
        ("{{ a ~ b ~ 'c' }}{{ -a.x ** 2 // b }}", {"a", "b", "a.x"}),
        ("{ { a } } }} %} #} {{ b }}", {"b"}),
        ("{{ not_a }}{{ in_b }}{{ isc }}", {"not_a", "in_b", "isc"}),
    ],
)
def test_paths(lang: Connection, template: str, found: set[str]) -> None:
    assert paths(lang, template) == found


def test_secrets(lang: Connection) -> None:
    found = call(lang, "_template_paths", "Bearer {{ secret('env:A') }}{{ secret( \"env:B_1\" ) }}")
    assert (found["secrets"], found["paths"], found["problem"]) == (["env:A", "env:B_1"], [], None)


names = st.sampled_from(["job", "lead", "x", "vars", "items", "a1"])
paths_ = st.builds(".".join, st.lists(names, min_size=1, max_size=4))
expressions = st.recursive(
    paths_ | st.sampled_from(["1", "2.5", "'text'", '"it\'s"', "true", "none", "[]", "{}"]),
    lambda inner: st.one_of(
        st.builds(
            "{} | {}".format, inner, st.sampled_from(["upper", "default('x')", "join(', ')", "replace('a', 'b')"])
        ),
        st.builds(
            "({} {} {})".format, inner, st.sampled_from(["and", "or", "+", "~", "==", "in", "not in", "<="]), inner
        ),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{'k': {}}}".format, inner),
        st.builds("(({}) is {})".format, inner, st.sampled_from(["defined", "not none", "string"])),
        st.builds("{}['key']".format, paths_),
        st.builds("({} | default({}))".format, paths_, inner),
        st.builds("(not ({}))".format, inner),
    ),
    max_leaves=6,
)
blocks = st.recursive(
    st.sampled_from(["text ", "{ ", "'", "%} ", "{# {{ no }} #}"]) | st.builds("{{{{ {} }}}}".format, expressions),
    lambda inner: st.one_of(
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, expressions, inner, inner),
        st.builds("{{% for {} in [{}] %}}{}{{% endfor %}}".format, names, expressions, inner),
        st.builds("{}{}".format, inner, inner),
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(blocks)
def test_any_template_reads_what_jinja2_says(lang: Connection, template: str) -> None:
    try:
        wanted = expected(template)
    except TemplateSyntaxError:
        return
    found = paths(lang, template)
    # A name that is set in one place and free in another is free: more may be found, never less.
    assert {path.split(".")[0] for path in found} >= {path.split(".")[0] for path in wanted}
    assert found <= chains(environment.parse(template))


def test_dictionaries_within_an_expression_are_followed_four_levels_down(lang: Connection) -> None:
    template = "{{ {'a': {'b': {'c': {'d': job}}}} }} {{ lead }}"
    parts = lang.execute("select kind from pgwhen._template_parts(%s)", [template]).fetchall()
    assert parts == [("expression",), ("expression",)]
