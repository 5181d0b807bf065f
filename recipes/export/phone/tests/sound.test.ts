import { describe, expect, it } from "vitest";
import { blendTimbres, blendVoices, slerp } from "../src/core/blend";
import { readVoice, writeVoice, type Voice } from "../src/core/voices";
import { noteText, wavFile } from "../src/core/wav";
import { BANDS, matchingGains } from "../src/engine/colour";
import { StreamFinisher } from "../src/engine/finish";
import { middlePitch } from "../src/engine/pitch";
import { prepare, resample } from "../src/engine/recording";
import { Speaker, type SpeakSettings } from "../src/engine/speaker";
import type { Piece } from "../src/text/plan";
import finishing from "./finishing.json";
import { fakeGraphs, noise, value, whole } from "./helpers";

const RATE = 24000;
const tone = (hz: number, seconds: number, rate: number, level = 0.3) =>
  Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) =>
    level * (Math.sin((2 * Math.PI * hz * i) / rate) + 0.4 * Math.sin((4 * Math.PI * hz * i) / rate)));

const VOICE: Voice = {
  name: "Ada", model: "mini", revision: "1", languages: ["en"], consent: "I agree", consentDate: "2026-01-02",
  sourceHash: "ab", pitchHz: 200, timbre: Float32Array.of(3, 0), promptCodes: Int32Array.of(1, 2),
  promptPhonemes: Int32Array.of(4), promptSpoken: Int32Array.of(0, 0),
  equalizer: Float32Array.from({ length: BANDS }, (_, k) => k / 16),
};

describe("finishing", () => {
  const streamed = (samples: Float32Array, size: number) => {
    const finisher = new StreamFinisher(RATE);
    const parts: Float32Array[] = [];
    for (let at = 0; at < samples.length; at += size) {
      parts.push(finisher.push(samples.slice(at, at + size), false));
    }
    parts.push(finisher.push(new Float32Array(0), true));
    return parts;
  };
  const join = (parts: Float32Array[]) => Float32Array.from(parts.flatMap((x) => Array.from(x)));
  const sound = join([noise(RATE / 2, 2e-5), noise(RATE, 0.1), noise(RATE / 2, 2e-5), noise(RATE, 0.1), noise(RATE, 2e-5)]);

  it.each([240, 1111, 12000, 1e6])("trims the ends and keeps the pause, in chunks of %d", (size) => {
    const made = join(streamed(sound, size));
    expect(made.length / RATE).toBeCloseTo(2.5 + 0.12, 1);
    expect(Math.abs(made[0]!)).toBeLessThan(1e-3);
    expect(Math.max(...made.slice(RATE * 1.25, RATE * 1.4).map(Math.abs))).toBeLessThan(0.01);
  });

  it("gives sound before the end, and none of silence", () => {
    expect(streamed(sound.slice(RATE / 2), 12000)[0]!.length).toBeGreaterThan(0.3 * RATE);
    expect(streamed(noise(RATE, 1e-5), 12000).map((x) => x.length)).toEqual([0, 0, 0]);
  });

  it("shortens pauses and does the rest as Python does, which wrote these figures", () => {
    for (const { segments, chunk, lengths, levels_db } of finishing) {
      const parts = streamed(join(segments.map(([seconds, level]) => noise(seconds! * RATE, level!))), chunk);
      expect(parts.map((x) => x.length)).toEqual(lengths);
      const made = join(parts);
      const size = RATE / 100;
      levels_db.forEach((wanted, i) => {
        const frame = made.subarray(5 * i * size, (5 * i + 1) * size);
        const db = 10 * Math.log10(frame.reduce((a, x) => a + x * x, 0) / size + 1e-12);
        expect(Math.abs(db - wanted)).toBeLessThan(0.05);
      });
    }
  });

  it("brings speech to one level", () => {
    for (const level of [0.06, 0.4]) {
      const made = join(streamed(noise(2 * RATE, level), 12000)).slice(RATE / 2, RATE);
      const db = 10 * Math.log10(made.reduce((a, x) => a + x * x, 0) / made.length);
      expect(Math.abs(db + 21)).toBeLessThan(1.5);
    }
  });
});

