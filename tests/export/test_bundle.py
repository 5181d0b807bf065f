"""What is in a bundle, that it comes out the same, and what a damaged one says."""

from __future__ import annotations

import errno
import gzip
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.export.conftest import Case
from voice.errors import ConsentError, ModelFileError, OptionError, OutputError, VoiceFileError
from voice.export import bundle as bundles
from voice.export import manifest as manifests
from voice.export.bundle import BundleOptions, write_bundle
from voice.export.fixtures import self_test
from voice.export.manifest import file_digest, read_manifest, write_manifest
from voice.export.run import BundleSynthesizer
from voice.synth.draw import Drafter
from voice.synth.plan import make_plan
from voice.synth.settings import SynthesisSettings

TEXT = "The train leaves at half past nine. It costs $12.50, or so they say."
ROOT = Path(__file__).parents[2]
ONE_IS_ENOUGH = pytest.mark.parametrize(
    "case", ["reading", pytest.param("plain", marks=pytest.mark.slow)], indirect=True)
"""For what does not depend on the kind of model."""


@pytest.fixture
def copy(case: Case, tmp_path: Path) -> Path:
    return Path(shutil.copytree(case.folder, tmp_path / "bundle"))


def test_it_speaks_with_the_tokens_of_the_torch_program(case: Case) -> None:
    bundle = case.open()
    settings = SynthesisSettings(seed=4, language="en", retries=1, candidates=3)
    plan = make_plan(TEXT, settings, case.model.spec.languages, "v2")
    wanted = Drafter(case.model, case.voices[0], settings).draw(plan.pieces[:1])[0]
    codes, reading, attempts, draws = bundle.draw(plan.pieces[0], bundle.voice("Ada"), settings)
    assert codes.tolist() == wanted.codes.tolist()
    assert reading is not None and wanted.reading is not None
    near = {"cost": reading.cost, "doubt": reading.doubt}  # of likelihoods: equal but for rounding
    assert replace(wanted.reading, **near) == reading
    assert near == pytest.approx({k: getattr(wanted.reading, k) for k in near}, rel=1e-5)
    assert (attempts, draws) == (wanted.retries, wanted.draws)


def test_streamed_is_whole_and_marked(case: Case) -> None:
    from voice.audio.watermark import detect

    bundle = case.open()
    options = {"seed": 4, "language": "en", "check": False, "top_k": 5}
    voice = bundle.voice("Bo")
    chunks = list(bundle.stream(TEXT, voice, **options))  # pyright: ignore[reportArgumentType]
    whole = bundle.say(TEXT, voice, **options)  # pyright: ignore[reportArgumentType]
    pieces = [piece.text for piece in bundle.plan(TEXT, language="en").pieces]
    assert [report.text for c in chunks for report in c.pieces] == pieces
    assert len(chunks) > len(pieces) > 1  # sound comes before the whole of its piece is made
    assert sum(r.seconds for r in whole.pieces) == pytest.approx(whole.seconds)
    assert np.array_equal(np.concatenate([c.samples for c in chunks]), whole.samples)
    assert whole.sample_rate == case.model.spec.decoder.sample_rate
    assert whole.origin is not None and whole.origin.watermark
    assert detect(whole.samples, whole.sample_rate) > 0.9


def test_candidates_are_the_bundles_own_and_sound_of_given_codes_is_that_of_speaking(
    case: Case,
) -> None:
    bundle = case.open()
    assert bundle.manifest.decoding.candidates == 4
    settings = SynthesisSettings(seed=4, language="en", retries=0)
    piece, voice = bundle.plan("Good morning.", settings).pieces[0], bundle.voice("Ada")
    codes, _, _, draws = bundle.draw(piece, voice, settings)
    assert draws == 4 and bundle.draw(piece, voice, settings.replace(candidates=3))[3] == 3
    spoken = bundle.say("Good morning.", voice, settings)
    assert np.array_equal(bundle.render(codes, piece, voice, settings), spoken.samples)


def test_fixtures_come_out_again(case: Case) -> None:
    assert self_test(case.open()) == []


