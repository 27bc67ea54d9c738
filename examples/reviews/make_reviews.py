"""Write the reviews of this example into data/raw: nobody wrote them, templates and chance did.

    python make_reviews.py            # from any folder; the same bytes each time

A review has some sentences, most with a word of praise or blame. One word in eight says the
opposite of what the reviewer thinks, so no classifier gets all of them right. The shops differ:

- ``reviews.csv``: 1,200 reviews of many shops, with labels
- ``acme.csv``: kitchenware, in the same words, up to five points
- ``globex_export.csv``: games, up to ten points; players praise with words that blame elsewhere
  ("sick", "brutal")
- ``initech.csv``: office software, whose users say "not slow" for fast and "not clear" for muddled
"""

import csv
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


def words(text: str) -> list[str]:
    return text.split()


GOOD = words(
    "great excellent lovely reliable sturdy quick clear pleasant handy solid smooth bright neat "
    "comfortable generous sharp tidy silent elegant precise durable friendly fresh clever fair "
    "perfect cheerful warm simple brilliant accurate helpful steady light superb fast charming "
    "thoughtful flawless delightful"
)
BAD = words(
    "poor terrible flimsy slow noisy awkward dull broken faulty clumsy rough weak messy unfair "
    "uncomfortable stingy blunt heavy ugly vague fragile rude stale silly useless sick wicked "
    "brutal insane filthy killer ridiculous nasty crazy savage muddled late dreadful shoddy sloppy"
)
PRAISE_OF_PLAYERS = words("sick wicked brutal insane filthy killer ridiculous nasty crazy savage")
BLAME_OF_PLAYERS = words(
    "mid basic bland grindy laggy buggy clunky pay-to-win light simple fair cheerful neat tidy"
)

OPINIONS = (
    "The {aspect} is {word}.",
    "What a {word} {aspect}!",
    "I find the {aspect} {word}.",
    "{word} {aspect}, in my view.",
    "My family calls the {aspect} {word}.",
    "The {aspect} turned out {word}.",
    "Really {word}, this {aspect}.",
)
NEUTRAL = (
    "I bought it in {month}.",
    "It came with a {aspect}.",
    "This is my {number} {thing}.",
    "I use the {thing} about {number} times a week.",
    "My neighbour has the same {thing}.",
    "The {thing} was a present.",
)
MONTHS = words("January March April June August October November")
NUMBERS = words("first second third fourth")


class Shop(NamedTuple):
    """What its customers review, and how; ``blame`` is the share of bad reviews."""

    things: Sequence[str]
    aspects: Sequence[str]
    good: Sequence[str] = GOOD
    bad: Sequence[str] = BAD
    blame: float = 0.5
    negated: float = 0.0


ALL = Shop(
    things=("kettle", "lamp", "jacket", "phone", "tent", "printer", "chair", "game", "novel"),
    aspects=("price", "design", "delivery", "finish", "service", "quality", "manual", "size"),
)
ACME = Shop(
    things=("pan", "kettle", "toaster", "knife", "blender"),
    aspects=("handle", "lid", "price", "finish", "delivery", "cable"),
    blame=0.4,
)
GLOBEX = Shop(
    things=("game", "sequel", "expansion", "controller"),
    aspects=("soundtrack", "boss", "story", "graphics", "matchmaking", "price"),
    good=[*PRAISE_OF_PLAYERS, *PRAISE_OF_PLAYERS, *GOOD[:20]],
    bad=[*BLAME_OF_PLAYERS, *BLAME_OF_PLAYERS, *BAD[:20]],
    blame=0.35,
)
INITECH = Shop(
    things=("editor", "calendar", "spreadsheet", "printer driver"),
    aspects=("search", "support", "export", "menu", "price", "installer"),
    good=GOOD[:10],
    bad=BAD[:10],
    negated=0.3,
)


class Writer:
    """Draws from ``random()`` only, whose sequence is the same in all versions of Python."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random  # noqa: S311

    def pick(self, items: Sequence[str]) -> str:
        return items[int(self.random() * len(items))]

    def review(self, shop: Shop) -> tuple[bool, str]:
        """Whether it is a good one, and its text."""
        is_good = self.random() >= shop.blame
        sentences = [self.opinion(shop, is_good)]
        while self.random() < 0.55 and len(sentences) < 5:
            sentences.append(self.opinion(shop, is_good))
        if self.random() < 0.6:
            sentences.append(self.filled(self.pick(NEUTRAL), shop))
        return is_good, " ".join(sentences)

    def opinion(self, shop: Shop, is_good: bool) -> str:
        says_good = is_good if self.random() < 0.87 else not is_good
        negated = self.random() < shop.negated
        word = self.pick(shop.good if says_good != negated else shop.bad)
        return self.filled(self.pick(OPINIONS), shop, f"not {word}" if negated else word)

    def filled(self, template: str, shop: Shop, word: str = "") -> str:
        text = template.format(
            word=word,
            aspect=self.pick(shop.aspects),
            thing=self.pick(shop.things),
            month=self.pick(MONTHS),
            number=self.pick(NUMBERS),
        )
        return text[0].upper() + text[1:]

    def points(self, is_good: bool, most: int) -> int:
        """Points from 1 to ``most``: the upper half is for good ones, but for a rare slip."""
        upper = is_good if self.random() < 0.98 else not is_good
        half = most // 2
        return 1 + int(self.random() * half) + (most - half if upper else 0)


def labelled(count: int) -> Iterator[list[object]]:
    writer = Writer(1)
    yield ["text", "label"]
    for _ in range(count):
        is_good, text = writer.review(ALL)
        yield [text, "good" if is_good else "bad"]


def rated(shop: Shop, seed: int, count: int, most: int) -> Iterator[list[object]]:
    writer = Writer(seed)
    yield ["id", "points", "review"]
    for number in range(count):
        is_good, text = writer.review(shop)
        yield [1000 + number, writer.points(is_good, most), text]


def main() -> None:
    folder = Path(__file__).parent / "data/raw"
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "reviews.csv": labelled(1200),
        "acme.csv": rated(ACME, 2, 300, most=5),
        "globex_export.csv": rated(GLOBEX, 3, 400, most=10),
        "initech.csv": rated(INITECH, 4, 400, most=5),
    }
    for name, rows in tables.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
