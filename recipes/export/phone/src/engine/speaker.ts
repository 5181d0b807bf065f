// Speaks with a bundle: pieces of text to tokens, tokens to sound, sound in chunks as it is made.

import { AppError } from "../errors";
import type { Voice } from "../core/voices";
import type { SymbolTable } from "../text/frontend";
import type { Piece } from "../text/plan";
import { align } from "./align";
import { StreamFinisher } from "./finish";
import { BANDS } from "./colour";
import { floats, floatsOf, intsOf, longs, type Feeds, type Graphs, type Value } from "./graphs";
import { generate, type Candidate } from "./loop";
import { Random } from "./random";
import type { Sampling } from "./sampling";
import { begin, type Begun, type TokenRequest } from "./stepper";
import { bestOf, collapse, doubt, judge, OTHERS, soundClasses, type Reading } from "./selfcheck";

const GREEDY = 1e-3;
const REMEMBERED = 4;
/**
 * Latent frames of a piece's chunks: a short first one, then each twice as long, which are ready in
 * time on a phone that makes sound in half the time it lasts, and whose context costs less.
 */
const CHUNK_FRAMES = [25, 50, 100, 200];

export interface SpeakSettings {
  seed: number;
  speed: number;
  temperature: number;
  topK: number;
  noiseScale: number;
  check: boolean;
  candidates: number;
  retries: number;
  mark: boolean;
}

export interface Report {
  tokens: number;
  draws: number;
  errors: number;
  passed: boolean;
  seconds: number;
}

interface Drawn {
  codes: number[];
  reading: Reading | null;
  draws: number;
}

export class Speaker {
  private readonly heard = new Map<string, Promise<Map<string, Value>>>();

  constructor(
    private readonly graphs: Graphs, private readonly table: SymbolTable,
    private readonly cancelled: () => Promise<boolean>,
  ) {}

  get sampleRate(): number {
    return this.graphs.manifest.sound.sample_rate;
  }

  /** Speaks a piece; chunks go to `give` as they are made. */
  async speak(
    piece: Piece, voice: Voice, settings: SpeakSettings, give: (samples: Float32Array) => void,
  ): Promise<Report> {
    const drawn = await this.draw(piece, voice, settings);
    let count = 0;
    const out = async (samples: Float32Array) => {
      if (!samples.length) return;
      count += samples.length;
      give(settings.mark ? await this.mark(samples) : samples);
    };
    if (drawn.codes.length) {
      const finisher = new StreamFinisher(this.sampleRate);
      for await (const samples of this.sound(drawn.codes, piece, voice, settings)) {
        await out(finisher.push(samples, false));
      }
      await out(finisher.push(new Float32Array(0), true));
    }
    const pause = new Float32Array(Math.round(piece.pause * this.sampleRate));
    if (pause.length) give(pause);
    return {
      tokens: drawn.codes.length, draws: drawn.draws, errors: drawn.reading?.errors ?? 0,
      passed: drawn.reading?.passed ?? true, seconds: (count + pause.length) / this.sampleRate,
    };
  }

  /** Tokens of a piece: the candidate that says the text best, drawn again where none does. */
  async draw(piece: Piece, voice: Voice, settings: SpeakSettings): Promise<Drawn> {
    const numbers = this.graphs.manifest.decoding;
    const sampling: Sampling = {
      topK: settings.topK, topP: numbers.top_p, temperature: settings.temperature,
      repetitionPenalty: numbers.repetition_penalty, minTokens: numbers.min_tokens,
    };
    const fixed = settings.temperature < GREEDY || settings.topK === 1;
    const check = settings.check && this.graphs.has("read");
    const candidates = fixed || !check ? 1 : settings.candidates;
    const rounds = fixed || !check ? 1 : settings.retries + 1;
    const begun: Begun[] = [];
    for (const one of this.requests(piece, voice, candidates)) begun.push(await begin(this.graphs, one));
    // Every second candidate is of the second request, where there are two.
    const order = Array.from({ length: candidates }, (_, k) => k);
    if (begun.length > 1) order.sort((a, b) => (a % 2) - (b % 2) || a - b);
    let kept: Drawn = { codes: [], reading: null, draws: 0 };
    for (let attempt = 0; attempt < rounds; attempt++) {
      const randoms = order.map((k) => new Random(settings.seed, piece.index, attempt * candidates + k));
      const passes = async (one: Candidate) => (await this.judge(piece, one)).passed;
      const group = await generate(
        this.graphs, begun, randoms, sampling, this.cancelled, check ? passes : undefined);
      kept = await this.choose(piece, group, kept, check);
      kept.draws = (attempt + 1) * candidates;
      if (!kept.reading || kept.reading.passed) break;
    }
    return kept;
  }

