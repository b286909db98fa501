"""Mangled files against every reader, for a given time: each must be read and used, or refused with one of elman's own errors.

``python tools/fuzz.py --seconds 60 --seeds 1 2`` prints how many files of each kind were read and refused, and ends with 1 where anything
else happened: another error, a crash, or more than ten seconds of processor time. The file that did it is kept. A model that can be read
also answers, is scored and is saved again; from a checkpoint that can be read training goes on.
"""

from __future__ import annotations

import argparse
import copy
import functools
import hashlib
import importlib.util
import io
import json
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
SLOW = 10.0
"""Seconds of processor time that a small file may take."""
Seed = tuple[str, bytes]


def text_seeds() -> list[Seed]:
    """Return small files of the kinds that are text."""
    rows = "".join(f'{i},"a ""word"" {i}",{i / 7:.3f},2024-01-{i % 28 + 1:02}\n' for i in range(30))
    lines = "".join(json.dumps({"a": i, "b": [i, {"c": None}], "é": "ü" * (i % 4)}) + "\n" for i in range(20))
    return [
        ("a.csv", f"n,text,x,day\n{rows}".encode()),
        ("a.tsv", f"n\ttext\tx\tday\n{rows}".replace('",', '"\t').replace(',"', '\t"').encode("utf-8-sig")),
        ("a.jsonl", lines.encode()),
    ]


def table_seeds() -> list[Seed]:
    """Return small Parquet, .npy and .npz files."""
    import numpy as np

    from elman.io import tables

    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / "a.parquet"
        tables.write(parquet, {"n": list(range(40)), "s": [str(i) for i in range(40)]})
        held = parquet.read_bytes()
    npz, npy = io.BytesIO(), io.BytesIO()
    np.savez_compressed(npz, x=np.arange(24.0).reshape(4, 6), y=np.array(["a", "b", "c", "d"]))
    np.save(npy, np.arange(12, dtype=np.int16).reshape(3, 4))
    return [("a.parquet", held), ("a.npz", npz.getvalue()), ("a.npy", npy.getvalue())]


