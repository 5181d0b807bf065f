"""The training loop: resumable, time-budgeted, on CPU or CUDA, with averaged weights.

Every batch is drawn from (seed, step) alone, so a resumed run sees what an unbroken one would have
seen. Under ``torchrun`` each process draws its own batches and gradients are averaged.
"""

from __future__ import annotations

import json
import logging
import signal
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from voice.checkpoints.tensors import read_tensors, write_tensors

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunSettings:
    """How long, where and how often.

    Attributes:
        out: folder of the resumable state, logs and curves.
        minutes: stop after so much time of this call; None for no limit.
        steps: stop at this step; None for no limit.
        device: ``cpu`` or ``cuda[:N]``.
        resume: continue from the state in ``out`` if there is one.
        seed: of batches and initial weights.
        save_minutes: between two saved states.
        log_steps: between two log lines.
        gate_minutes: between two evaluations of the gate.
    """

    out: Path
    minutes: float | None = None
    steps: int | None = None
    device: str = "cpu"
    resume: bool = True
    seed: int = 1
    save_minutes: float = 5.0
    log_steps: int = 20
    gate_minutes: float = 10.0


class Task(Protocol):
    """What is trained. ``models`` and ``optimizers`` make up the resumable state.

    ``done`` is set before every step: the share of the minutes or steps that is used up,
    the larger of the two where both are limited, 0 where neither is. Steps count from the run's
    first, minutes from this call's.
    """

    models: dict[str, nn.Module]
    averaged: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    done: float

    def batch(self, rng: np.random.Generator) -> Any:
        """Draws and prepares a batch; runs in a background thread."""
        ...

    def step(self, batch: Any, step: int) -> dict[str, float | Tensor]:
        """One update; returns figures to log."""
        ...

    def gate(self) -> dict[str, float]:
        """Figures on held-out data, computed with the averaged weights."""
        ...


