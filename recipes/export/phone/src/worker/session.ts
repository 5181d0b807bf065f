// One open bundle: graphs, front-end, voices of the bundle and of this device.

import { blendVoices } from "../core/blend";
import { manifestOf, readChecked } from "../core/install";
import type { Manifest } from "../core/manifest";
import { finish, noteOf, removeUnfinished, type Store } from "../core/store";
import { checkVoice, readVoice, writeVoice, type Voice } from "../core/voices";
import { gunzip } from "../core/zip";
import { canEnrol, enrol, type Enrolment } from "../engine/enrol";
import { OrtGraphs } from "../engine/graphs";
import { Speaker, type SpeakSettings } from "../engine/speaker";
import { AppError } from "../errors";
import type { Frontend } from "../text/frontend";
import { makePlan, type Piece } from "../text/plan";
import { openFrontend } from "../text/speakers";
import type { BundleInfo, SpeakRequest, VoiceInfo } from "./messages";

const OWN = "voice-";
const FILE = "voice.safetensors";
const PAUSE_SECONDS = 0.3;
const SPOKEN_GRAPHS = ["prefill", "step_fixed", "read", "latent", "waveform", "mark"];

interface OwnNote {
  model: string;
  revision: string;
  added: string;
}

export class Session {
  private readonly voices = new Map<string, Voice>();

  private constructor(
    private readonly store: Store, readonly folder: string, readonly manifest: Manifest,
    readonly graphs: OrtGraphs, private readonly frontend: Frontend,
  ) {}

  static async open(store: Store, folder: string): Promise<Session> {
    const manifest = await manifestOf(store, folder);
    const read = (path: string) => readChecked(store, folder, manifest, path);
    const graphs = new OrtGraphs(manifest, read);
    const expanded = async (path: string) => {
      const data = await read(path);
      return path.endsWith(".gz") ? gunzip(data, path) : data;
    };
    const frontend = await openFrontend(expanded, manifest.languages);
    const session = new Session(store, folder, manifest, graphs, frontend);
    await session.readVoices();
    return session;
  }

  private async readVoices(): Promise<void> {
    const symbols = this.frontend.table.symbols.length;
    for (const entry of this.manifest.voices) {
      const data = await readChecked(this.store, this.folder, this.manifest, entry.file);
      const voice = readVoice(data, entry.file);
      checkVoice(voice, this.manifest, symbols);
      this.voices.set(entry.file, voice);
    }
    await removeUnfinished(this.store, OWN);
    const own: [string, OwnNote][] = [];
    for (const folder of await this.store.folders()) {
      const note = folder.startsWith(OWN) ? await noteOf<OwnNote>(this.store, folder) : null;
      if (note?.model === this.manifest.model && note.revision === this.manifest.revision) {
        own.push([folder, note]);
      }
    }
    own.sort((a, b) => (a[1].added < b[1].added ? -1 : 1));
    for (const [folder] of own) {
      try {
        const voice = readVoice(await this.store.read(folder, FILE), folder);
        checkVoice(voice, this.manifest, symbols);
        this.voices.set(folder, voice);
      } catch {
        // A damaged voice of this device is left out; the others still speak.
      }
    }
  }

  info(): BundleInfo {
    const { manifest } = this;
    const { decoding } = manifest;
    const schemes = [...new Set(manifest.graphs.map((graph) => graph.precision))];
    return {
      folder: this.folder, model: manifest.model, revision: manifest.revision,
      licence: manifest.licence, languages: [...this.frontend.languages],
      sampleRate: manifest.sound.sample_rate, precision: schemes.join(", "),
      voices: this.voiceInfos(), canEnrol: canEnrol(this.graphs),
      temperature: decoding.temperature, topK: decoding.top_k, noiseScale: decoding.noise_scale,
      candidates: decoding.candidates, retries: decoding.retries,
    };
  }

  voiceInfos(): VoiceInfo[] {
    return [...this.voices].map(([id, voice]) => ({
      id, name: voice.name, consent: voice.consent, consentDate: voice.consentDate,
      languages: voice.languages, own: id.startsWith(OWN),
    }));
  }

  /** Opens what speaking needs, so that the first sentence does not wait for it. */
  async warm(): Promise<void> {
    for (const name of SPOKEN_GRAPHS) if (this.graphs.has(name)) await this.graphs.prepare(name);
  }

  private voice(request: SpeakRequest): Voice {
    const first = this.voices.get(request.voice);
    if (!first) throw new AppError("voice", request.voice);
    if (!request.other) return first;
    const second = this.voices.get(request.other);
    if (!second) throw new AppError("voice", request.other);
    return blendVoices(first, second, request.share);
  }

  /** What is spoken, how and by whom, and with what. */
  async prepare(request: SpeakRequest, cancelled: () => Promise<boolean>): Promise<{
    pieces: Piece[]; voice: Voice; settings: SpeakSettings; speaker: Speaker; skipped: string;
  }> {
    const voice = this.voice(request);
    await this.frontend.ensure(request.text, request.language);
    const pieces = makePlan(request.text, this.frontend, {
      language: request.language, pause: PAUSE_SECONDS, skipUnknown: request.skipUnknown,
    });
    const { decoding } = this.manifest;
    const settings: SpeakSettings = {
      seed: request.seed, speed: request.speed, temperature: request.temperature,
      topK: decoding.top_k, noiseScale: decoding.noise_scale, check: request.check,
      candidates: decoding.candidates, retries: decoding.retries, mark: true,
    };
    const speaker = new Speaker(this.graphs, this.frontend.table, cancelled);
    const skipped = [...new Set(pieces.flatMap((piece) => Array.from(piece.phonemes.skipped)))].join("");
    return { pieces, voice, settings, speaker, skipped };
  }

  /** Makes a voice of a recording and keeps it on this device. */
  async enrol(given: Enrolment): Promise<void> {
    const voice = await enrol(this.graphs, given);
    for (const name of ["tokenize", "timbre"]) await this.graphs.close(name);
    const id = `${OWN}${crypto.randomUUID()}`;
    try {
      await this.store.write(id, FILE, writeVoice(voice));
      const note: OwnNote = {
        model: voice.model, revision: voice.revision, added: new Date().toISOString(),
      };
      await finish(this.store, id, note);
    } catch (error) {
      await this.store.remove(id).catch(() => undefined);
      throw error;
    }
    this.voices.set(id, voice);
  }

  async removeVoice(id: string): Promise<void> {
    if (!id.startsWith(OWN)) throw new AppError("voice", id);
    await this.store.remove(id);
    this.voices.delete(id);
  }

  /** The bundle's own sentences with their tokens, which this device should draw too. */
  async fixtures(): Promise<Fixture[]> {
    const data = await readChecked(this.store, this.folder, this.manifest, this.manifest.fixtures);
    const all = JSON.parse(new TextDecoder().decode(data)) as Fixture[];
    return all.filter(({ language }) => this.frontend.languages.some((own) => own === language));
  }

  voiceId(name: string): string {
    return this.manifest.voices.find((entry) => entry.name === name)?.file ?? "";
  }
}

export interface Fixture {
  language: string;
  text: string;
  voice: string;
  phoneme_ids: number[];
  codes: number[];
}