describe("blending", () => {
  it("goes along the great circle", () => {
    const half = slerp(Float64Array.of(1, 0), Float64Array.of(0, 1), 0.5);
    expect(half[0]).toBeCloseTo(Math.SQRT1_2);
    expect(Array.from(blendTimbres(Float32Array.of(2, 0), Float32Array.of(0, 4), 0.5)))
      .toEqual([expect.closeTo(3 * Math.SQRT1_2, 5), expect.closeTo(3 * Math.SQRT1_2, 5)]);
  });

  it("gives the parents at the ends, and is not lost between opposites", () => {
    const other = { ...VOICE, name: "Bo", timbre: Float32Array.of(0, 3), pitchHz: 100 };
    expect(blendVoices(VOICE, other, 0)).toBe(VOICE);
    expect(blendVoices(VOICE, other, 1)).toBe(other);
    expect(blendVoices(VOICE, other, 0.5).pitchHz).toBeCloseTo(Math.sqrt(20000));
    const between = slerp(Float64Array.of(1, 0), Float64Array.of(-1, 0), 0.5);
    expect(Math.hypot(...between)).toBeCloseTo(1);
    const bare = { ...other, equalizer: null };
    expect(blendVoices(VOICE, bare, 0.25).equalizer![32]).toBeCloseTo(1.5);
    expect(blendVoices({ ...VOICE, equalizer: null }, bare, 0.5).equalizer).toBeNull();
    expect(() => blendVoices(VOICE, { ...other, revision: "2" }, 0.5)).toThrow("blend");
  });
});

describe("voices and recordings", () => {
  it("reads what it wrote", () => {
    expect(readVoice(writeVoice(VOICE), "x")).toEqual(VOICE);
    expect(readVoice(writeVoice({ ...VOICE, promptSpoken: null }), "x").promptSpoken).toBeNull();
    expect(readVoice(writeVoice({ ...VOICE, equalizer: null }), "x").equalizer).toBeNull();
    for (const gains of [new Float32Array(3), new Float32Array(BANDS).fill(NaN)]) {
      expect(() => readVoice(writeVoice({ ...VOICE, equalizer: gains }), "x")).toThrow("voice");
    }
    expect(() => readVoice(writeVoice(VOICE).slice(0, 100), "x")).toThrow("file-changed");
  });

  it("finds the middle pitch", () => {
    for (const hz of [110, 220]) expect(Math.abs(middlePitch(tone(hz, 1, 48000), 48000) / hz - 1)).toBeLessThan(0.02);
    expect(middlePitch(noise(48000, 0.1), 48000)).toBe(0);
  });

  it("resamples without other tones", () => {
    const made = resample(tone(440, 0.5, 48000), 48000, 16000);
    const wanted = tone(440, 0.5, 16000);
    const worst = made.slice(200, -200).reduce((a, x, i) => Math.max(a, Math.abs(x - wanted[i + 200]!)), 0);
    expect(worst).toBeLessThan(0.01);
    const high = resample(tone(10000, 0.5, 48000).map((x) => x), 48000, 16000).slice(200, -200);
    expect(Math.max(...high.map(Math.abs))).toBeLessThan(0.02);
  });

  it("refuses what is short, silent or clipped, and levels the rest", () => {
    expect(() => prepare(noise(RATE / 2, 0.1), RATE)).toThrow("recording: short");
    expect(() => prepare(noise(2 * RATE, 1e-5), RATE)).toThrow("recording: silent");
    expect(() => prepare(tone(200, 2, RATE, 3).map((x) => Math.max(-1, Math.min(1, x))), RATE))
      .toThrow("recording: clipped");
    const quiet = new Float32Array(3 * RATE);
    quiet.set(noise(1.5 * RATE, 0.01), RATE);
    expect(prepare(quiet, RATE).length / RATE).toBeCloseTo(1.7, 1);
  });

  it("finds the colour of a recording", () => {
    const made = noise(2 * RATE, 0.1);
    const real = made.map((x, i) => x + 0.9 * (made[i - 1] ?? 0)); // duller: a known low-pass filter
    const gains = matchingGains(made, real, RATE)!;
    const at = (hz: number) => 10 * Math.log10(1.81 + 1.8 * Math.cos((2 * Math.PI * hz) / RATE));
    const band = (hz: number) => Math.round((Math.log1p(hz / 700) / Math.log1p(7600 / 700)) * 65) - 1;
    for (const hz of [300, 1000, 3000, 6000]) {
      expect(Math.abs(gains[band(hz)]! - gains[band(1000)]! - (at(hz) - at(1000)))).toBeLessThan(0.7);
    }
    expect(matchingGains(made, noise(2400, 0.1), RATE)).toBeNull();
  });

  it("writes a WAV with its note", () => {
    const note = { model: "mini 1", voice: "小明", seed: 5, settings: { speed: 1 }, version: "1.0.0" };
    const file = wavFile(Float32Array.of(0, 0.5, -2), RATE, note);
    const text = new TextDecoder("latin1").decode(file);
    expect([text.slice(0, 4), text.slice(8, 12)]).toEqual(["RIFF", "WAVE"]);
    expect(new DataView(file.buffer).getUint32(4, true)).toBe(file.length - 8);
    const samples = new Int16Array(file.slice(-6).buffer);
    expect(Array.from(samples)).toEqual([0, 16384, -32768]);
    const written = JSON.parse(noteText(note, "now"));
    expect(written).toMatchObject({ ai_generated: true, program: "voice", voice: "小明", seed: 5 });
    expect(noteText(note, "now")).toMatch(/^[ -~]+$/);
  });
});

