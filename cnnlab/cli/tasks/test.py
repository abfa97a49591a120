"""`task=test`: how well a trained network does on the test images."""

from __future__ import annotations

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit


class Test(Task):
    """Task that evaluates a checkpoint."""

    name = "test"
    help = "ckpt_path=FOLDER_OR_FILE: evaluate a trained network on the test images"
    needs = ("data",)
    of_trained = True

    def run(self, context: TaskContext) -> Exit:
        from cnnlab.cli.trained import restored
        from cnnlab.experiment.test import on_test_split
        from cnnlab.metrics.by_class import Shares
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text

        run = context.run
        trained = restored(run, context.composed)
        evaluation = on_test_split(trained, run.trainer, run.top.threads)
        images, names, by_class = len(evaluation.truth), trained.record["classes"], evaluation.by_class
        shares = Shares(by_class.counts, names)
        if run.top.format == "json":
            result = {**evaluation.numbers("test"), "test/per_class": dict(zip(names, by_class.recall, strict=True))}
            result |= {"data/majority": shares.majority, "images": images}
            print(json_text({**result, "checkpoint": str(trained.checkpoint)}))
            return Exit.DONE
        Output().print(
            f"test accuracy {evaluation.acc:.4f}, balanced {by_class.balanced_acc:.4f}, loss {evaluation.loss:.4f} "
            f"on {images:,} images; {shares.words} gives {shares.majority:.4f}\n"
            f"  {trained.checkpoint}",
            highlight=False,
            soft_wrap=True,
        )
        return Exit.DONE
