"""Makes the files that docs/data_to_answers.md begins with, as people have them: one kind of data in each folder."""

from __future__ import annotations

import datetime
import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.cli.titanic import HEADER
from tests.cli.titanic import write_table as passengers

WORDS = {"the": "DET", "a": "DET", "every": "DET", "old": "ADJ", "small": "ADJ", "dog": "NOUN", "cat": "NOUN", "bird": "NOUN"}
WORDS |= {"sleeps": "VERB", "sings": "VERB", "runs": "VERB", "here": "ADV", "often": "ADV"}
THINGS = {"sky": "blue", "grass": "green", "snow": "white", "coal": "black", "rose": "red", "sun": "yellow"}
WHO = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gil", "Hana", "Ivo", "Jo", "Kim", "Lea")


def write_table(home: Path) -> None:
    """Passengers, of mixed kinds, with quotes, gaps and a byte-order mark, and two new ones."""
    (home / "passengers.csv").write_bytes(passengers(400).encode())
    names = [name for name in HEADER.split(",") if name != "Survived"]
    rows = ['401,1,"Berg, Anna ""401""",female,30,0,A/1111,60.5,,S', '402,3,"Ek, Dag ""402""",male,,1,A/2222,8.05,,']
    (home / "new.csv").write_text("\n".join([",".join(names), *rows]) + "\n", encoding="utf-8")


def write_pictures(home: Path) -> None:
    """Pictures by day and by night: colour, grey, transparent, CMYK, of 16 bits, and turned by their EXIF tag."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for kind, shade in (("day", 150), ("night", 0)):
        (home / "photos" / kind).mkdir(parents=True)
        for number in range(20):
            pixels = (rng.integers(0, 90, (40 + number, 48, 3)) + shade).astype(np.uint8)
            _save(pixels, number, home / "photos" / kind)
    (home / "new").mkdir()
    Image.fromarray(np.full((50, 30), 210, np.uint8)).save(home / "new" / "noon.png")
    Image.fromarray(np.full((64, 64, 3), [20, 25, 40], np.uint8)).save(home / "new" / "midnight.jpg")


def _save(pixels: np.ndarray, number: int, folder: Path) -> None:
    """One picture, of another kind each time."""
    from PIL import Image

    made = Image.fromarray(pixels)
    if number % 6 == 1:
        made.convert("L").save(folder / f"{number:02}_grey.png")
    elif number % 6 == 2:
        alpha = np.full(pixels.shape[:2], 255, np.uint8)
        alpha[0, 0] = 128
        Image.fromarray(np.dstack([pixels, alpha])).save(folder / f"{number:02}_alpha.png")
    elif number % 6 == 3:
        made.convert("CMYK").save(folder / f"{number:02}_cmyk.jpg")
    elif number % 6 == 4:
        Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(folder / f"{number:02}_deep.png")
    elif number % 6 == 5:
        exif = Image.Exif()
        exif[0x0112] = 6
        made.save(folder / f"{number:02}_turned.jpg", exif=exif)
    else:
        made.save(folder / f"{number:02}.jpg")


def write_treebank(home: Path) -> None:
    """Sentences whose words have tags, and two whose words have none."""
    draw = random.Random(0)

    def pick(tag: str) -> str:
        return draw.choice([word for word, own in WORDS.items() if own == tag])

    sentences = []
    for _ in range(80):
        kinds = ["DET", *["ADJ"] * (draw.random() < 0.5), "NOUN", "VERB", *["ADV"] * (draw.random() < 0.5)]
        sentences.append([(pick(kind), kind) for kind in kinds])
    text = "".join(_sentence(f"{number}", pairs) for number, pairs in enumerate(sentences, 1))
    (home / "sentences.conllu").write_text(text, encoding="utf-8")
    new = [["the", "small", "cat", "sings"], ["every", "dog", "runs", "here"]]
    text = "".join(_sentence(f"new-{n}", [(word, "_") for word in words]) for n, words in enumerate(new, 1))
    (home / "new.conllu").write_text(text, encoding="utf-8")


def _sentence(name: str, pairs: list[tuple[str, str]]) -> str:
    rows = [f"{n}\t{word}\t_\t{tag}" + "\t_" * 6 for n, (word, tag) in enumerate(pairs, 1)]
    return "\n".join([f"# sent_id = {name}", *rows]) + "\n\n"


def write_text(home: Path) -> None:
    """Lines of text, and the beginnings of three more."""
    lines = [f"{who} says the {thing} is {colour}" for who in WHO for thing, colour in THINGS.items()]
    random.Random(0).shuffle(lines)
    (home / "sayings.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (home / "new.txt").write_text("Ada says the sky is\nJo says the coal\nEve says the grass is\n", encoding="utf-8")


def write_series(home: Path) -> None:
    """What a town used each hour, and the last hours of another day."""
    begin = datetime.datetime(2024, 1, 1)
    rng = np.random.default_rng(0)

    def line(hour: int) -> str:
        warmth = 10 + 5 * math.sin(2 * math.pi * (hour - 6) / 24) + float(rng.normal()) * 0.3
        load = 500 + 80 * math.sin(2 * math.pi * hour / 24) - 4 * warmth
        return f"{begin + datetime.timedelta(hours=hour):%Y-%m-%d %H:%M},{warmth:.1f},{load:.1f}"

    (home / "town.csv").write_text("\n".join(["time,warmth,load", *map(line, range(600))]) + "\n")
    (home / "new.csv").write_text("\n".join(["time,warmth,load", *map(line, range(600, 648))]) + "\n")


KINDS: dict[str, Callable[[Path], None]] = {
    "A table": write_table,
    "A folder of pictures": write_pictures,
    "Tagged sentences": write_treebank,
    "A text": write_text,
    "A series": write_series,
}
"""The headings of the page with what their commands find."""
