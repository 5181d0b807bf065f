"""Official files: what they are recognised as, and the model folders made of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.checkpoints.official import (
    SMALL_HUBERT,
    forget_hparams,
    gpt_data,
    hparams,
    nets,
    save,
    small,
    sovits_data,
    write_hubert,
    write_pair,
    write_presets,
)
from tests.cli.conftest import Result
from voice.checkpoints import components
from voice.checkpoints.containers import open_checkpoint
from voice.checkpoints.recognise import recognise
from voice.checkpoints.store import load_model
from voice.cli.app import Environment, run
from voice.errors import ModelFileError, OptionError

REFERENCE = Path(__file__).parents[1] / "data/reference_en.wav"
SAMPLES = Path(__file__).parents[1] / "data/parity/ckpt_samples"
Voice = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, and presets of narrow layers."""
    write_presets(tmp_path / "presets", "v1", "v2", "v2Pro")
    monkeypatch.setattr("voice.spec.model.PRESETS", tmp_path / "presets")
    kind = replace(components.KINDS["hubert"], spec=lambda: SMALL_HUBERT)
    monkeypatch.setitem(components.KINDS, "hubert", kind)
    return tmp_path / "home"


@pytest.fixture
def voice(home: Path, capsys: pytest.CaptureFixture[str]) -> Voice:
    """Runs a command with that data folder."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        status = run([str(a) for a in arguments], Environment(home))
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return call


@pytest.mark.parametrize(("file", "kind", "version"), [
    ("v1_finetuned.pth", "sovits", "v1"), ("v2_finetuned.pth", "sovits", "v2"),
    ("v2Pro_finetuned.pth", "sovits", "v2Pro"), ("v2ProPlus_finetuned.pth", "sovits", "v2ProPlus"),
    ("v3_lora.pth", "lora", "v3"), ("v4_lora.pth", "lora", "v4"), ("gpt_v2.ckpt", "gpt", ""),
    ("gpt_v2_legacy.ckpt", "gpt", ""),
])
def test_files_of_the_published_savers(file: str, kind: str, version: str) -> None:
    opened = open_checkpoint(SAMPLES / file)
    found = recognise(opened)
    assert (found.kind, found.version, found.sure) == (kind, version, True)
    config = json.loads((SAMPLES / "hps_expected.json").read_text())
    if kind == "sovits":
        ours, wanted = opened.data["config"]["model"], config["config_s2"]["model"]
        assert {k: ours[k] for k in wanted} == wanted


def test_shapes_tell_versions_apart_and_contradictions_are_refused(tmp_path: Path) -> None:
    for version in ("v1", "v2", "v2Pro"):
        data = sovits_data(nets(version)[1], "v9")
        found = recognise(open_checkpoint(save(tmp_path / "x.pth", data)))
        assert found.versions[0] == version and (found.sure or version == "v2Pro")
    wrong = save(tmp_path / "y.pth", sovits_data(nets("v2")[1], "v2"), b"05")
    with pytest.raises(ModelFileError, match="contradictory.*header '05'.*no speaker vector"):
        recognise(open_checkpoint(wrong))
    plain = save(tmp_path / "z.pth", sovits_data(nets("v2")[1], "v2"))
    with pytest.raises(OptionError, match="--version v1: z.pth is not of it.*It may be v2"):
        recognise(open_checkpoint(plain), "v1")


def test_v3_and_v4_have_one_shape_and_ask_for_the_version(tmp_path: Path, voice: Voice) -> None:
    weight = {"enc_p.text_embedding.weight": torch.ones(732, 4),
              "cfm.estimator.proj_out.weight": torch.ones(2, 2)}
    file = save(tmp_path / "s2Gx.pth", {"weight": weight, "config": hparams({"model": {}})})
    found = recognise(open_checkpoint(file))
    assert found.versions == ("v3", "v4") and not found.sure
    voice("models", "import", file).refused("v3 or v4", "--version v3", "--version v4")
    assert recognise(open_checkpoint(file), "v4").sure
    said = save(tmp_path / "y.pth", {"weight": weight, "config": {"model": {"version": "v4"}}})
    assert recognise(open_checkpoint(said)).version == "v4"


def test_other_files_are_named(tmp_path: Path) -> None:
    for data, words in (
        ({"model": {}, "optimizer": {}, "iteration": 1}, "state of a training run"),
        ({"weight": {"discriminators.0.a": torch.ones(1)}, "config": {}}, "discriminator"),
        ({"hello": torch.ones(1)}, "no file of a GPT-SoVITS model.*hello"),
        ([1], "no table"),
    ):
        with pytest.raises(ModelFileError, match=words):
            recognise(open_checkpoint(save(tmp_path / "x.pth", data)))


@pytest.mark.parametrize(("version", "half", "legacy"), [
    ("v1", True, True), ("v2", True, False), ("v2", False, False), ("v2Pro", True, False)])
def test_a_pair_becomes_a_model_with_the_same_numbers(
    version: str, half: bool, legacy: bool, tmp_path: Path, home: Path, voice: Voice
) -> None:
    write_pair(tmp_path / "user", version, half=half, legacy=legacy)
    forget_hparams()
    made = voice("models", "import", tmp_path / "user", "--version", version, "--json").json
    name = f"ada-{version}"
    assert [m["name"] for m in made["models"]] == [name] and not made["left"]
    model = load_model(home / "models" / name, "cpu")
    gpt, decoder = nets(version)
    for ours, theirs in ((model.text2semantic, gpt), (model.decoder, decoder)):
        for key, value in theirs.state_dict().items():
            stored = value.half().float() if half else value
            exact = torch.equal(ours.state_dict()[key], stored)
            assert exact or key == "waveform.input.weight", key  # its weight norm is worked out
            torch.testing.assert_close(ours.state_dict()[key], value, atol=2e-3, rtol=2e-3)
    row = {r["name"]: r for r in voice("models", "list", "--json").json["models"]}[name]
    assert row["version"] == version and "chinese-hubert-base" in row["missing"]
    assert voice("models", "verify", name).status == 0
    weights = home / "models" / name / "decoder.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    voice("models", "verify", name).refused("decoder.safetensors")


def test_an_imported_model_speaks(tmp_path: Path, home: Path, voice: Voice) -> None:
    write_pair(tmp_path / "user", "v2")
    write_hubert(tmp_path / "user")
    voice("models", "import", tmp_path / "user", "--json")
    said = voice("say", "--model", "ada-v2", "--reference", REFERENCE, "--reference-text",
                 "This is what the speaker says.", "--text", "Hello.", "--seed", 1,
                 "--out", tmp_path / "a.wav", "--json").json
    assert said["sample_rate"] == 32000 and said["semantic_tokens"] > 0
    by_folder = voice("say", "--model", home / "models/ada-v2", "--reference", REFERENCE, "--text",
                      "Hello.", "--out", tmp_path / "b.wav", "--json").json
    assert by_folder["seconds"] > 0  # and without a transcript
    voice("convert", "--model", "ada-v2", "--source", REFERENCE, "--reference", REFERENCE,
          "--out", tmp_path / "c.wav").refused("cannot read phonemes back")


@pytest.mark.slow
def test_the_options_of_the_published_program(tmp_path: Path, home: Path, voice: Voice) -> None:
    write_pair(tmp_path / "user", "v2")
    write_hubert(tmp_path / "user")
    voice("models", "import", tmp_path / "user", "--json")
    other = Path(__file__).parents[2] / "webui/examples/isla.opus"
    said = "Well, yes. I am here, and you"

    def say(*options: object, text: str = "Hello.") -> dict[str, Any]:
        return voice("say", "--model", "ada-v2", "--text", text, "--seed", 1, "--out",
                     tmp_path / "a.wav", "--json", *options).json

    pieces = {
        cut: say("--reference", REFERENCE, "--split", cut, "--no-prompt", text=said)["pieces"]
        for cut in ("cut0", "cut4", "cut5")
    }
    assert pieces == {"cut0": 1, "cut4": 2, "cut5": 4}
    for name, values in {"top-k": (1, 30), "top-p": (0.3, 1), "temperature": (0.1, 1.9),
                         "repetition-penalty": (1, 2), "speed": (0.8, 1.3)}.items():
        first, second = (
            say("--reference", REFERENCE, f"--{name}", value) and (tmp_path / "a.wav").read_bytes()
            for value in values)
        assert first != second, name
    half, whole = (say("--reference", REFERENCE, "--pause", p, "--split", "cut5", text=said)
                   for p in (0, 1))
    assert whole["seconds"] > half["seconds"] + 1
    parts = say("--reference", f"{REFERENCE}=0.7", "--reference", f"{other}=0.3")["reference"]
    assert parts["weights"] == [0.7, 0.3] and parts["stop"] - parts["start"] <= 10


def test_missing_shared_parts_say_how_to_get_them(tmp_path: Path, voice: Voice) -> None:
    gpt, sovits = write_pair(tmp_path, "v2")
    voice("models", "import", gpt, sovits, "--name", "mine", "--json")
    voice("say", "--model", "mine", "--reference", REFERENCE, "--text", "Hello.", "--out",
          tmp_path / "a.wav").refused("chinese-hubert-base", "models download hubert")


def test_missing_and_unknown_weights_are_listed(tmp_path: Path, home: Path, voice: Voice) -> None:
    gpt, sovits = write_pair(tmp_path, "v2")
    net, decoder = nets("v2")
    data = gpt_data(net, small("v2").text2semantic.phonemes)
    data["weight"]["model.surprise"] = torch.ones(1)
    save(gpt, data)
    voice("models", "import", gpt, sovits).refused("no place for model.surprise")
    del data["weight"]["model.surprise"], data["weight"]["model.bert_proj.bias"]
    save(gpt, data)
    voice("models", "import", gpt, sovits).refused("weights missing for bert_projection.bias")
    assert not list((home / "models").glob("*"))


def test_names_partners_and_replacing(tmp_path: Path, home: Path, voice: Voice) -> None:
    gpt, sovits = write_pair(tmp_path, "v2")
    voice("models", "import", sovits).refused("without its GPT")
    voice("models", "import", gpt).refused("without its SoVITS")
    voice("models", "import", tmp_path / "none.pth").refused("none.pth", "no such file")
    voice("models", "import", gpt, sovits, "--name", "../x").refused("--name")
    voice("models", "import", gpt, sovits, "--name", "mini").refused("mini")
    voice("models", "import", gpt, sovits, "--version", "v7").refused("--version v7")
    assert voice("models", "import", gpt, sovits, "--dry-run").status == 0
    assert not (home / "models").exists()
    assert voice("models", "import", gpt, sovits).status == 0
    voice("models", "import", gpt, sovits).refused("exists already", "--replace")
    assert voice("models", "import", gpt, sovits, "--replace").status == 0
    assert [p.name for p in (home / "models").iterdir()] == ["ada-v2"]


def test_the_last_epoch_of_a_name_is_taken(tmp_path: Path, voice: Voice) -> None:
    gpt, sovits = write_pair(tmp_path / "user", "v2")
    for file, name in ((gpt, "ada-e5.ckpt"), (sovits, "ada_e12_s9.pth")):
        file.with_name(name).write_bytes(file.read_bytes())
    (tmp_path / "user/notes.pth").write_text("hello")
    made = voice("models", "import", tmp_path / "user", "--json")
    origin = json.loads((Path(made.json["models"][0]["path"]) / "origin.json").read_text())
    assert [f["file"] for f in origin["made_of"]] == ["ada-e15.ckpt", "ada_e12_s9.pth"]
    assert len(made.json["left"]) == 1 and "notes.pth" in made.json["left"][0]