  /** What the token loop is given: every second candidate does without the prompt. */
  private requests(piece: Piece, voice: Voice, candidates: number): TokenRequest[] {
    const { ids } = piece.phonemes;
    const alone = { phonemeIds: ids, promptCodes: [], promptPhonemes: 0, promptSpoken: null };
    if (!voice.promptCodes.length || !voice.promptPhonemes.length) return [{ ...alone, rows: candidates }];
    const others = candidates < this.graphs.manifest.decoding.alone ? 0 : Math.floor(candidates / 2);
    const prompted = {
      phonemeIds: [...voice.promptPhonemes, ...ids], rows: candidates - others,
      promptCodes: Array.from(voice.promptCodes), promptPhonemes: voice.promptPhonemes.length,
      promptSpoken: voice.promptSpoken ? Array.from(voice.promptSpoken) : null,
    };
    return others ? [prompted, { ...alone, rows: others }] : [prompted];
  }

  /** The best candidate of this round and the one kept before. */
  private async choose(
    piece: Piece, group: Candidate[], before: Drawn, check: boolean,
  ): Promise<Drawn> {
    if (!check) return { codes: group[0]!.codes, reading: null, draws: 0 };
    const rows = before.reading ? [before] : [];
    for (const one of group) {
      if (one.finish === "late") continue;
      rows.push({ codes: one.codes, reading: await this.judge(piece, one), draws: 0 });
    }
    return rows[bestOf(rows.map((row) => row.reading!))]!;
  }

  /** What the self-check sees in a candidate. */
  private async judge(piece: Piece, { codes, finish }: Candidate): Promise<Reading> {
    const limits = this.graphs.manifest.selfcheck.find((x) => x.language === piece.language) ?? OTHERS;
    const wanted = soundClasses(piece.phonemes.ids, this.table.classes);
    const read = soundClasses(await this.read(codes), this.table.classes);
    return judge(wanted, read, codes.length, limits, finish === "end", await this.doubt(codes, wanted));
  }

  /** What the reader says of codes; the last are remembered, as the sound asks after the check. */
  private hear(codes: number[]): Promise<Map<string, Value>> {
    const key = codes.join();
    let found = this.heard.get(key);
    if (!found) {
      for (const old of [...this.heard.keys()].slice(0, 1 - REMEMBERED)) this.heard.delete(old);
      found = this.graphs.run("read", { codes: longs(codes, 1, codes.length) });
      this.heard.set(key, found);
    }
    return found;
  }

  /** The phonemes that codes carry. */
  async read(codes: number[]): Promise<number[]> {
    const numbers = this.graphs.manifest.tokenizing;
    if (!codes.length || !numbers) return [];
    return collapse(intsOf(await this.hear(codes), "classes"), numbers.blank);
  }

  private async doubt(codes: number[], wanted: number[]): Promise<number> {
    if (!codes.length) return doubt(new Float32Array(0), 0, wanted, this.table.classes);
    const found = await this.hear(codes);
    return doubt(floatsOf(found, "scores"), found.get("classes")!.data.length, wanted, this.table.classes);
  }

