"""The house itself: floors, forbidden calls, import times, docstrings, the README and the project files."""

from __future__ import annotations

import ast
import re
import resource
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import elman
from elman.cli.app import VERBS
from elman.cli.machine import EXTRAS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "elman"

FORBIDDEN = {
    "pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve",
    "torch.load", "torch.save", "torch.package", "torch.hub.load",
    "eval", "exec", "os.system", "os.popen", "yaml.load", "breakpoint",
}  # fmt: skip
PRINTS = ("cli",)


@cache
def modules() -> dict[Path, ast.Module]:
    found = {path.relative_to(PACKAGE): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    assert len(found) > 20
    return found


def room_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module of elman that a tree imports, wherever in it, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}" if node.module == "elman" else node.module) for alias in node.names)


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_no_forbidden_calls_or_imports() -> None:
    wrong = []
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func) in FORBIDDEN:
                wrong.append(f"{path}:{node.lineno} calls {dotted(node.func)}")
            if (
                isinstance(node, ast.keyword)
                and node.arg == "allow_pickle"
                and not (isinstance(node.value, ast.Constant) and node.value.value is False)
            ):
                wrong.append(f"{path}:{node.lineno} allows pickle")
        wrong += [f"{path}:{line} imports {name}" for line, name in imports(tree) if name.split(".")[0] in FORBIDDEN]
    assert wrong == []


def test_the_library_neither_prints_nor_asserts() -> None:
    wrong = []
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert) and room_of(path) != "testing":
                wrong.append(f"{path}:{node.lineno} asserts")
            if isinstance(node, ast.Call) and dotted(node.func) == "print" and room_of(path) not in PRINTS:
                wrong.append(f"{path}:{node.lineno} prints")
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                wrong.append(f"{path}:{node.lineno} bare except")
    assert wrong == []


def is_public(name: str) -> bool:
    return not name.startswith("_")


def is_overload(node: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list)