class Average:
    """Exponential moving average of a model's weights; buffers are copied.

    Args:
        source: the trained model.
        target: an equal model that holds the average.
        decay: per step; shorter memory in the first steps.
    """

    def __init__(self, source: nn.Module, target: nn.Module, decay: float = 0.999) -> None:
        self.source, self.target, self.decay = source, target, decay
        target.load_state_dict(source.state_dict())
        target.requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Moves the average by one step."""
        decay = min(self.decay, (1 + step) / (10 + step))
        # All at once: on a GPU a call for each weight would take longer than the sums.
        averages: list[Any] = list(self.target.parameters())
        values: list[Any] = list(self.source.parameters())
        if averages:
            get_ema_multi_avg_fn(decay)(averages, values, step)
        for average, value in zip(self.target.buffers(), self.source.buffers(), strict=True):
            average.copy_(value)


def fallen(done: float, start: float) -> float:
    """Of the learning rate, once ``done`` of a run is over: a tenth at its end.

    Args:
        done: 0 to 1, see :class:`Task`.
        start: share of the run at which the rate begins to fall; 1 for never.
    """
    return 0.1 ** max(0.0, (done - start) / (1 - start)) if start < 1 else 1.0


def descend(
    loss: Tensor, optimizer: torch.optim.Optimizer, clip: float = 1.0, scale: float = 1.0
) -> float:
    """Back-propagates and updates; see :func:`update`.

    Args:
        loss: scalar.
        optimizer: its parameters are updated.
        clip, scale: as for :func:`update`.
    """
    back_propagate(loss, optimizer)
    return update(optimizer, clip, scale)


def back_propagate(
    loss: Tensor, optimizer: torch.optim.Optimizer, *, again: bool = False
) -> None:
    """Gives an optimizer's parameters, and no others, the gradients of a loss.

    Args:
        loss: scalar.
        optimizer: whose parameters.
        again: another loss of the same graph will follow.
    """
    optimizer.zero_grad(set_to_none=True)
    groups = optimizer.param_groups
    parameters = [p for group in groups for p in group["params"] if p.requires_grad]
    loss.backward(retain_graph=again, inputs=parameters)


def update(optimizer: torch.optim.Optimizer, clip: float = 1.0, scale: float = 1.0) -> float:
    """Updates parameters that have gradients, averaged over processes and clipped.

    Args:
        optimizer: its parameters are updated.
        clip: largest norm of the gradient.
        scale: of the learning rate at this step (warm-up).

    Returns:
        The gradient's norm before clipping; an update with a non-finite norm is skipped.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if torch.distributed.is_initialized():
        average_gradients(parameters)
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, clip))
    if not np.isfinite(norm):
        return norm
    for group in optimizer.param_groups:
        group.setdefault("base_lr", group["lr"])
        group["lr"] = group["base_lr"] * scale
    optimizer.step()
    return norm


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Gives all processes the mean of their gradients, in one exchange.

    Args:
        parameters: those that have a gradient in no process keep none.
    """
    held = torch.tensor([float(p.grad is not None) for p in parameters])
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = torch.cat([held.to(parts[0]), *(p.flatten() for p in parts)])
    torch.distributed.all_reduce(flat)
    held = flat[: len(parameters)].tolist()
    means = flat[len(parameters) :] / torch.distributed.get_world_size()
    for p, count, mean in zip(
        parameters, held, means.split([p.numel() for p in parameters]), strict=True
    ):
        p.grad = mean.view_as(p) if count else None


def autocast(device: str) -> torch.autocast:
    """bf16 where the device computes with it: GPUs, and processors that have it."""
    kind = device.split(":", 1)[0]
    has_bf16 = kind != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(kind, torch.bfloat16, enabled=has_bf16)


def draws(
    make: Callable[[np.random.Generator], Any], seed: int, start: int, ahead: int = 3
) -> Iterable[Any]:
    """Yields batches from ``start`` on, prepared ahead in a background thread."""
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    with ThreadPoolExecutor(1) as pool:
        queue: deque[Future[Any]] = deque()
        step = start
        try:
            while True:
                while len(queue) < ahead:
                    queue.append(pool.submit(make, np.random.default_rng([seed, rank, step])))
                    step += 1
                yield queue.popleft().result()
        finally:
            for future in queue:
                future.cancel()


def train(task: Task, settings: RunSettings) -> dict[str, float]:
    """Trains until the time or the steps are used up.

    Returns:
        The gate's figures at the end.
    """
    join_processes(settings.device)
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    main = rank == 0
    settings.out.mkdir(parents=True, exist_ok=True)
    averages = [Average(task.models[n], m) for n, m in task.averaged.items()]
    step = load_state(task, settings.out) if settings.resume else 0
    writer = SummaryWriter(settings.out / "tensorboard") if main else None
    sums: dict[str, list[Any]] = defaultdict(list)
    begun = saved = gated = logged = time.monotonic()
    logged_step = step
    bar = tqdm(initial=step, total=settings.steps, disable=None if main else True)
    interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        interrupted = True

    previous = signal.signal(signal.SIGTERM, interrupt)
    for batch in draws(task.batch, settings.seed, step):
        now = time.monotonic()
        if interrupted:
            log.info("interrupted: saving the state")
        late = settings.minutes is not None and now - begun > 60 * settings.minutes
        done = settings.steps is not None and step >= settings.steps
        if largest(interrupted or late or done):
            break
        task.done = largest(used_up(settings, (now - begun) / 60, step))
        # What a step draws itself depends on the step alone too.
        torch.manual_seed(
            int(np.random.SeedSequence([settings.seed, rank, step]).generate_state(1)[0])
        )
        for name, value in task.step(batch, step).items():
            # Read when they are logged: reading one makes the program wait for the GPU.
            sums[name].append(value.detach() if isinstance(value, Tensor) else value)
        for average in averages:
            average.update(step)
        step += 1
        bar.update()
        if step % settings.log_steps == 0 and main:
            record = {k: float(np.mean([float(x) for x in v])) for k, v in sums.items()}
            record["seconds_a_step"] = (time.monotonic() - logged) / (step - logged_step)
            logged, logged_step = time.monotonic(), step
            sums.clear()
            write_log(settings.out, writer, step, record)
            bar.set_postfix({k: f"{v:.3g}" for k, v in list(record.items())[:6]})
        if main and now - saved > 60 * settings.save_minutes:
            save_state(task, settings.out, step)
            saved = time.monotonic()
        if main and now - gated > 60 * settings.gate_minutes:
            write_log(settings.out, writer, step, {f"gate/{k}": v for k, v in task.gate().items()})
            gated = time.monotonic()
    signal.signal(signal.SIGTERM, previous)
    figures = task.gate() if main and not interrupted else {}
    if main:
        save_state(task, settings.out, step)
        write_log(settings.out, writer, step, {f"gate/{k}": v for k, v in figures.items()})
        draw_curves(settings.out)
    return figures


def used_up(settings: RunSettings, minutes: float, step: int) -> float:
    """See :class:`Task`; ``minutes`` of this call, ``step`` of the whole run."""
    shares = [0.0]
    if settings.minutes:
        shares.append(minutes / settings.minutes)
    if settings.steps:
        shares.append(step / settings.steps)
    return min(1.0, max(shares))


def join_processes(device: str) -> None:
    """Joins the other processes when started by ``torchrun``."""
    if torch.distributed.is_torchelastic_launched() and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")


def largest(value: float) -> float:
    """The largest of the processes' values, which all get."""
    if not torch.distributed.is_initialized():
        return value
    device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    found = torch.tensor(value, dtype=torch.float64, device=device)
    torch.distributed.all_reduce(found, torch.distributed.ReduceOp.MAX)
    return float(found)


