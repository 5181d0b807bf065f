"""The folded panel of settings; names and order are fields of ``voice.SynthesisSettings``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from voice import OptionError, usual_settings

SLIDERS: dict[str, tuple[float, float, float]] = {
    # name: low, high, step
    "temperature": (0.0, 2.0, 0.05),
    "top_k": (1, 100, 1),
    "top_p": (0.05, 1.0, 0.05),
    "repetition_penalty": (1.0, 3.0, 0.05),
    "pause": (0.0, 2.0, 0.05),
    "candidates": (1, 16, 1),
    "retries": (0, 10, 1),
    "noise_scale": (0.0, 1.0, 0.05),
    "sample_steps": (0, 100, 1),
}
CHECKS = ("check", "prompt", "skip_unknown")
SPLITS = ("auto", "cut0", "cut1", "cut2", "cut3", "cut4", "cut5")
WHOLE = ("top_k", "candidates", "retries", "sample_steps")


@dataclass(frozen=True)
class SettingsPanel:
    """The components by setting; ``inputs`` are in the order that :meth:`options` takes."""

    fields: dict[str, Component]

    @property
    def inputs(self) -> list[Component]:
        """For an event."""
        return list(self.fields.values())

    def options(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """Fields of the settings from the values of :attr:`inputs`.

        Raises:
            OptionError: the seed is not a whole number.
        """
        options = dict(zip(self.fields, values, strict=True))
        options["seed"] = parse_seed(options.get("seed"))
        for name in WHOLE:
            options[name] = int(options[name])
        return options


def parse_seed(value: Any) -> int | None:
    """A seed as typed: a whole number, or nothing for a new one each time.

    Raises:
        OptionError: anything else.
    """
    typed = str(value or "").strip()
    if not typed:
        return None
    try:
        return int(typed)
    except ValueError:
        raise OptionError(f"seed is {typed[:40]!r}", "It must be a whole number.") from None


def build_settings_panel(t: gr.I18n) -> SettingsPanel:
    """Builds the panel, folded."""
    defaults = usual_settings()
    fields: dict[str, Component] = {}
    with gr.Accordion(t("settings_title"), open=False, elem_id="speak-settings"):
        with gr.Row():
            fields["seed"] = gr.Textbox(
                label=t("setting_seed"), info=t("setting_seed_info"), max_lines=1, min_width=220,
                elem_id="setting-seed",
            )
            fields["split"] = gr.Dropdown(
                choices=list(SPLITS), value=defaults.split, label=t("setting_split"),
                info=t("setting_split_info"), min_width=220,
            )
        names = list(SLIDERS)
        for start in range(0, len(names), 2):
            with gr.Row():
                for name in names[start : start + 2]:
                    low, high, step = SLIDERS[name]
                    fields[name] = gr.Slider(
                        low, high, value=getattr(defaults, name), step=step, min_width=220,
                        label=t(f"setting_{name}"), info=t(f"setting_{name}_info"),
                        elem_id=f"setting-{name}",
                    )
        for name in CHECKS:
            fields[name] = gr.Checkbox(
                value=getattr(defaults, name), label=t(f"setting_{name}"),
                info=t(f"setting_{name}_info"), elem_id=f"setting-{name}",
            )
    return SettingsPanel(fields)
