"""torchvision's side of the comparison, a program for a process of its own: `theirs.py TORCHVISION OUT JOBS`.

TORCHVISION is the folder it was installed into without its dependencies, so that nothing else in that environment ever
sees it; JOBS is JSON, [{"name", "size", "settings"}, …]. For each network a file OUT/NAME.pt with random weights, an
input, and what the network makes of it in evaluation and in training: outputs, gradients, buffers. Without a size only
the names and shapes of its weights, OUT/NAME.shapes.pt.
"""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

BATCH, CLASSES = 4, 10
SEED = 20


def main(folder: str, out: str, jobs: str) -> None:
    import torch

    sys.path.insert(0, folder)
    library = torch.library.Library("torchvision", "DEF")  # a wheel made for another torch brings no operators of its
    for name in ("nms", "qnms"):  # own, and yet importing it asks for these
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision.models  # pyright: ignore[reportMissingImports]

    plan_regnets_on_cpu()
    torch.set_num_threads(1)  # several add up in another order
    for job in json.loads(jobs):
        torch.manual_seed(SEED)
        with torch.device("cpu" if job["size"] else "meta"):
            model = torchvision.models.get_model(job["name"], weights=None, num_classes=CLASSES, **job["settings"])
        if not job["size"]:
            shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
            torch.save(shapes, Path(out) / f"{job['name']}.shapes.pt")
            continue
        image = torch.randn(BATCH, 3, *job["size"])
        randomise(model, image)
        state = deepcopy(model.state_dict())  # with its metadata, without which MNASNet takes none back
        made: dict[str, Any] = {"state": dict(state), "image": image, "probe": torch.randn(BATCH, CLASSES)}
        for dtype in ("float32", "float64"):
            model.load_state_dict(state)
            made[dtype] = results(model.to(getattr(torch, dtype)), image, made["probe"])
        torch.save(made, Path(out) / f"{job['name']}.pt")


def plan_regnets_on_cpu() -> None:
    """Their widths are worked out by tensors, which have no values on the meta device."""
    import torch
    from torchvision.models.regnet import BlockParams  # pyright: ignore[reportMissingImports]

    planned = BlockParams.from_init_params.__func__

    def on_cpu(cls: Any, *args: Any, **settings: Any) -> Any:
        with torch.device("cpu"):
            return planned(cls, *args, **settings)

    BlockParams.from_init_params = classmethod(on_cpu)


def randomise(model: Any, image: Any) -> None:
    """Nothing stays at a 0 or 1 that a mistake could hide behind; running statistics are near the true ones."""
    import torch

    norms = [module for module in model.modules() if hasattr(module, "running_var")]
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.normal_(std=0.1)
        for norm in norms:
            norm.weight.uniform_(0.5, 1.5)
            norm.usual, norm.momentum = norm.momentum, 1.0
        quiet(model).train()(image)
        for norm in norms:
            norm.momentum = norm.usual
            norm.running_mean += 0.1 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean)
            norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.8, 1.2)


def quiet(model: Any) -> Any:
    """The model with every dropout at zero."""
    for module in model.modules():
        if "dropout" in type(module).__name__.lower() or type(module).__name__ == "StochasticDepth":
            module.p = 0.0
    return model


def results(model: Any, image: Any, probe: Any) -> dict[str, Any]:
    """What `model`, of torchvision's or ours, makes of `image`; gradients are of the outputs' products with `probe`."""
    import torch

    dtype = next(model.parameters()).dtype
    x = image.detach().clone().to(dtype).requires_grad_()
    with torch.no_grad():
        evaluated = quiet(model).eval()(x)
    trained = outputs(model.train(), x)
    model.zero_grad()
    sum((output * probe.to(dtype)).sum() / (i + 1) for i, output in enumerate(trained)).backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    together = torch.stack([output.detach() for output in trained])
    return {"eval": evaluated, "train": together, "image": x.grad, "gradients": gradients, "buffers": buffers}


def outputs(model: Any, x: Any) -> list[Any]:
    """The output in training, and after it those of auxiliary heads in the order of their names."""
    if hasattr(model, "with_aux"):
        out, aux = model.with_aux(x)
        return [out, *(aux[name] for name in sorted(aux))]
    out = model(x)
    return (
        [out.logits, *(getattr(out, name) for name in sorted(out._fields) if name != "logits")]
        if hasattr(out, "_fields")
        else [out]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
