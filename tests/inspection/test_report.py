"""Reports and cards: whole for every kind of model, safe whatever the data hold, and as a real browser sees them."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from elman import Category, Model, Text, Training
from elman.errors import DataError, DataTypeError, FileError, NotFittedError
from elman.inspection.report.model_card import code

DATA = {
    "text": (["good red wine", "bad soup", "good cold soup", "bad wine"] * 10, ["yes", "no", "yes", "no"] * 10),
    "series": ([np.sin(np.arange(8 + n % 5)[:, None] * (0.3 + n % 2)) for n in range(30)], ["slow", "fast"] * 15),
    "deep": ([np.sin(np.arange(8 + n % 5)[:, None] * (0.3 + n % 2)) for n in range(30)], [float(n % 2) for n in range(30)]),
    "tags": ([["a", "b", "c"], ["c"], ["a", "d"]] * 5, [["A", "B", "C"], ["C"], ["A", "D"]] * 5),
    "free": ([["a", "b", "c"], ["c", "b"]] * 5, [["c", "b", "a"], ["b", "c"]] * 5),
    "ctc": ([np.arange(14.0).reshape(7, 2) + n for n in range(8)], ["a", "b"] * 4),
    "picture": ([np.full((8, 6), n % 2 * 200, np.uint8) for n in range(12)], ["no", "yes"] * 6),
    "captions": (["x", "y"] * 6, [["a", "b"], ["a", "b", "c"]] * 6),
    "language": (["abc abd (e)", "abd"] * 6, None),
    "forecast": (np.sin(np.arange(100) / 3), None),
    "paths": (np.sin(np.arange(100) / 3), None),
    "music": ([[[60, 64], [62], [60, 67], []] * 3] * 4, None),
    "flat": (["x", "y"] * 10, ["b", "a"] * 10),
}
ALWAYS = ["Training", "Diagnosis", "Plan", "Model card"]


class Page(html.parser.HTMLParser):
    """Tags, attributes, headings, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.headings = set(), [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, key, value) for key, value in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def check_safe(page):
    assert not page.tags & {"script", "iframe", "object", "embed", "link", "form", "base"}
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] in ("style", "src", "srcset", "action")]
    assert all(value.startswith("#") for _, key, value in page.attributes if key == "href")


QUICK = ("text", "tags", "free", "language", "forecast", "flat")


@pytest.mark.parametrize("name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in DATA])
def test_a_report_of_every_kind(made, name, tmp_path):
    path = made(name).report(tmp_path / "report.html", *DATA[name])
    page = Page(path.read_text(encoding="utf-8"))
    check_safe(page)
    wanted = ["Data", *ALWAYS] + ([] if name in ("forecast", "paths", "captions") else ["Examples"]) + ["Inside one value", "Memory"]
    assert set(wanted) <= set(page.headings)
    assert "Left out" not in path.read_text(encoding="utf-8") or name in ("flat", "captions")
    assert name != "text" or path.read_text(encoding="utf-8").count('<td class="short">good red wine</td>') == 1, "not ten times the same"


@pytest.mark.parametrize("name", ["text", "forecast"])
def test_a_report_without_data_has_what_the_model_knows(made, name, tmp_path):
    page = Page(made(name).report(str(tmp_path / "report.html")).read_text(encoding="utf-8"))
    assert set(ALWAYS) <= set(page.headings)
    assert "Errors" not in page.headings


def test_the_policy_is_the_hash_of_the_style(made, tmp_path):
    text = made("text").report(tmp_path / "r.html").read_text(encoding="utf-8")
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)[1]
    assert f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}" in text
    assert "default-src &#x27;none&#x27;" in text
    assert "prefers-color-scheme: dark" in style


