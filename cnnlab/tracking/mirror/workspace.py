"""The saved workspace of a W&B project: what it shows, as a specification, and its one place at the server.

W&B's charts group by one config key only, so all group by `variant`, and their x-axis is `epoch`.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from cnnlab.errors import Fault, UserError
from cnnlab.program import extra

NAME = "cnnlab"
KEY = "nw-cnnlabboard-v"
"""its name in W&B's own table, fixed, so that it is found again from anywhere: W&B takes it out of the address"""


def check() -> None:
    """UserError where what it takes is not installed."""
    if find_spec("wandb_workspaces") is None:
        raise UserError(Fault("task", f"dashboard needs a package: {extra('dashboard')}"))


def save(entity: str, project: str, group: str, verdict: str, extra: list[str]) -> tuple[str, bool]:
    """Show the sweep `group` in the project's workspace: its address, and whether it is new.

    `verdict` is markdown, `extra` the names of metrics by epoch to be drawn besides. Sections that somebody added stay.
    """
    import wandb_workspaces.workspaces as ws

    made = specification(entity, project, group, verdict, extra)
    saved: Any = None
    with suppress(ValueError):  # there is none yet
        saved = ws.Workspace.from_url(address(entity, project))
    if saved is not None:
        own_names = {section.name for section in made.sections}
        made.sections = [*made.sections, *(section for section in saved.sections if section.name not in own_names)]
        made._internal_id = saved._internal_id
    made._internal_name = KEY
    made.save()
    return made.url, saved is None


def address(entity: str, project: str) -> str:
    """Where the workspace is, or would be."""
    import wandb
    from wandb_workspaces._graphql import get_app_url

    site = get_app_url(wandb.Api()).rstrip("/")
    return f"{site}/{entity}/{project}?nw={KEY.removeprefix('nw-').removesuffix('-v')}"


def specification(entity: str, project: str, group: str, verdict: str, extra: list[str]) -> Any:
    """The workspace, not saved."""
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces import expr

    sections = {
        "Verdict": _verdict(verdict),
        "Learning curves": _curves(),
        "Cost": _cost(),
        "Predictions": _predictions(),
        "Diagnostics": _diagnostics(extra),
    }
    return ws.Workspace(
        entity=entity,
        project=project,
        name=NAME,
        sections=[
            ws.Section(name=name, panels=panels, is_open=name in ("Verdict", "Learning curves"))
            for name, panels in sections.items()
        ],
        settings=ws.WorkspaceSettings(x_axis="epoch", max_runs=100),
        runset_settings=ws.RunsetSettings(
            filters=[expr.Metric("Group") == group],
            groupby=[expr.Config("variant")],
            order=[expr.Ordering(expr.Summary("test/acc"), ascending=False)],
            pinned_columns=["summary:test/acc", "summary:best/val_acc", "config:params.value", "config:seed.value"],
        ),
    )


def _verdict(markdown: str) -> list[Any]:
    from wandb_workspaces.reports.v2 import interface as wr

    return [
        wr.MarkdownPanel(markdown=markdown, layout=wr.Layout(w=24, h=9)),
        _bars("test/acc", "Test accuracy, mean ± standard deviation over seeds"),
        wr.WeavePanelSummaryTable(table_name="report/contrasts", layout=wr.Layout(w=24, h=8)),
        wr.MediaBrowser(title="report.html", media_keys=["report/page"], num_columns=1, layout=wr.Layout(w=24, h=20)),
    ]


def _curves() -> list[Any]:
    shown = {
        "val/acc": "Validation accuracy",
        "val/loss": "Validation loss",
        "train/acc": "Training accuracy",
        "train/loss": "Training loss",
        "best/val_acc": "Best validation accuracy so far",
        "lr": "Learning rate",
    }
    return [_line(key, title) for key, title in shown.items()]


def _line(key: str, title: str) -> Any:
    """By epoch, mean ± standard deviation over the runs of a variant."""
    from wandb_workspaces.reports.v2 import interface as wr

    return wr.LinePlot(
        title=title,
        x="epoch",
        y=[key],
        title_x="epoch",
        groupby=wr.Config("variant"),
        groupby_aggfunc="mean",
        groupby_rangefunc="stddev",
        max_runs_to_show=100,
        smoothing_factor=0,
    )


def _bars(key: str, title: str) -> Any:
    from wandb_workspaces.reports.v2 import interface as wr

    return wr.BarPlot(
        title=title,
        metrics=[wr.SummaryMetric(key)],
        groupby=wr.Config("variant"),
        groupby_aggfunc="mean",
        groupby_rangefunc="stddev",
        orientation="h",
    )


def _cost() -> list[Any]:
    from wandb_workspaces.reports.v2 import interface as wr

    acc = wr.SummaryMetric("test/acc")
    return [
        wr.ScatterPlot(title="Accuracy against parameters", x=wr.Config("params"), y=acc, log_x=True),
        wr.ScatterPlot(title="Accuracy against multiply-adds", x=wr.Config("macs"), y=acc, log_x=True),
        _bars("seconds", "Seconds of training"),
        _bars("images_per_second", "Images per second"),
        _bars("peak_memory_mb", "Most memory held, MiB"),
    ]


def _predictions() -> list[Any]:
    from wandb_workspaces.reports.v2 import interface as wr

    return [
        wr.WeavePanelSummaryTable(table_name="test/worst", layout=wr.Layout(w=24, h=12)),
        wr.CustomChart(
            query={"summaryTable": {"tableKey": "test/confusion_table"}},
            chart_name="wandb/confusion_matrix/v1",
            chart_fields={"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "nPredictions"},
            chart_strings={"title": "Confusion matrix"},
        ),
        wr.CustomChart(
            query={"summaryTable": {"tableKey": "test/per_class_table"}},
            chart_name="wandb/bar/v0",
            chart_fields={"label": "class", "value": "accuracy"},
            chart_strings={"title": "Test accuracy by class"},
        ),
        wr.MediaBrowser(media_keys=["overview"]),
    ]


def _diagnostics(extra: list[str]) -> list[Any]:
    from wandb_workspaces.reports.v2 import interface as wr

    columns = [wr.Config("variant"), wr.Config("lr"), wr.Config("params"), wr.SummaryMetric("test/acc")]
    return [
        *(_line(key, key) for key in extra),
        wr.ParallelCoordinatesPlot(columns=[wr.ParallelCoordinatesPlotColumn(metric=column) for column in columns]),
        wr.ParameterImportancePlot(with_respect_to="test/acc"),
        wr.RunComparer(diff_only=True),
    ]