def write_log(out: Path, writer: SummaryWriter | None, step: int, record: dict[str, float]) -> None:
    """Appends a line to ``log.jsonl`` and to TensorBoard."""
    with (out / "log.jsonl").open("a") as lines:
        line = {
            "step": step,
            "time": round(time.time()),
            **{k: round(v, 5) for k, v in record.items()},
        }
        lines.write(json.dumps(line) + "\n")
    log.info("%s", line)
    if writer is not None:
        for name, value in record.items():
            writer.add_scalar(name, value, step)
        writer.flush()


def save_state(task: Task, out: Path, step: int) -> None:
    """Writes models, averages and optimizers; replaces the old state when whole."""
    tensors: dict[str, Tensor] = {"step": torch.tensor(step)}
    for kind, models in (("model", task.models), ("average", task.averaged)):
        for name, model in models.items():
            tensors |= {f"{kind}/{name}/{k}": v for k, v in model.state_dict().items()}
    for name, optimizer in task.optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{name}/{index}/{k}": v for k, v in state.items()}
    write_tensors(out / "state.safetensors", tensors)


def load_state(task: Task, out: Path) -> int:
    """Restores what :func:`save_state` wrote; returns the step, 0 if there is no state."""
    path = out / "state.safetensors"
    if not path.exists():
        return 0
    tensors = read_tensors(path)
    for kind, models in (("model", task.models), ("average", task.averaged)):
        for name, model in models.items():
            prefix = f"{kind}/{name}/"
            model.load_state_dict(
                {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
            )
    for name, optimizer in task.optimizers.items():
        prefix, state = f"optimizer/{name}/", optimizer.state_dict()
        for key, value in tensors.items():
            if key.startswith(prefix):
                index, field = key[len(prefix) :].split("/")
                state["state"].setdefault(int(index), {})[field] = value
        optimizer.load_state_dict(state)
    return int(tensors["step"])


def draw_curves(out: Path) -> None:
    """Draws ``curves.png`` from ``log.jsonl``."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for line in (out / "log.jsonl").read_text().splitlines():
        record = json.loads(line)
        for name, value in record.items():
            if name not in ("step", "time", "seconds_a_step"):
                curves[name].append((record["step"], value))
    if not curves:  # stopped before anything was logged
        return
    columns = 4
    rows = -(-len(curves) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(16, 3 * rows), squeeze=False)
    for axis, (name, points) in zip(axes.flat, sorted(curves.items()), strict=False):
        axis.plot(*zip(*points, strict=True), marker="." if len(points) < 10 else None)
        axis.set_title(name)
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(out / "curves.png", dpi=70)
    pyplot.close(figure)