def media_seeds() -> list[Seed]:
    """Return small files of pictures, sound, music and film; of music and film where their libraries are there."""
    import wave

    import numpy as np
    from PIL import Image

    png, sound = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(png, "PNG")
    with wave.open(sound, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(np.arange(800, dtype=np.int16).tobytes())
    seeds = [("a.png", png.getvalue()), ("a.wav", sound.getvalue())]
    for ending, kind in (("jpg", "JPEG"), ("gif", "GIF"), ("webp", "WEBP"), ("tif", "TIFF")):
        held = io.BytesIO()
        Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(held, kind)
        seeds.append((f"a.{ending}", held.getvalue()))
    return [*seeds, *music_seeds(), *film_seeds()]


def music_seeds() -> list[Seed]:
    """Return a small MIDI file, if it can be read here."""
    if importlib.util.find_spec("symusic") is None:
        return []
    track = b"".join(bytes([0, 0x90, 50 + i, 64, 48, 0x80, 50 + i, 64]) for i in range(12)) + b"\x00\xff\x2f\x00"
    return [("a.mid", b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(track).to_bytes(4, "big") + track)]


def film_seeds() -> list[Seed]:
    """Return small films in two containers, if they can be read here."""
    if importlib.util.find_spec("av") is None:
        return []
    import av
    import numpy as np

    seeds: list[Seed] = []
    for ending, kind in (("mp4", "mp4"), ("mkv", "matroska")):
        held = io.BytesIO()
        with av.open(held, "w", format=kind) as container:
            stream: Any = container.add_stream("mpeg4", rate=8)
            stream.height, stream.width, stream.pix_fmt = 16, 32, "yuv420p"
            for grey in range(0, 250, 50):
                frame = av.VideoFrame.from_ndarray(np.full((16, 32, 3), grey, np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        seeds.append((f"a.{ending}", held.getvalue()))
    return seeds


def model_seeds() -> list[Seed]:
    """Return the golden model files: read as they are, and with a changed description and a right digest."""
    files = [(path.name, path.read_bytes()) for path in sorted(GOLDEN.glob("*.elman"))]
    return [*files, *((f"spec-{name}", data) for name, data in files)]


def checkpoint_seeds() -> list[Seed]:
    """Return the state of a checkpoint after the first of two epochs, for every kind of run that has a state of its own."""
    return [(f"{name}.checkpoint", json.dumps(_first_checkpoint(name)).encode()) for name in RUNS]


def run(name: str, folder: Path) -> None:
    """Train two epochs with checkpoints in a folder, or go on from those there."""
    import elman

    network, rows = elman.Network(hidden_size=3, embedding_size=3, members=1), [list("abc"), list("ba")] * 4
    training = elman.Training(max_epochs=2, checkpoint_dir=str(folder), verbose=0)
    if name == "model":
        elman.Model(elman.Symbols(), elman.Category(), network=network, training=training).fit(rows, ["a", "b"] * 4)
    else:
        elman.LanguageModel(elman.Symbols(), network=network, training=training.set_params(schedule="plateau")).fit(rows)


RUNS = ("model", "language_model")


@functools.cache
def _first_checkpoint(name: str) -> dict[str, str]:
    """Return the files of the first checkpoint of a run, as text by name."""
    with tempfile.TemporaryDirectory() as folder:
        run(name, Path(folder))
        first = min(path.parent for path in Path(folder).rglob("MANIFEST"))
        where = str(first.relative_to(folder))
        return {f"{where}/{path.name}": path.read_bytes().decode("latin-1") for path in first.iterdir()}


SEEDS: dict[str, Callable[[], list[Seed]]] = {
    "text": text_seeds,
    "tables": table_seeds,
    "media": media_seeds,
    "models": model_seeds,
    "checkpoints": checkpoint_seeds,
}
TOKENS = (
    b"\0",
    b"\xff\xfe",
    b'"',
    b"\n\r",
    b"[" * 3000,
    b"1e999",
    b"-1",
    b"NaN",
    b"\xf0\x9f",
    b"PAR1",
    b"{}",
    b"99999999999999999999",
    b",,,",
)


def mangle(data: bytes, chance: random.Random) -> bytes:
    """Return the data with a few bytes changed, cut, repeated or put in."""
    mangled = bytearray(data)
    while mangled == data:
        mangle_once(mangled, chance)
    return bytes(mangled)


def mangle_once(mangled: bytearray, chance: random.Random) -> None:
    """Change one to twenty places in place; now and then nothing, where the change undoes itself."""
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at, way = chance.randrange(len(mangled) + 1), chance.randrange(6)
        length = chance.choice((1, 4, 64))
        if way == 0 and mangled:
            mangled[at % len(mangled)] ^= 1 << chance.randrange(8)
        elif way == 1:
            mangled[at : at + length] = chance.randbytes(length)
        elif way == 2:
            del mangled[at : at + length]
        elif way == 3:
            mangled[at:at] = mangled[at : at + length]
        elif way == 4:
            mangled[at:at] = chance.choice(TOKENS)
        elif chance.random() < 0.2:
            del mangled[at:]


ODD: tuple[Any, ...] = (None, True, -1, 0, 10**12, 1.5, "", "x", [], {}, [[]], {"a": 1}, "lstm", 3)


def change(value: Any, chance: random.Random) -> Any:
    """Return plain JSON with one leaf, key or item changed somewhere: half the time one of all leaves, as likely as any other."""
    places = list(leaves(value))
    return with_leaf(value, chance.choice(places), chance) if places and chance.random() < 0.5 else change_on_the_way(value, chance)


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value that holds no others."""
    if not isinstance(value, dict | list) or not value:
        yield place
        return
    for at in value if isinstance(value, dict) else range(len(value)):
        yield from leaves(value[at], (*place, at))


def with_leaf(value: Any, place: tuple[Any, ...], chance: random.Random) -> Any:
    """Return a copy with another value at a place: one of the same type or an odd one."""
    if place:
        value = copy.copy(value)
        value[place[0]] = with_leaf(value[place[0]], place[1:], chance)
        return value
    similar: dict[type, tuple[Any, ...]] = {
        bool: (not value,),
        int: (value + 1, value - 1, -value, value * 1000) if isinstance(value, int) else (),
        float: (value * 1e9, -value, 0.0, 1e-300, 1e300) if isinstance(value, float) else (),
        str: (f"{value}x", value[:-1], value * 50) if isinstance(value, str) else (),
    }
    return copy.deepcopy(chance.choice((*similar.get(type(value), ()), *ODD)))


def change_on_the_way(value: Any, chance: random.Random) -> Any:
    """Return plain JSON with a leaf, key or item changed, each step down as likely as its siblings."""
    if chance.random() < 0.15 or not isinstance(value, dict | list) or not value:
        return copy.deepcopy(chance.choice(ODD))
    value = copy.copy(value)
    at = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
    way = chance.random()
    if way < 0.1:
        del value[at]
    elif way < 0.2 and isinstance(value, dict):
        value[f"{at}x"] = value.pop(at)
    else:
        value[at] = change_on_the_way(value[at], chance)
    return value


def write_mangled(path: Path, seed: Seed, chance: random.Random) -> None:
    """Write one mangled file; of models marked so, only the description is changed, and the digest is right."""
    name, data = seed
    if name.endswith(".checkpoint"):
        write_checkpoint(path, json.loads(data), chance)
        return
    if not name.startswith("spec-"):
        path.write_bytes(mangle(data, chance))
        return
    from elman.io import model_file

    meta, tensors = model_file.read(GOLDEN / name.removeprefix("spec-"))
    model_file.write(path, tensors, {"kind": meta["kind"], "spec": change(meta["spec"], chance)})


def write_checkpoint(path: Path, files: dict[str, str], chance: random.Random) -> None:
    """Write a checkpoint whose state is changed and whose MANIFEST is right."""
    from elman.io import strict_json

    shutil.rmtree(path, ignore_errors=True)
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content.encode("latin-1"))
    folder = (path / min(files)).parent
    whole = json.loads((folder / "state.json").read_bytes())
    whole = change(whole, chance) if chance.random() < 0.05 else {**whole, "state": change(whole["state"], chance)}
    (folder / "state.json").write_text(strict_json.canonical(whole))
    manifest = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in json.loads((folder / "MANIFEST").read_bytes())}
    (folder / "MANIFEST").write_text(strict_json.canonical(manifest))


def use_model(path: Path) -> None:
    """Load a model, let it answer the rows of its golden file, score and save it."""
    import elman

    estimator = elman.load(path)
    held = GOLDEN / path.name.removeprefix("spec-")
    golden = golden_module()
    rows = golden.arrays(estimator, json.loads(held.with_suffix(".json").read_bytes())["rows"])
    found = golden.answers(estimator, rows)
    str(estimator.plan_), estimator.history_.to_markup(), repr(estimator)
    if isinstance(estimator, elman.Model):
        truth = found["predict"] if estimator.target_.rank == "many" else estimator.predict(rows)
        estimator.score(rows, truth)
    estimator.save(path.with_suffix(".again"))


@functools.cache
def golden_module() -> Any:
    """Return tests/golden/make.py, which knows how a golden model is asked."""
    spec: Any = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def use(path: Path) -> None:
    """Read a file with the reader that its ending asks for, and use its content."""
    from elman.codecs import Audio, Image, Notes, Video
    from elman.io import tables

    if path.suffix == ".elman":
        use_model(path)
    elif path.suffix == ".checkpoint":
        run(path.stem, path)
    elif path.suffix in (".png", ".jpg", ".gif", ".webp", ".tif"):
        Image(size=8).fit([path], role="source").encode(path)
    elif path.suffix == ".wav":
        Audio().fit([path], role="source").encode(path)
    elif path.suffix == ".mid":
        Notes().fit([path], role="source").encode(path)
    elif path.suffix in (".mp4", ".mkv"):
        Video(8, max_pixels=1_000_000).fit([path], role="source").encode(path)
    else:
        tables.read(path)


NAMES = {".checkpoint": "checkpoints"}


def child(kind: str, seconds: float, seed: int, folder: Path) -> None:
    """Mangle and read until the time is over; print the counts as JSON."""
    from elman.errors import ElmanError

    warnings.simplefilter("ignore")
    chance, seeds, counts = random.Random(seed), SEEDS[kind](), Counter[str]()
    for name, data in seeds[:1]:  # libraries are loaded before the clock runs
        if not name.endswith(".checkpoint"):
            (folder / name).write_bytes(data)
            use(folder / name)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        picked = chance.choice(seeds)
        path = folder / picked[0]
        write_mangled(path, picked, chance)
        begun = time.process_time()
        group = "model descriptions" if picked[0].startswith("spec-") else NAMES.get(path.suffix, f"{path.suffix} files")
        try:
            use(path)
            counts[f"{group}: read"] += 1
            if group == ".elman files":  # every changed byte must be noticed
                raise SystemExit(f"{path} is mangled and was loaded all the same")
        except ElmanError:
            counts[f"{group}: refused"] += 1
        if time.process_time() - begun > SLOW:
            raise SystemExit(f"{path} took {time.process_time() - begun:.1f} s of processor time")
    sys.stdout.write(json.dumps(counts))


def main() -> int:
    """Run every kind with every seed in a process of its own, so that a crash is seen; print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180, help="time for each seed, over all kinds")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--kind", choices=sorted(SEEDS), help="one kind only")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    kinds = [given.kind] if given.kind else list(SEEDS)
    if given.child is not None:
        child(given.kind, given.seconds, given.seeds[0], given.child)
        return 0
    runs = [run_child(kind, given.seconds / len(kinds), seed) for seed in given.seeds for kind in kinds]
    total = sum((counts for counts in runs if counts is not None), Counter[str]())
    sys.stdout.write(report(total, given.seconds, given.seeds))
    return int(None in runs)


def run_child(kind: str, seconds: float, seed: int) -> Counter[str] | None:
    """Return the counts of one kind and seed, or None where something else than a refusal ended it."""
    folder = tempfile.mkdtemp(prefix=f"fuzz-{kind}-{seed}-")
    options = ["--kind", kind, "--seconds", str(seconds), "--seeds", str(seed), "--child", folder]
    done = subprocess.run([sys.executable, "-X", "faulthandler", __file__, *options], capture_output=True, text=True, check=False)  # noqa: S603
    if not done.returncode:
        shutil.rmtree(folder)
        return Counter(json.loads(done.stdout))
    sys.stdout.write(f"{kind}, seed {seed}: ended with {done.returncode}; the last file is in {folder}\n{done.stderr[-3000:]}\n")
    return None


def report(total: Counter[str], seconds: float, seeds: list[int]) -> str:
    """Return the counts as a Markdown table."""
    groups = sorted({name.partition(": ")[0] for name in total})
    rows = [f"| {group} | {total[f'{group}: read']} | {total[f'{group}: refused']} |" for group in groups]
    numbers = f"seeds {', '.join(map(str, seeds))} for {seconds:.0f} s each"
    head = f"{numbers}, Python {platform.python_version()}, {platform.machine()}: {total.total()} mangled files"
    return "\n".join([head, "", "| kind | read | refused with an error of elman |", "|---|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