@ONE_IS_ENOUGH
def test_the_same_input_gives_the_same_bytes(case: Case, tmp_path: Path) -> None:
    options = BundleOptions("fp32", ("en",), enroll=True)
    write_bundle(case.model, case.voices, tmp_path / "again", options)
    names = sorted(p.relative_to(case.folder) for p in case.folder.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path / "again")
                           for p in (tmp_path / "again").rglob("*") if p.is_file())
    for name in names:
        assert (case.folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_the_manifest_describes_the_graphs(case: Case) -> None:
    manifest = read_manifest(case.folder)
    for graph in manifest.graphs:
        model = onnx.load(case.folder / graph.file, load_external_data=False)
        assert [x.name for x in model.graph.input] == [x.name for x in graph.inputs]
        assert {i.version for i in model.opset_import} == {17}
        places = {e.value for t in model.graph.initializer for e in t.external_data
                  if e.key == "location"}
        assert places <= {Path(graph.weights).name}
    assert {v.name: v.consent for v in manifest.voices} == {
        "Ada": "I am the speaker", "Bo": "I am the speaker"}
    assert {e.path for e in manifest.files} | {"manifest.json"} == {
        p.relative_to(case.folder).as_posix() for p in case.folder.rglob("*") if p.is_file()}


@ONE_IS_ENOUGH
def test_every_damaged_file_is_named(copy: Path) -> None:
    for entry in read_manifest(copy).files:
        path = copy / entry.path
        good = path.read_bytes()
        for bad in (good[:-1], bytes([good[0] ^ 1]) + good[1:], None):
            path.unlink() if bad is None else path.write_bytes(bad)
            with pytest.raises(ModelFileError, match=Path(entry.path).name):
                BundleSynthesizer.load(copy)
            path.write_bytes(good)
    BundleSynthesizer.load(copy)


@pytest.mark.parametrize(("change", "message"), [
    (lambda b: b[: len(b) // 2], "damaged"),
    (lambda b: b.replace(b"I am the speaker", b"I am no speaker!", 1), "digest"),
    (lambda b: b.replace(b'"version": 5', b'"version": 6', 1), "format version 6"),
    (lambda b: b.replace(b"voice-bundle", b"other-bundle", 1), "not the manifest"),
    (lambda b: b"[]", "not the manifest"),
], ids=["truncated", "altered", "version", "kind", "list"])
def test_a_damaged_manifest_is_refused(copy: Path, change: object, message: str) -> None:
    path = copy / "manifest.json"
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ModelFileError, match=message):
        BundleSynthesizer.load(copy)


def test_paths_stay_inside(copy: Path) -> None:
    manifest = read_manifest(copy)
    bad = replace(manifest.files[0], path="../manifest.json")
    write_manifest(copy, replace(manifest, files=(bad, *manifest.files[1:])))
    with pytest.raises(ModelFileError, match="no path inside"):
        read_manifest(copy)


def test_a_missing_operator_is_named(copy: Path) -> None:
    manifest = read_manifest(copy)
    graph = manifest.graph("read")
    assert graph is not None
    path = copy / graph.file
    model = onnx.load(path, load_external_data=False)
    model.graph.node[0].op_type = "NoSuchOperator"
    path.write_bytes(model.SerializeToString())
    files = tuple(
        replace(e, bytes=path.stat().st_size, sha256=file_digest(path))
        if e.path == graph.file else e for e in manifest.files)
    write_manifest(copy, replace(manifest, files=files))
    bundle = BundleSynthesizer.load(copy)
    with pytest.raises(ModelFileError, match="lacks an operator.*NoSuchOperator"):
        bundle.read(np.zeros(4, np.int64))


def test_it_runs_without_torch(case: Case) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['onnx'] = None; "
        "from voice.export.run import BundleSynthesizer; "
        f"s = BundleSynthesizer.load({str(case.folder)!r}); "
        "x = s.say('Hello there.', s.voice('Ada'), seed=1, check=False); print(len(x.samples) > 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.stdout.strip() == "True", done.stderr[-800:]


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_memory_that_runs_out_is_said(case: Case) -> None:
    code = (
        "import resource; import numpy as np; from voice.errors import DeviceError; "
        "from voice.export.run import BundleSynthesizer; "
        f"s = BundleSynthesizer.load({str(case.folder)!r}); s.read(np.zeros(8, np.int64)); "
        "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize(); "
        "many = np.zeros(1 << 20, np.int64); "
        "resource.setrlimit(resource.RLIMIT_AS, (size + (64 << 20), -1))\n"
        "try: s.read(many)\n"
        "except DeviceError as error: print(error)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); print(len(s.read(many[:8])) >= 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    first, then = done.stdout.strip().splitlines() or ["", ""]
    assert "not enough memory" in first and "'read'" in first, done.stderr[-800:]
    assert then == "True"


@ONE_IS_ENOUGH
def test_a_full_disk_leaves_nothing_and_keeps_the_older_bundle(
    case: Case, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [1 << 20]

    def put(folder: Path, name: str, data: bytes) -> None:
        room[0] -= len(data)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        usual(folder, name, data)

    usual = bundles._put
    before = file_digest(copy / "manifest.json")
    monkeypatch.setattr(bundles, "_put", put)
    with pytest.raises(OutputError, match="no space|space"):
        write_bundle(case.model, case.voices, copy, BundleOptions("fp32", ("en",)))
    assert [p.name for p in copy.parent.iterdir()] == [copy.name]
    assert file_digest(copy / "manifest.json") == before
    BundleSynthesizer.load(copy)


def test_text_data_can_be_read(case: Case) -> None:
    rows = json.loads((case.folder / "fixtures/text.json").read_bytes())
    table = json.loads((case.folder / "text/symbols.json").read_bytes())["symbols"]
    assert len(rows) >= 30 and all(set(row["symbols"]) <= set(table) for row in rows)
    lines = gzip.decompress((case.folder / "text/en/dictionary.txt.gz").read_bytes()).decode()
    assert "hello HH AH0 L OW1\n" in lines


def test_voices_that_do_not_fit_are_refused(case: Case, tmp_path: Path) -> None:
    bundle = case.open()
    with pytest.raises(VoiceFileError, match="Voices here: Ada, Bo"):
        bundle.voice("Cy")
    other = replace(case.voices[0], model="other")
    with pytest.raises(VoiceFileError, match="made for model other"):
        bundle.check_voice(other)
    options = BundleOptions("fp32", ("en",))
    with pytest.raises(ConsentError, match="no consent"):
        write_bundle(case.model, [replace(case.voices[0], consent="")], tmp_path / "b", options)
    with pytest.raises(OptionError, match="does not speak"):
        write_bundle(case.model, case.voices, tmp_path / "b", BundleOptions("fp32", ("ko",)))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file.txt").write_text("mine")
    with pytest.raises(OutputError, match="no bundle"):
        write_bundle(case.model, case.voices, tmp_path / "mine", options)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine"]


def test_a_manifest_changed_by_hand_has_another_digest(case: Case) -> None:
    manifest = read_manifest(case.folder)
    assert manifests.render(manifest) == (case.folder / "manifest.json").read_bytes()
    assert manifests.render(replace(manifest, licence="none")) != manifests.render(manifest)