describe("speaker", () => {
  const piece = { index: 0, text: "a", language: "en", pause: 0, phonemes: { ids: [1, 2], symbols: [], spans: [], normalized: "", skipped: "" } } as Piece;
  const settings: SpeakSettings = { seed: 1, speed: 1, temperature: 1, topK: 5, noiseScale: 0, check: false, candidates: 1, retries: 0, mark: false };
  const inputs = (names: string[]) => [{ name: "latent", inputs: names.map((name) => ({ name })) }];

  it("cuts the latent into chunks that join exactly, and feeds `spoken` only where it is taken", async () => {
    const fed: string[][] = [];
    const spans: number[] = [];
    const scores = Array.from({ length: 160 * 4 }, (_, i) => (i % 4 === 3 ? -0.1 : -3));
    const runs = {
      latent: (feeds: Record<string, { data: ArrayLike<number | bigint>; dims: number[] }>) => {
        fed.push(Object.keys(feeds));
        const frames = feeds["noise"]!.dims[2]!;
        return { latent: value(Array.from({ length: 3 * frames }, (_, i) => i % frames), 1, 3, frames) };
      },
      waveform: (feeds: Record<string, { data: ArrayLike<number | bigint>; dims: number[] }>) => {
        const { data, dims } = feeds["latent"]!;
        spans.push(dims[2]!);
        return { samples: value(Array.from({ length: dims[2]! * 10 }, (_, i) => Number(data[Math.floor(i / 10)])), 1, dims[2]! * 10) };
      },
      read: () => ({ classes: whole(Array(160).fill(3), 1, 160), scores: value(scores, 1, 160, 4) }),
    };
    const codes = Array.from({ length: 80 }, () => 1);
    const taken = async (names: string[]) => {
      const graphs = fakeGraphs(runs, {
        graphs: inputs(names) as never,
        tokenizing: { sample_rate: 16000, token_samples: 640, reader_stride: 2, blank: 3 },
      });
      const out: number[] = [];
      const speaker = new Speaker(graphs, { symbols: [], classes: [], marks: [] }, async () => false);
      for await (const chunk of speaker.sound(codes, piece, VOICE, settings)) out.push(...chunk);
      return out;
    };
    const out = await taken(["codes", "noise"]);
    expect(out).toEqual(Array.from({ length: 1600 }, (_, i) => Math.floor(i / 10)));
    expect(spans[0]).toBe(25 + 4); // the first chunk is short, so that sound begins early
    expect(fed[0]).not.toContain("spoken");
    await taken(["codes", "noise", "spoken", "voice_hz"]);
    expect(fed[1]).toEqual(expect.arrayContaining(["spoken", "voice_hz"]));
  });
});
