"""What other programs call what a setting of this one does: who writes such a word is told ours."""

from __future__ import annotations

from dataclasses import replace

from cnnlab import dotted
from cnnlab.errors import Fault, FaultKind

SYNONYMS: dict[str, tuple[str, ...]] = {
    # training
    "learning_rate": ("lr",),
    "max_lr": ("lr",),
    "eta": ("lr",),
    "epochs": ("max_epochs",),
    "n_epochs": ("max_epochs",),
    "num_epochs": ("max_epochs",),
    "nepochs": ("max_epochs",),
    "steps": ("max_steps",),
    "iterations": ("max_steps",),
    "max_iter": ("max_steps",),
    "wd": ("weight_decay",),
    "l2": ("weight_decay",),
    "clip": ("gradient_clip_val",),
    "grad_clip": ("gradient_clip_val",),
    "gradient_clip": ("gradient_clip_val",),
    "clip_grad_norm": ("gradient_clip_val",),
    "accumulate": ("accumulate_grad_batches",),
    "accumulation": ("accumulate_grad_batches",),
    "gradient_accumulation_steps": ("accumulate_grad_batches",),
    "amp": ("precision",),
    "fp16": ("precision",),
    "dtype": ("precision",),
    "device": ("accelerator",),
    "gpu": ("accelerator",),
    "gpus": ("devices",),
    "num_gpus": ("devices",),
    "num_threads": ("threads",),
    "n_jobs": ("jobs",),
    "random_state": ("seed",),
    "lr_decay": ("gamma",),
    "ema_decay": ("ema.decay",),
    "smoothing": ("label_smoothing",),
    "weight": ("class_weights",),
    "weights": ("class_weights",),
    # data
    "batch": ("batch_size",),
    "batchsize": ("batch_size",),
    "bs": ("batch_size",),
    "image_size": ("size",),
    "img_size": ("size",),
    "imgsz": ("size",),
    "input_size": ("size",),
    "resolution": ("size",),
    "resize": ("size",),
    "num_classes": ("classes",),
    "n_classes": ("classes",),
    "class_names": ("names",),
    "val_split": ("val_fraction",),
    "validation_split": ("val_fraction",),
    "val_size": ("val_fraction",),
    "data_dir": ("data.dir",),
    "data_path": ("data.dir",),
    "root": ("data.dir",),
    "path": ("dir",),
    "num_samples": ("subset", "samples"),
    "max_samples": ("subset",),
    # blocks and networks
    "activation": ("act",),
    "activation_function": ("act",),
    "normalization": ("norm",),
    "norm_layer": ("norm",),
    "bn": ("norm",),
    "batch_norm": ("norm",),
    "batchnorm": ("norm",),
    "use_bias": ("bias",),
    "filters": ("channels",),
    "out_channels": ("channels",),
    "num_filters": ("channels",),
    "planes": ("channels",),
    "kernel": ("kernel_size",),
    "ksize": ("kernel_size",),
    "strides": ("stride",),
    "pad": ("padding",),
    "out_features": ("features",),
    "units": ("features",),
    "width_mult": ("width",),
    "width_multiplier": ("width",),
    "depth_mult": ("depth",),
    "drop_rate": ("dropout",),
    "dropout_rate": ("dropout",),
    "drop_path_rate": ("stochastic_depth",),
    "drop_path": ("stochastic_depth", "drop_path"),
    "layers": ("body",),
    # groups, and what to do
    "network": ("model",),
    "net": ("model",),
    "arch": ("model",),
    "architecture": ("model",),
    "backbone": ("model",),
    "dataset": ("data",),
    "datamodule": ("data",),
    "optim": ("optimizer",),
    "opt": ("optimizer",),
    "criterion": ("loss",),
    "lr_scheduler": ("scheduler",),
    "schedule": ("scheduler",),
    "sched": ("scheduler",),
    "augmentation": ("augment",),
    "transforms": ("augment",),
    "transform": ("augment",),
    "mode": ("task",),
    "init_from": ("weights",),
    "checkpoint_path": ("ckpt_path",),
    "ckpt": ("ckpt_path",),
    "output_dir": ("hydra.run.dir",),
    "out_dir": ("hydra.run.dir",),
    "save_dir": ("hydra.run.dir",),
    "run_dir": ("hydra.run.dir",),
    "output": ("hydra.run.dir",),
    "run_name": ("name",),
    "experiment_name": ("name",),
}
"""word -> ours, of which those count that may stand in its place; with a dot: a setting's whole path"""

INSTEAD = {
    "rotate": "no augmentation turns images; one of your own can, in a module of plugins= (docs/extending.md)",
    "rotation": "no augmentation turns images; one of your own can, in a module of plugins= (docs/extending.md)",
    "mixup": "no augmentation mixes images with their labels",
    "cutmix": "no augmentation mixes images with their labels",
    "num_workers": "images are held in memory, so there are no processes that load them",
    "workers": "images are held in memory, so there are no processes that load them",
    "pin_memory": "images are held in memory, so there are no processes that load them",
    "early_stopping": "write callbacks=early_stopping",
    "patience": "write callbacks=early_stopping callbacks.early_stopping.patience=…",
    "wandb": "write logger=wandb",
    "tensorboard": "write logger=tensorboard",
    "max_time": "trainer.max_epochs and trainer.max_steps end a run; timeout=10m a job of a sweep",
    "time_limit": "trainer.max_epochs and trainer.max_steps end a run; timeout=10m a job of a sweep",
    "pretrained": "write weights=NAME, such as weights=torchvision/resnet18",
    "resume": "an interrupted run goes on when its command is given again",
    "seeds": "several seeds are a sweep: -m seed=0,1,2",
    "warmup_epochs": "did you mean 'scheduler.warmup'?",
}
"""word -> what to write, where one setting in its place is not the answer"""


MOST = 3
"""settings of one name elsewhere that are told"""


def with_our_word(fault: Fault) -> Fault:
    """A fault about a setting that there is not, with what its writer means: here by another name, or elsewhere.

    >>> known = ["task", "seed", "model", "data", "optimizer"]
    >>> print(with_our_word(Fault.unknown(FaultKind.UNKNOWN_SETTING, "lr", "no such setting", "lr", known)))
    lr: no such setting; did you mean 'optimizer.lr'?
    """
    if fault.kind is not FaultKind.UNKNOWN_SETTING or not fault.statement:
        return fault
    word, statement = _plain(fault.word), fault.statement
    if word in INSTEAD:
        return replace(fault, message=f"{statement}; {INSTEAD[word]}", suggestion=None, statement="")
    ours = SYNONYMS.get(word, ())
    names = [name for name in fault.choices if name in ours][:1] or _elsewhere(fault.path, (word, *ours))
    if not names:
        return fault
    return replace(
        fault, message=f"{statement}; did you mean {' or '.join(map(repr, names))}?", suggestion=names[0], statement=""
    )


def _elsewhere(path: str, words: tuple[str, ...]) -> list[str]:
    """The settings of such a name that stand elsewhere: not those of blocks, of which there are many."""
    from cnnlab.config.table import paths  # reads all records

    if dotted.within(path, "blocks") or (dotted.within(path, "model") and path.count(".") > 1):
        return []
    whole = [word for word in words if "." in word]
    named = [known for word in words for known in paths() if known.rpartition(".")[2] == word and known != path]
    depth = min((name.count(".") for name in named), default=0)
    nearest = [name for name in named if name.count(".") == depth]
    return whole or ([] if len(nearest) > MOST else nearest)


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
