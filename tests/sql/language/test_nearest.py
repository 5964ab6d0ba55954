"""Did you mean?"""

from typing import Any

import psycopg
import pytest

from tests.sql.language.support import call

NAMES = ["status", "title", "first_name", "client_id", "a", "due_at", "Größe"]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("stattus", "status"),
        ("statsu", "status"),
        ("STATUS", "status"),
        ("firstName", "first_name"),
        ("first-name", "first_name"),
        ("clientid", "client_id"),
        ("b", None),
        ("x", None),
        ("", None),
        (None, None),
        ("completely_different", None),
        ("due", None),
        ("titel", "title"),
        ("s" * 10_000, None),
    ],
)
def test_nearest(lang: psycopg.Connection[Any], name: str | None, nearest: str | None) -> None:
    row = lang.execute("select pgwhen._nearest(%s, %s)", [name, NAMES]).fetchone()
    assert row == (nearest,)


@pytest.mark.parametrize(
    ("table", "singular"),
    [
        ("leads", "lead"),
        ("jobs", "job"),
        ("clients", "client"),
        ("form_submissions", "form_submission"),
        ("companies", "company"),
        ("addresses", "address"),
        ("statuses", "status"),
        ("boxes", "box"),
        ("churches", "church"),
        ("cases", "case"),
        ("houses", "house"),
        ("invoices", "invoice"),
        ("people", "person"),
        ("sales_people", "sales_person"),
        ("children", "child"),
        ("news", "news"),
        ("status", "status"),
        ("address", "address"),
        ("bus", "bus"),
        ("analysis", "analysis"),
        ("FormSubmissions", "form_submission"),
        ("Job Orders", "job_order"),
        ("staff", "staff"),
        ("heroes", "hero"),
        ("days", "day"),
        ("movies", "movie"),
        ("s", "s"),
        ("sizes", "size"),
        ("issues", "issue"),
        ("menus", "menus"),
        ("categories", "category"),
    ],
)
def test_singular(lang: psycopg.Connection[Any], table: str, singular: str) -> None:
    assert call(lang, "_singular", table) == singular