HOSTILE = [
    '<script>alert("a")</script>',
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(2)>',
    "]]>--> \u202e \x00 ` | ```\n# x",
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A model whose texts and classes try to break out of every place they are shown in, its data and its page."""
    xs = [f"{HOSTILE[n % 4]} word{n % 3} {'good' if n % 2 else 'bad'}" for n in range(48)]
    ys = [HOSTILE[n % 2] for n in range(48)]
    model = Model(Text(), Category(), training=Training(max_epochs=2, verbose=0)).fit(xs, ys)
    return model, xs, ys, model.report(tmp_path_factory.mktemp("hostile") / "report.html", xs, ys, title=HOSTILE[1])


def test_hostile_data_stay_text(hostile):
    model, xs, ys, path = hostile
    page = Page(path.read_text(encoding="utf-8"))
    check_safe(page)
    assert "img" not in page.tags
    assert "alert" in path.read_text(encoding="utf-8"), "they are shown, not hidden"
    check_safe(Page(model._repr_html_()))
    card = model.card(xs, ys)
    assert card.count("\n# ") == 1
    assert '| classes | `</style><img src=x onerror=alert(1)>`, `<script>alert("a")</script>` |' in card


class Board:
    """What elman.compare gives, as far as a report looks."""

    verdict = "use the <Markov chain>"

    def to_frame(self):
        import pandas

        return pandas.DataFrame({"candidate": ["markov", "gru"], "accuracy": np.array([0.9, 0.8])})


def test_a_leaderboard_stands_in_the_page(made, tmp_path):
    text = made("text").report(tmp_path / "r.html", leaderboard=Board()).read_text(encoding="utf-8")
    assert "use the &lt;Markov chain&gt;" in text
    assert '<td class="number">0.9</td>' in text
    with pytest.raises(DataTypeError, match=r"leaderboard must have to_frame\(\), as elman.compare gives it; got dict"):
        made("text").report(tmp_path / "r.html", leaderboard={})


def test_many_written_answers_are_sampled(made, tmp_path):
    xs, ys = DATA["free"]
    text = made("free").report(tmp_path / "r.html", xs * 30, ys * 30).read_text(encoding="utf-8")
    assert '<th scope="row">rows</th><td class="short">300</td>' in text
    assert '<th scope="row">judged</th><td class="short">200</td>' in text


def test_what_cannot_be_reported_says_why(made, tmp_path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        Model(Text(), Category()).report(tmp_path / "r.html")
    with pytest.raises(FileError, match=r"cannot write .*: it is a folder. Give the name of a file"):
        made("text").report(tmp_path)
    with pytest.raises(FileError, match="cannot write"):
        made("text").report(tmp_path / "no such folder" / "r.html")
    with pytest.raises(DataError, match=r"report needs values X together with their answers y"):
        made("text").report(tmp_path / "r.html", ["good"])
    with pytest.raises(DataError, match=r"row 0: .*expected"):
        made("series").report(tmp_path / "r.html", ["text"], ["slow"])
    assert list(tmp_path.iterdir()) == []


# cards -------------------------------------------------------------------------------------------------------------------


def metadata(card):
    """Read the YAML of a card with whatever reads YAML here."""
    yaml = pytest.importorskip("yaml")
    _, head, _ = card.split("---\n", 2)
    return yaml.safe_load(head)


@pytest.mark.parametrize(("name", "task"), [
    ("text", "text-classification"), ("language", "text-generation"), ("forecast", "time-series-forecasting"),
    ("picture", "image-classification"), ("series", None),
])  # fmt: skip
def test_a_card_has_the_metadata_of_hugging_face(made, name, task):
    model = made(name)
    told = metadata(model.card(*DATA[name]))
    assert told["library_name"] == "elman"
    assert told.get("pipeline_tag") == task
    assert "recurrent-neural-network" in told["tags"]
    (result,) = told["model-index"][0]["results"]
    xs, ys = DATA[name]
    wanted = model.score(xs, ys) if ys is not None else model.score(xs)
    assert result["metrics"][0]["value"] == pytest.approx(float(wanted), rel=1e-4)


def test_a_card_without_data_tells_what_was_held_out(made):
    card = made("text").card()
    assert "held-out part of the training data" in card
    for heading in ("# Model: Text → Category", "## What it is", "## How good it is", "## Limits", "## How to use it", "## Plan"):
        assert heading in card


def test_code_holds_any_backticks():
    assert code("a`b``c") == "```a`b``c```"
    assert code("`") == "`` ` ``"
    assert code("two\nlines") == "`two lines`"


# notebooks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["text", "language", "forecast"])
def test_notebooks_show_estimators_plans_histories_and_results(made, name):
    model = made(name)
    shown = [model, model.plan_, model.history_]
    if name == "forecast":
        shown.append(model.predict())
    for one in shown:
        page = Page(one._repr_html_())
        check_safe(page)
        assert "table" in page.tags
    assert model._repr_mimebundle_()["text/html"] == model._repr_html_()
    assert "not fitted" in clone(model)._repr_html_()


# a browser ---------------------------------------------------------------------------------------------------------------

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


def browse(path: Path, *options: str) -> tuple[str, str]:
    """Open a page without network; return the document as the browser has it, and what it complained about."""
    fixed = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--user-data-dir={path.parent / 'profile'}"]
    fixed += ["--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars", "--window-size=1000,3000"]
    done = subprocess.run([BROWSER, *fixed, *options, path.as_uri()], capture_output=True, text=True, timeout=120, check=False)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@needs_browser
def test_a_browser_runs_nothing_and_complains_about_nothing(hostile):
    path = hostile[3]
    document, complaints = browse(path, "--dump-dom")
    assert complaints == ""
    assert document.count("<h2") == Page(path.read_text(encoding="utf-8")).headings.__len__()
    assert "<svg" in document
    check_safe(Page(document.replace("<!DOCTYPE html>", "")))


@needs_browser
def test_a_browser_shows_it_in_light_and_in_dark(made, tmp_path):
    image = pytest.importorskip("PIL.Image")
    path = made("text").report(tmp_path / "report.html", *DATA["text"])
    seen = {}
    for name, scheme in (("dark", 0), ("light", 1)):
        shot = tmp_path / f"{name}.png"
        browse(path, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={shot}")
        seen[name] = np.asarray(image.open(shot).convert("L"), dtype=float)
    for name, paper in (("light", 255), ("dark", 24)):
        assert abs(np.median(seen[name]) - paper) < 12, name
        assert (np.abs(seen[name] - paper) > 60).mean() > 0.005, "there is something on it"
