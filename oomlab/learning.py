"""How far a learner has come, and a class: tables made of the files that learners keep.

Nothing is sent anywhere: :func:`progress` reads the file beside the notebooks, and
:func:`class_progress` a folder into which learners have handed in theirs.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from oomlab.exercises import Exercise, Prediction, every, every_prediction
from oomlab.exercises.kinds import Essay, NotAnswered, Unreadable
from oomlab.progress_file import FILE, mapping, read
from oomlab.render.safe import NO_MATH, plain

_DONE = ("right", "yours to judge")
"""Verdicts after which nothing is left to do: a text is the learner's own, or a teacher's, to judge."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Table:
    """A title, heads and rows of text, shown as text in a terminal and as a table in a notebook."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.heads, *self.rows, strict=True)]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (self.heads, *self.rows)
        )
        return "\n".join([self.title, *lines] if self.rows else [self.title])

    def _repr_html_(self) -> str:
        """Return the table as HTML, every text escaped; without rows the title alone."""
        if not self.rows:
            return f'<p class="{NO_MATH}">{html.escape(self.title)}</p>'
        heads = "".join(f'<th scope="col">{html.escape(head)}</th>' for head in self.heads)
        body = "".join(_row(row) for row in self.rows)
        caption = f'<caption style="text-align: left; color: inherit">{html.escape(self.title)}</caption>'
        table = f"{caption}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>"
        return f'{_STYLE}<table class="oom-table {NO_MATH}">{table}</table>'


_STYLE = (
    "<style>.oom-table td, .oom-table th { text-align: left !important; vertical-align: top; } "
    ".oom-table th { white-space: nowrap; }</style>"
)


def _row(row: tuple[str, ...]) -> str:
    first, *rest = (html.escape(cell) for cell in row)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'


# --- one learner ------------------------------------------------------------------------------


def progress(file: Path | str | None = None) -> Table:
    """Return what is done, tried and open in each notebook, by a learner's file: by default one's own."""
    kept = read(Path(file) if file else None)
    counts = [_count(number, kept) for number in _notebooks()]
    done, all_ = sum(count.done for count in counts), sum(count.all for count in counts)
    open_ = [exercise.id for exercise in every() if _verdict(kept, exercise) not in _DONE]
    after = f"next: {open_[0]}" if open_ else "nothing is left to do"
    return Table(
        title=f"{done} of {all_} exercises done; {after}",
        heads=("notebook", "done", "tried", "open", "tries", "predictions that came true"),
        rows=tuple(count.row for count in counts),
    )


def guesses(file: Path | str | None = None) -> Table:
    """Return the predictions that a learner made, each beside what happened."""
    kept = read(Path(file) if file else None)
    made = [(each, guess) for each in every_prediction() if (guess := _guess(kept, each)) is not None]
    hits = sum(each.fits(guess) for each, guess in made)
    return Table(
        title=f"{hits} of {len(made)} predictions came true"
        if made
        else "No prediction is kept here: notebooks 01 to 07 ask for them",
        heads=("", "asked", "your guess", "what happened"),
        rows=tuple(_guess_row(each, guess) for each, guess in made),
    )


def _guess_row(prediction: Prediction, guess: Any) -> tuple[str, ...]:
    mark = "✓" if prediction.fits(guess) else "✗"
    return (
        f"{mark} {prediction.id}",
        prediction.question,
        prediction.words(prediction.kind.read(guess)),
        prediction.words(prediction.answer),
    )


# --- a class ----------------------------------------------------------------------------------


def class_progress(folder: Path | str) -> Table:
    """Return one row for each learner and one column for each notebook, from a folder of their files.

    A learner is named by the file (``ada.json``), or by the folder that holds it where the file has its
    usual name (``ada/my-progress.json``). The last row says how many have done each notebook. Raises
    :class:`ValueError` where the folder holds no such file.
    """
    files = sorted(Path(folder).rglob("*.json"))
    learners = [(_name(file), kept) for file in files if _is_ours(kept := read(file))]
    if not learners:
        raise ValueError(f"no learner's file in {folder}: expected {FILE}, in a folder for each learner")
    rows = [(name, *_cells(kept)) for name, kept in learners]
    finished = tuple(_finished(number, (kept for _, kept in learners)) for number in _notebooks())
    return Table(
        title=f"{len(learners)} learners: exercises done in each notebook",
        heads=("learner", *_notebooks(), "all", "predictions"),
        rows=(*rows, ("all done by", *finished, "", "")),
    )


def hardest(folder: Path | str) -> Table:
    """Return the exercises of a class, those that took the most tries first.

    Raises :class:`ValueError` like :func:`class_progress`.
    """
    class_progress(folder)
    kept = [read(file) for file in sorted(Path(folder).rglob("*.json"))]
    rows = [row for exercise in every() if (row := _tries(exercise, kept))]
    rows.sort(key=lambda row: -row.tries / row.tried)
    return Table(
        title="Tries for each learner who tried, the most first",
        heads=("exercise", "tries", "tried by", "done by"),
        rows=tuple((row.id, f"{row.tries / row.tried:.1f}", str(row.tried), str(row.done)) for row in rows),
    )


class _Tries(NamedTuple):
    id: str
    tries: int
    tried: int
    done: int


def _tries(exercise: Exercise, learners: Iterable[Mapping[str, Any]]) -> _Tries | None:
    counts = [_tries_of(kept, exercise) for kept in learners]
    tried = [each for each in counts if each]
    done = sum(_verdict(kept, exercise) in _DONE for kept in learners)
    return _Tries(exercise.id, sum(tried), len(tried), done) if tried else None


def _name(file: Path) -> str:
    return plain(file.parent.name if file.name == FILE else file.stem)


def _is_ours(kept: Mapping[str, Any]) -> bool:
    return any(part in kept for part in ("answers", "predictions", "suspect"))


def _cells(kept: Mapping[str, Any]) -> Iterator[str]:
    counts = [_count(number, kept) for number in _notebooks()]
    yield from (f"{count.done}/{count.all}" if count.tried or count.done else "" for count in counts)
    yield f"{sum(count.done for count in counts)}/{sum(count.all for count in counts)}"
    yield f"{sum(count.hits for count in counts)}/{sum(count.made for count in counts)}"


def _finished(number: str, learners: Iterable[Mapping[str, Any]]) -> str:
    counts = [_count(number, kept) for kept in learners]
    return f"{sum(count.done == count.all for count in counts)} of {len(counts)}"


# --- counting ---------------------------------------------------------------------------------


class _Count(NamedTuple):
    """One learner in one notebook."""

    number: str
    done: int
    tried: int
    all: int
    tries: int
    hits: int
    made: int

    @property
    def row(self) -> tuple[str, ...]:
        still = self.all - self.done - self.tried
        numbers = (self.done, self.tried, still, self.tries)
        return (self.number, *map(str, numbers), f"{self.hits} of {self.made}" if self.made else "")


def _notebooks() -> list[str]:
    return list(dict.fromkeys(exercise.id[:2] for exercise in every()))


def _count(number: str, kept: Mapping[str, Any]) -> _Count:
    own = [exercise for exercise in every() if exercise.id.startswith(f"{number}.")]
    verdicts = [_verdict(kept, exercise) for exercise in own]
    guessed = [
        (each, guess)
        for each in every_prediction()
        if each.id.startswith(f"{number}.") and (guess := _guess(kept, each)) is not None
    ]
    return _Count(
        number=number,
        done=sum(verdict in _DONE for verdict in verdicts),
        tried=sum(verdict == "not yet" for verdict in verdicts),
        all=len(own),
        tries=sum(_tries_of(kept, exercise) for exercise in own),
        hits=sum(each.fits(guess) for each, guess in guessed),
        made=len(guessed),
    )


def _answer(kept: Mapping[str, Any], exercise: Exercise) -> Mapping[str, Any]:
    return mapping(mapping(kept.get("answers")).get(exercise.id))


def _verdict(kept: Mapping[str, Any], exercise: Exercise) -> str:
    """Return the verdict that counts: a text is done when it was written, and never right by itself."""
    verdict = _answer(kept, exercise).get("verdict")
    if verdict == "yours to judge" and not isinstance(exercise.kind, Essay):
        return ""
    return verdict if isinstance(verdict, str) else ""


def _tries_of(kept: Mapping[str, Any], exercise: Exercise) -> int:
    tries = _answer(kept, exercise).get("tries")
    return tries if isinstance(tries, int) and 0 <= tries < 10**6 else 0


def _guess(kept: Mapping[str, Any], prediction: Prediction) -> Any:
    """Return a guess that was kept and can be read, or ``None``."""
    guess = mapping(kept.get("predictions")).get(prediction.id)
    try:
        prediction.kind.read(guess)
    except (NotAnswered, Unreadable):
        return None
    return guess