def undocumented(path: Path, tree: ast.Module) -> Iterator[str]:
    """Public classes, functions and methods without a docstring (an override and a setter need none)."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef) or not is_public(node.name):
            continue
        if isinstance(node, ast.FunctionDef) and is_overload(node):
            continue
        if ast.get_docstring(node) is None:
            yield f"{path}: {node.name}"
        if isinstance(node, ast.ClassDef) and not node.bases:
            methods = [
                inner for inner in node.body if isinstance(inner, ast.FunctionDef) and is_public(inner.name) and not is_overload(inner)
            ]
            methods = [m for m in methods if not any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in m.decorator_list)]
            yield from (f"{path}: {node.name}.{m.name}" for m in methods if ast.get_docstring(m) is None)


def test_every_public_name_has_a_docstring() -> None:
    private = {path for path in modules() if any(part.startswith("_") and part != "__init__.py" for part in path.parts)}
    missing = [name for path, tree in modules().items() if path not in private for name in undocumented(path, tree)]
    missing += [str(path) for path, tree in modules().items() if ast.get_docstring(tree) is None]
    assert missing == []


def test_files_and_functions_are_short() -> None:
    long = [str(path) for path in modules() if (PACKAGE / path).read_text(encoding="utf-8").count("\n") > 500]
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = node.body[-1].end_lineno - body[0].lineno + 1 if body and node.body[-1].end_lineno else 0
                if lines > 60:
                    long.append(f"{path}:{node.lineno} {node.name}: {lines} lines")
    assert long == []


# importing -----------------------------------------------------------------------------------------------------------


def loaded(statement: str) -> set[str]:
    script = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout.split())


@pytest.mark.parametrize(
    "statement",
    ["import elman", "from elman import Network, Training", "import elman.errors", "import elman.io.tables", "from elman.cli import main"],
)
def test_importing_is_light(statement: str) -> None:
    heavy = {"torch", "sklearn", "pyarrow", "pandas", "polars", "tokenizers", "matplotlib", "scipy"}
    assert loaded(statement) & heavy == set()


def test_import_elman_takes_a_moment_only() -> None:
    def took(statement: str) -> float:  # seconds of processor: a busy machine must not fail this
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", statement], timeout=60, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare = min(took("pass") for _ in range(3))
    assert min(took("import elman") for _ in range(5)) - bare < 0.2 * max(1.0, bare / 0.03)


def test_every_public_name_is_there() -> None:
    assert set(elman.__all__) <= set(dir(elman))
    for name in elman.__all__:
        assert getattr(elman, name) is not None
    with pytest.raises(AttributeError, match="module 'elman' has no attribute 'Modell'"):
        _ = elman.Modell


# the project's files -------------------------------------------------------------------------------------------------


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_pyproject_is_valid() -> None:
    validator = pytest.importorskip("validate_pyproject.api").Validator()
    assert validator(pyproject())["project"]["name"] == "elman"


def test_versions_and_extras_agree() -> None:
    project = pyproject()["project"]
    assert "version" not in project
    assert project["dynamic"] == ["version"]
    assert pyproject()["tool"]["scikit-build"]["metadata"]["version"]["input"] == "src/elman/__init__.py"
    extras = set(project["optional-dependencies"]) - {"all", "demo", "timm"}  # timm brings a torchvision, which may replace torch
    (everything,) = project["optional-dependencies"]["all"]
    assert set(everything.removeprefix("elman[").removesuffix("]").split(",")) == extras
    assert set(EXTRAS) == extras | {"timm"}
    version = re.escape(elman.__version__)
    assert re.search(rf"(?m)^## {version}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert re.search(rf"(?m)^version: {version}$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_build_reads_the_version_of_the_source() -> None:
    dynamic_metadata = pytest.importorskip("scikit_build_core.metadata.regex").dynamic_metadata
    settings = pyproject()["tool"]["scikit-build"]["metadata"]["version"]
    assert settings.pop("provider") == dynamic_metadata.__module__
    assert dynamic_metadata("version", {"input": str(ROOT / settings["input"])}) == elman.__version__
    done = subprocess.run(["make", "--silent", "version"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == elman.__version__


def distribution(requirement: str) -> str:
    return re.split(r"[<>=\[ ]", requirement)[0]


def packages_imported() -> set[str]:
    """The top-level packages that elman imports, by statement or by a call with the module's name."""
    result = {name.split(".")[0] for tree in modules().values() for _, name in imports(tree)}
    calls = (node for tree in modules().values() for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    loaders = (call for call in calls if dotted(call.func) in {"_package", "import_module", "importlib.import_module"})
    return result | {call.args[0].value.split(".")[0] for call in loaders if isinstance(call.args[0], ast.Constant)}


IMPORT_NAMES = {"pillow": "PIL", "scikit-learn": "sklearn"}
"""Import names of the distributions that are not imported by their own name."""


def test_every_dependency_and_extra_is_imported() -> None:
    project = pyproject()["project"]
    extras = {name: requirements for name, requirements in project["optional-dependencies"].items() if name != "all"}
    assert len(extras) > 5
    imported = packages_imported()
    for name, requirements in {"": project["dependencies"], **extras}.items():
        packages = {IMPORT_NAMES.get(distribution(requirement), distribution(requirement)) for requirement in requirements}
        assert packages <= imported, f"extra {name!r}: nothing imports {packages - imported}"


def test_the_required_dependencies_are_those_of_the_design() -> None:
    names = {distribution(requirement) for requirement in pyproject()["project"]["dependencies"]}
    assert names == {"torch", "scikit-learn", "tokenizers", "safetensors", "narwhals", "pyarrow", "typer", "rich", "threadpoolctl"}


def texts() -> dict[Path, str]:
    found = {path: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]}
    assert len(found) > 3
    return found


def make_targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8")))


