"""The benchmarks run and give figures; what the figures are is not for a test to judge."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import BENCHMARKS
from bench.figures import QUICK, Figure, Missing, table
from bench.server import Place
from pgwhen.cli import embedded

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("letter", BENCHMARKS)
def test_a_benchmark_gives_figures(letter: str, server: embedded.Server) -> None:
    _, run = BENCHMARKS[letter]
    try:
        figures = run(Place(server), replace(QUICK, workflows=20))
    except Missing as error:
        pytest.skip(str(error))
    assert figures
    for figure in figures:
        assert all(math.isfinite(value) and value > 0 for value in (*figure.ours, *figure.peer)), figure
    assert len(table(figures).splitlines()) == len(figures) + 2


def test_the_command_makes_its_own_server_and_prints_json() -> None:
    command = [sys.executable, "-m", "bench", "--quick", "--json", "b"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["benchmarks"]["b"][0]["ratio"] > 0
    assert "synchronous_commit=on" in document["facts"]["settings"]


def test_an_unknown_letter_is_refused() -> None:
    done = subprocess.run([sys.executable, "-m", "bench", "z"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "there are a, b, c, d, e, f, g, h, i, j" in done.stderr


def test_a_ratio_is_the_median_of_the_pairs_not_the_ratio_of_the_medians() -> None:
    figure = Figure("x", "/s", [100, 300, 30], [100, 100, 100], ">= 0.50")
    assert figure.ratios == [1.0, 3.0, 0.3]
    assert figure.as_dict()["ratio"] == 1.0
    assert "1.00 (0.30-3.00)" in table([figure])
