"""The page's verdicts and tables."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnnlab import program
from cnnlab.comparison import wording
from cnnlab.comparison.claim_text import arms
from cnnlab.comparison.comparison import HOLDS_FOR, STATES, Comparison
from cnnlab.comparison.judge import by_family, failed_controls
from cnnlab.comparison.mean_verdicts import MeanVerdict
from cnnlab.comparison.metrics import parse
from cnnlab.comparison.page.arm_charts import differences
from cnnlab.comparison.trial import Trial
from cnnlab.comparison.verdicts import SIGNS, TONES, Verdict
from cnnlab.pages.document import command
from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.pages.tables import table, wide
from cnnlab.text import dims, number, plural

TITLES = {
    "controls": ("Controls", "what must come out if this sweep can see anything"),
    "claims": ("Claims", ""),
    "interactions": ("Does one depend on the other?", "differences of differences"),
    "divergence": ("Runs that diverged", "counted, not dropped"),
    "equal settings": ("At equal settings", "beside the verdict with each arm's own best value"),
}

MOST_CARDS = 24
MOST_RUNS = 400
MOST_LISTED = 12


def badge(verdict: Verdict) -> Markup:
    word = verdict.word
    return tag("span", f"{SIGNS.get(word, '–')} {word}", class_=f"badge {TONES.get(word, 'none')}")


def verdicts(comparison: Comparison) -> Content:
    """Every verdict, by the families in which they are corrected."""
    families = by_family(comparison.judged)
    parts: list[Content] = []
    for family, some in families.items():
        title, note = TITLES[family]
        if len(families) > 1:
            parts.append(tag("h3", title, tag("small", note) if note else None))
        parts += [card(comparison, verdict) for verdict in some[:MOST_CARDS]]
        if len(some) > MOST_CARDS:
            rest = [[verdict.claim, badge(verdict), verdict.sentence] for verdict in some[MOST_CARDS:]]
            listed = table(["claim", "verdict", "finding"], rest, numbers=False)
            parts.append(tag("details", tag("summary", f"{len(rest)} more"), listed))
    if any(isinstance(verdict, MeanVerdict) for verdict in comparison.judged):
        parts.append(tag("p", HOLDS_FOR, class_="quiet"))
    return parts


def card(comparison: Comparison, verdict: Verdict) -> Markup:
    so_far = tag("span", "so far", class_="sofar") if verdict.provisional else None
    picture = differences(comparison.judged, verdict)
    left_out = [tag("li", why) for why in verdict.numbers.left_out]
    notes = [
        tag("details", tag("summary", f"{len(left_out)} left out"), tag("ul", left_out[:40])) if left_out else None,
        [tag("p", f"{arm or 'all'}: best with {_settings(values)}, by validation accuracy", class_="quiet")
         for arm, values in verdict.question.chosen.items()],
    ]  # fmt: skip
    notes.append(_other_settings(verdict))
    words = tag(
        "div",
        tag("h4", badge(verdict), so_far, " ", verdict.claim),
        tag("p", verdict.sentence),
        _facts(verdict),
        notes,
    )
    chart = (
        tag(
            "div",
            picture,
            tag(
                "p",
                "a dot a seed, paired" + ("; shaded: too small to count" if verdict.margin else ""),
                class_="under",
            ),
        )
        if picture
        else None
    )
    return tag("article", words, chart, class_=f"card {TONES.get(verdict.word, 'none')}")


def _other_settings(verdict: Verdict) -> Markup | None:
    """What the arms differ in besides what the claim names."""
    others, (arm, reference) = verdict.numbers.others, arms(verdict.question)
    if not others:
        return None
    named = ", ".join(other.path for other in others[:4]) + (" …" if len(others) > 4 else "")
    rows = [[other.path, tag("code", other.arm), tag("code", other.reference)] for other in others[:60]]
    more = tag("p", f"and {len(others) - 60} more", class_="quiet") if len(others) > 60 else None
    title = tag("summary", f"The arms differ in {plural(len(others), 'setting')} besides: {named}")
    return tag("details", title, wide(table(["setting", arm, reference], rows, numbers=False)), more)


def claims_list(comparison: Comparison) -> Markup | None:
    """Each claim under its own verdict, for the head of a page whose title is another question."""
    claims = comparison.of("controls", "claims")
    items = [tag("li", badge(verdict), " ", verdict.claim) for verdict in claims[:MOST_LISTED]]
    more = tag("li", f"and {len(claims) - MOST_LISTED} more, below") if len(claims) > MOST_LISTED else None
    return tag("ul", items, more, class_="claims") if items else None


def _facts(verdict: Verdict) -> Markup | None:
    shown = [tag("div", tag("dt", name), tag("dd", value)) for name, value in verdict.facts if value]
    return tag("dl", shown, class_="facts") if shown else None


def _settings(values: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def warnings(comparison: Comparison) -> Content:
    """What a reader must know before the verdicts."""
    notes: list[Content] = []
    if failed := failed_controls(comparison.judged):
        names = "; ".join(verdict.claim for verdict in failed)
        rest = f": {names}. This sweep could not have seen what it is about; do not trust the verdicts below."
        notes.append(tag("p", tag("b", "A control did not come out"), rest, class_="alarm"))
    if comparison.waiting:
        waiting = f"{comparison.waiting} of {comparison.total} runs are still to come."
        rest = " Verdicts are those so far; the error rates hold for the finished sweep."
        notes.append(tag("p", waiting, rest, class_="note"))
    if comparison.looking:
        notes.append(tag("p", comparison.looking, class_="note"))
    if problems := comparison.problems:
        items = [tag("li", problem) for problem in problems[:60]]
        more = tag("li", f"and {len(problems) - 60} more") if len(problems) > 60 else None
        title = tag("summary", f"{len(problems)} remarks about records; the rest was read")
        notes.append(tag("details", title, tag("ul", items, more), class_="note", open=len(problems) <= 6))
    return notes


def majority(comparison: Comparison) -> Content:
    """What can be had without looking at an image."""
    return tag("p", comparison.majority, class_="quiet") if comparison.majority else None


def failures(comparison: Comparison) -> Content:
    """Runs that did not end well, by what they said, and those with a warning."""
    causes: dict[tuple[str, str], list[Trial]] = {}
    for trial in comparison.ledger.all():
        if trial.status in ("failed", "diverged", "interrupted", "damaged"):
            causes.setdefault((trial.status, trial.error or "it said nothing"), []).append(trial)
        for warning in trial.result.get("warnings") or () if isinstance(trial.result.get("warnings"), list) else ():
            causes.setdefault(("warning", str(warning).partition(":")[0]), []).append(trial)
    if not causes:
        return tag("p", "None: every run that has ended, ended well.", class_="quiet")
    rows = [
        [
            status,
            error[:300],
            f"{len(trials)}: {', '.join(t.name for t in trials[:12])}{' …' if len(trials) > 12 else ''}",
        ]
        for (status, error), trials in causes.items()
    ]
    return wide(table(["end", "what it said", "runs"], rows, numbers=False))


def runs(comparison: Comparison) -> Content:
    """Every run and how to repeat it."""
    metrics = [metric for metric in comparison.metrics if not metric.collapses][:4]
    metrics += [parse("best/val_acc")] if all(metric.text != "best/val_acc" for metric in metrics) else []
    headings = ["run", "seed", "end", *(metric.words for metric in metrics), "seconds", "repeat"]
    rows = []
    trials = comparison.ledger.all()
    for trial in trials[:MOST_RUNS]:
        read = [metric.read(trial) for metric in metrics]
        cells = ["–" if reading is None else f"{'> ' if reading.censored else ''}{wording.value(metric, reading.value)}"
                 for metric, reading in zip(metrics, read, strict=True)]  # fmt: skip
        seconds = trial.result.get("seconds")
        spent = number(seconds) if isinstance(seconds, int | float) else "–"
        rows.append([trial.name, trial.seed, trial.status, *cells, spent, _command(trial)])
    more = tag("p", f"{len(trials) - MOST_RUNS} more stand in runs.csv.") if len(trials) > MOST_RUNS else None
    return [_whole(comparison), wide(table(headings, rows)), more]


def _command(trial: Trial) -> Content:
    words = [word for word in trial.words if not word.startswith(("hydra.run.dir", "hydra.sweep"))]
    if not words:
        return "–"
    return command(program.command(*words), button_only=True)


def _whole(comparison: Comparison) -> Content:
    commands = []
    for manifest in comparison.ledger.sweeps:
        words = manifest.get("command")
        if isinstance(words, list) and words:
            words = list(map(str, words))
            commands.append(shlex.join(words) if words[0].startswith("python") else program.command(*words))
    if not commands:
        return None
    return [
        tag("p", "The whole sweep again, which runs only what is missing:"),
        [tag("p", command(line)) for line in commands],
    ]


def provenance(comparison: Comparison) -> Markup:
    """Versions, hardware, data, source: what all runs share, or all the values that they have."""
    trials = [trial for trial in comparison.ledger.all() if trial.facts]
    rows: list[Sequence[Content]] = [
        ["data", _of(trials, "data"), *_data(trials)],
        ["model", _of(trials, "model")],
        ["versions", "; ".join(_versions(trials))],
        ["device", _of(trials, "device")],
        ["threads a run", _of(trials, "threads")],
        ["precision", _distinct(trial.setting("trainer.precision") for trial in trials)],
        ["epochs", _distinct(trial.setting("trainer.max_epochs") for trial in trials)],
        ["batch size", _distinct(trial.setting("data.batch_size") for trial in trials)],
        ["cnnlab's source", "; ".join(_commits(trials)) or "not a git checkout"],
        ["compute", f"{sum(_seconds(t) for t in trials):,.0f} s of training in {len(trials)} runs"],
        ["same in all runs", " ".join(comparison.ledger.fixed) or "–"],
    ]
    rows = [[name, ", ".join(str(part) for part in rest if part)] for name, *rest in rows]
    return wide(table([], rows, numbers=False))


def _data(trials: Sequence[Trial]) -> list[str]:
    subset = _distinct(t.setting("data.subset") for t in trials)
    shape = _distinct(dims(s) for t in trials if isinstance(s := t.setting("data.shape"), list))
    return [
        f"{shape} pixels" if shape != "–" else "",
        f"{subset} training images" if subset not in ("–", "None") else "",
    ]


def _of(trials: Sequence[Trial], key: str) -> str:
    return _distinct({**trial.facts, **trial.result}.get(key) for trial in trials)


def _distinct(values: Iterable[Any]) -> str:
    distinct = list(dict.fromkeys(str(value) for value in values if value is not None))
    return ", ".join(distinct[:6]) + (" …" if len(distinct) > 6 else "") or "–"


def _versions(trials: Sequence[Trial]) -> list[str]:
    named: dict[str, dict[str, None]] = {}
    for trial in trials:
        versions = trial.facts.get("versions")
        for name, version in versions.items() if isinstance(versions, dict) else ():
            named.setdefault(str(name), {})[str(version)] = None
    return [f"{name} {' and '.join(versions)}" for name, versions in named.items()]


def _commits(trials: Sequence[Trial]) -> list[str]:
    gits = [git for trial in trials if isinstance(git := trial.facts.get("git"), dict)]
    return list(dict.fromkeys(f"{str(g.get('commit'))[:9]}{' with changes' if g.get('dirty') else ''}" for g in gits))


def _seconds(trial: Trial) -> float:
    seconds = trial.result.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) else 0.0


def counts(comparison: Comparison) -> str:
    """How many runs ended how."""
    states = [trial.status for trial in comparison.ledger.all()]
    return ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states)