def test_commands_in_the_texts_exist() -> None:
    readme = texts()[ROOT / "README.md"]
    assert {"demo", "test"} <= set(re.findall(r"(?m)^make ([a-z-]+)", readme)) <= make_targets()
    for path in [*texts(), ROOT / "CONTRIBUTING.md", ROOT / "RELEASING.md", ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md"]:
        named = re.findall(r"`make ([a-z][a-z-]*)", path.read_text(encoding="utf-8"))
        assert set(named) <= make_targets(), path.name
    for path, text in texts().items():
        if path.name == "design.md":  # the plan names verbs to come
            continue
        for verb in re.findall(r"(?m)(?:^|`|&& )elman ([a-z]+)", text):
            assert verb in VERBS, f"{path.name}: elman {verb}"


def test_options_in_the_readme_exist() -> None:
    from typer.main import get_command

    from elman.cli.app import build

    command = get_command(build())
    readme = texts()[ROOT / "README.md"]
    calls = [call for line in re.findall(r"(?m)^elman .*", readme) for call in line.split(" && ")]
    assert len(calls) >= 5
    for call in calls:
        verb = call.split()[1]
        known = {flag for parameter in command.commands[verb].params for flag in parameter.opts}  # type: ignore[attr-defined]
        assert set(re.findall(r"--[a-z-]+", call)) <= known, call


def test_python_in_the_texts_compiles_and_names_what_exists() -> None:
    for path, text in texts().items():
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            if path.name == "design.md":  # signatures, not programs
                continue
            tree = ast.parse(block)
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module == "elman":
                    assert {alias.name for alias in node.names} <= set(elman.__all__), path.name


def test_the_first_lines_of_the_readme_run(tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", texts()[ROOT / "README.md"], re.DOTALL)
    assert block is not None
    quick = "from elman import Training\n" + block[1].replace("Category())", "Category(), training=Training(max_epochs=3, verbose=0))")
    quick = quick.replace("horizon=14)", "horizon=14, training=Training(max_epochs=2, verbose=0))")
    quick = quick.replace("stars.elman", str(tmp_path / "stars.elman"))
    assert quick.count("Training(") == 2
    done = subprocess.run([sys.executable, "-c", quick], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "stars.elman").exists()


def test_links_between_the_texts_lead_somewhere() -> None:
    for path, text in texts().items():
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_texts_name_no_machine() -> None:
    files = [
        *texts(),
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
        ROOT / "mkdocs.yml",
        ROOT / "CITATION.cff",
        *ROOT.glob("*.md"),
        *GITHUB.rglob("*.*"),
    ]
    for path in files:
        assert not re.search(r"/(home|root|work|opt|tmp)/", path.read_text(encoding="utf-8")), path.name


GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
VERSIONED = re.compile(r"[\w.-]+/[\w.-]+@(v\d+|release/v\d+)")


def test_what_ships_with_the_repository_is_there() -> None:
    names = ["CODE_OF_CONDUCT.md", "RELEASING.md", "SECURITY.md", "CITATION.cff", ".clang-format", ".editorconfig"]
    github = ["CODEOWNERS", "PULL_REQUEST_TEMPLATE.md", "dependabot.yml", "ISSUE_TEMPLATE/bug.yml", "ISSUE_TEMPLATE/feature.yml"]
    paths = [*(ROOT / name for name in names), *(GITHUB / name for name in github), GITHUB / "ISSUE_TEMPLATE" / "config.yml"]
    assert [path.name for path in paths if not path.is_file() or not path.stat().st_size] == []


def test_project_urls_have_one_home() -> None:
    urls = pyproject()["project"]["urls"]
    assert {name.lower() for name in urls} == {"homepage", "documentation", "issues", "changelog"}
    assert all(url.startswith("https://github.com/elman-rnn/elman") for url in urls.values())
    assert f"repository-code: {urls['Homepage']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_yaml_files_parse() -> None:
    yaml = pytest.importorskip("yaml")
    paths = [*GITHUB.rglob("*.yml"), ROOT / "CITATION.cff", ROOT / ".pre-commit-config.yaml"]
    assert len(paths) >= 10
    for path in paths:
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict), path.name
    for path in (GITHUB / "ISSUE_TEMPLATE").glob("[bf]*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form)
        ids = [field["id"] for field in form["body"] if field["type"] != "markdown"]
        assert len(ids) == len(set(ids)) > 0


def test_workflows_have_the_fewest_permissions_and_time_limits() -> None:
    yaml = pytest.importorskip("yaml")
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {"contents": "read"}, path.name
        for name, job in workflow["jobs"].items():
            assert job.get("permissions", {}) == ({"id-token": "write"} if name == "publish" else {}), f"{path.name}: {name}"
            assert "uses" in job or job["timeout-minutes"] <= 90, f"{path.name}: {name}"


def test_workflows_call_make_targets_and_pinned_actions() -> None:
    assert {path.stem for path in WORKFLOWS} == {"test", "docs", "wheels", "release"}
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        commands = re.findall(r"(?m)^ +- run: (.+)$", text)
        assert len(commands) == len(re.findall(r"\brun:", text)), f"{path.name}: every run is one line"
        for command in commands:
            call = re.search(r"\bmake (?:--silent )?([a-z][a-z -]*)", command)
            assert call is not None, f"{path.name}: {command}"
            assert set(call[1].split()) <= make_targets(), f"{path.name}: {command}"
        for action in re.findall(r"uses: (\S+)", text):
            assert action == "./.github/workflows/wheels.yml" or VERSIONED.fullmatch(action), f"{path.name}: {action}"


def test_workflows_test_every_supported_python() -> None:
    prefix = "Programming Language :: Python :: 3."
    versions = [name.removeprefix(prefix[:-2]) for name in pyproject()["project"]["classifiers"] if name.startswith(prefix)]
    assert versions[0] == pyproject()["project"]["requires-python"].removeprefix(">=")
    line = "python: [" + ", ".join(f'"{version}"' for version in versions) + "]"
    for name in ("test", "wheels"):
        assert line in (GITHUB / "workflows" / f"{name}.yml").read_text(encoding="utf-8"), name


def test_contributing_is_short_and_ci_runs_the_readme() -> None:
    assert (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").count("\n") < 60
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
