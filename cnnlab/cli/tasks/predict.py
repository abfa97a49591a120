"""`task=predict`: what a trained network sees in images of the user's."""

from __future__ import annotations

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit


class Predict(Task):
    """Task that writes a network's probabilities for image files."""

    name = "predict"
    help = "ckpt_path=FOLDER_OR_FILE images=PATH_OR_GLOB: what it sees in your images"
    of_trained = True

    def run(self, context: TaskContext) -> Exit:
        """Write predictions.csv and show it."""
        from cnnlab.cli.trained import image_files, print_left_out, restored
        from cnnlab.tracking.predictions import Prediction, table, write_csv
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text

        run, file = context.run, context.folder / "predictions.csv"
        predictor = restored(run, context.composed).predictor
        files, skipped = image_files(run.top.images)
        print_left_out(skipped)
        probabilities = predictor.predict(files).tolist()
        predictions = [Prediction(str(image), tuple(row)) for image, row in zip(files, probabilities, strict=True)]
        write_csv(file, predictions, predictor.classes)
        if run.top.format == "json":
            rows = [
                {"image": p.image, "probabilities": dict(zip(predictor.classes, p.probabilities, strict=True))}
                for p in predictions
            ]
            print(json_text(rows))
            return Exit.DONE
        console = Output()
        console.print(table(predictions, predictor.classes, console.width))
        console.print(f"  {file}", highlight=False, soft_wrap=True)
        return Exit.DONE