  /** Which of the phonemes each code says; -1 where that is not known. */
  async spoken(codes: number[], phonemes: number[]): Promise<number[]> {
    const numbers = this.graphs.manifest.tokenizing;
    const unknown = codes.map(() => -1);
    if (!numbers || !this.graphs.has("read") || !codes.length) return unknown;
    const found = await this.hear(codes);
    const frames = found.get("classes")!.data.length;
    const path = align(floatsOf(found, "scores"), frames, phonemes, numbers.blank, numbers.reader_stride);
    return path.length === codes.length ? path : unknown;
  }

  /** The sound of codes in chunks which joined are the whole. */
  sound(
    codes: number[], piece: Piece, voice: Voice, settings: SpeakSettings,
  ): AsyncGenerator<Float32Array> {
    const random = new Random(settings.seed, piece.index, "noise");
    return this.resound(codes, piece.phonemes.ids, voice, settings.speed, (count) =>
      random.normals(count, settings.noiseScale));
  }

  /** The same of phonemes by their ids, without noise where none is given. */
  async *resound(
    codes: number[], ids: number[], voice: Voice, speed = 1,
    noiseOf: (count: number) => Float32Array = (count) => new Float32Array(count),
  ): AsyncGenerator<Float32Array> {
    const { sound } = this.graphs.manifest;
    let frames = sound.stretch * codes.length;
    if (speed !== 1) frames = Math.floor(frames / speed) + 1;
    const noise = noiseOf(sound.latent * frames);
    const feeds: Feeds = {
      codes: longs(codes, 1, codes.length), phoneme_ids: longs(ids, 1, ids.length),
      timbre: floats(voice.timbre, 1, voice.timbre.length), noise: floats(noise, 1, sound.latent, frames),
    };
    if (this.graphs.takes("latent", "voice_hz")) {
      feeds["voice_hz"] = floats(Float32Array.of(voice.pitchHz), 1);
    }
    if (this.graphs.takes("latent", "spoken")) {
      feeds["spoken"] = longs(await this.spoken(codes, ids), 1, codes.length);
    }
    const colour: Feeds = { timbre: feeds["timbre"]! };
    if (this.graphs.takes("waveform", "equalizer")) {
      colour["equalizer"] = floats(voice.equalizer ?? new Float32Array(BANDS), 1, BANDS);
    }
    const found = await this.graphs.run("latent", feeds);
    const latent = floatsOf(found, "latent");
    const channels = found.get("latent")!.dims[1]!;
    const { context_frames: context, frame_samples: size } = sound;
    for (let start = 0, stop = 0, turn = 0; start < frames; start = stop, turn++) {
      if (await this.cancelled()) throw new AppError("cancelled");
      stop = Math.min(start + CHUNK_FRAMES[Math.min(turn, CHUNK_FRAMES.length - 1)]!, frames);
      const [left, right] = [Math.max(0, start - context), Math.min(frames, stop + context)];
      const part = columns(latent, channels, frames, left, right);
      const made = await this.graphs.run("waveform", {
        latent: floats(part, 1, channels, right - left), ...colour,
      });
      const samples = floatsOf(made, "samples").slice((start - left) * size, (stop - left) * size);
      yield samples.map((x) => (Number.isFinite(x) ? x : 0));
    }
  }

  private async mark(samples: Float32Array): Promise<Float32Array> {
    if (!this.graphs.has("mark")) return samples;
    const found = await this.graphs.run("mark", { samples: floats(samples, 1, samples.length) });
    return floatsOf(found, "marked");
  }
}

/** Frames `left` to `right` of (C, F) values. */
function columns(
  values: Float32Array, channels: number, frames: number, left: number, right: number,
): Float32Array {
  const out = new Float32Array(channels * (right - left));
  for (let c = 0; c < channels; c++) {
    out.set(values.subarray(c * frames + left, c * frames + right), c * (right - left));
  }
  return out;
}
