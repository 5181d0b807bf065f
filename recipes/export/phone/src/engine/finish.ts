// Sound that can be put beside other sound, made ready while it comes: silence off both ends and out
// of long pauses, speech at one level, faded; `StreamFinisher` of voice/export/finishing.py.

const ACTIVE_LEVEL_DB = -21;
const MOST_GAIN_DB = 12;
const PEAK = 0.97;
const FRAME_SECONDS = 0.01;
const SILENT_DB = -36;
const USUAL_DB = -26;
const QUIETEST_DB = -70;
const LOUD_DB = 25;
const EDGE_FRAMES = 6;
const SMOOTHED = 5;
const FADE_SECONDS = 0.005;
const RAMP_SECONDS = 0.05;
const LONGEST_PAUSE_SECONDS = 0.7;

export class StreamFinisher {
  private readonly frame: number;
  private held: Float32Array<ArrayBufferLike> = new Float32Array(0);
  private levels: number[] = [];
  private places = 0;
  private started = false;
  private gain: number | null = null;

  constructor(private readonly sampleRate: number) {
    this.frame = Math.max(1, Math.round(sampleRate * FRAME_SECONDS));
  }

  /** What can be played now; the last call gives the rest. */
  push(samples: Float32Array, last: boolean): Float32Array {
    const joined = new Float32Array(this.held.length + samples.length);
    joined.set(this.held);
    joined.set(samples, this.held.length);
    const whole = last ? Math.ceil(joined.length / this.frame) : Math.floor(joined.length / this.frame);
    this.measure(joined, whole);
    const speech = this.speech(whole);
    const [start, stop] = this.span(joined.length, whole, speech, last);
    // What is held begins with speech, even if louder speech has made it seem silence.
    if (this.started && speech.length && speech[0] !== 0) speech.unshift(0);
    const ready = this.withoutLongPauses(joined, speech, start, stop);
    this.places += Math.floor(stop / this.frame);
    this.held = joined.slice(stop);
    if (!ready.length) return ready;
    this.level(ready);
    if (!this.started) this.fade(ready, true);
    this.started = true;
    if (last) this.fade(ready, false);
    return ready;
  }

  /** Levels of the frames that are new; the first held sample begins frame `places`. */
  private measure(joined: Float32Array, whole: number): void {
    for (let f = this.levels.length - this.places; f < whole; f++) {
      let power = 0;
      for (let i = f * this.frame; i < Math.min((f + 1) * this.frame, joined.length); i++) {
        power += joined[i]! ** 2;
      }
      this.levels[this.places + f] = 10 * Math.log10(power / this.frame + 1e-12);
    }
  }

  /** Which of the held frames are speech. */
  private speech(whole: number): number[] {
    const peak = this.levels.reduce((a, b) => Math.max(a, b), USUAL_DB);
    const least = Math.max(peak + SILENT_DB, QUIETEST_DB);
    const side = SMOOTHED >> 1;
    const found: number[] = [];
    for (let f = 0; f < whole; f++) {
      let power = 0;
      for (let i = this.places + f - side; i <= this.places + f + side; i++) {
        power += 10 ** ((this.levels[i] ?? -Infinity) / 10) / SMOOTHED;
      }
      if (10 * Math.log10(power + 1e-12) > least) found.push(f);
    }
    return found;
  }

  /** Which of the held samples can go: after the first speech, up to a little after the last. */
  private span(length: number, whole: number, speech: number[], last: boolean): [number, number] {
    const [first = -1, final = -1] = [speech[0], speech.at(-1)];
    if (final < 0) {
      // Silence: what may be the edge before speech stays held, the rest goes only after speech.
      const keep = this.started ? 0 : Math.max(0, whole - EDGE_FRAMES);
      return last ? [length, length] : [keep * this.frame, keep * this.frame];
    }
    const start = this.started ? 0 : Math.max(0, first - EDGE_FRAMES) * this.frame;
    if (last) return [start, Math.min(length, (final + 1 + EDGE_FRAMES) * this.frame)];
    // The last speech stays, so that its edge can be told and faded at the end.
    return [start, Math.max(start, final * this.frame)];
  }

  /** Samples `start` to `stop`, the middle taken out of pauses that are too long. */
  private withoutLongPauses(
    samples: Float32Array, speech: number[], start: number, stop: number,
  ): Float32Array {
    const half = Math.round((LONGEST_PAUSE_SECONDS / 2) * this.sampleRate);
    const cross = Math.round(FADE_SECONDS * this.sampleRate);
    const out = samples.slice(start, stop);
    let [from, to] = [start, 0];
    for (let i = 1; i < speech.length; i++) {
      const left = (speech[i - 1]! + 1) * this.frame + half;
      const right = speech[i]! * this.frame - half;
      if (right <= left) continue;
      out.set(samples.subarray(from, left), to);
      to += left - from;
      for (let k = 0; k < cross; k++) {
        const share = k / (cross - 1);
        out[to++] = samples[left + k]! * (1 - share) + samples[right + k]! * share;
      }
      from = right + cross;
    }
    out.set(samples.subarray(from, stop), to);
    return out.slice(0, to + stop - from);
  }

  /** Brings sound to the level of speech by what was heard so far, without a step. */
  private level(ready: Float32Array): void {
    const peak = this.levels.reduce((a, b) => Math.max(a, b), -120);
    const loud = this.levels.filter((x) => x > peak - LOUD_DB);
    const mean = loud.reduce((sum, x) => sum + 10 ** (x / 10), 0) / loud.length;
    const wanted = ACTIVE_LEVEL_DB - 10 * Math.log10(mean);
    const db = Math.min(Math.max(wanted, -2 * MOST_GAIN_DB), MOST_GAIN_DB);
    const highest = ready.reduce((a, x) => Math.max(a, Math.abs(x)), 1e-9);
    const target = Math.min(10 ** (db / 20), PEAK / highest);
    const before = Math.min(this.gain ?? target, PEAK / highest);
    const ramp = Math.min(ready.length, Math.round(RAMP_SECONDS * this.sampleRate));
    for (let i = 0; i < ready.length; i++) {
      ready[i]! *= i < ramp ? before + ((target - before) * (i + 1)) / ramp : target;
    }
    this.gain = target;
  }

  /** Raised-cosine fades of 5 ms. */
  private fade(ready: Float32Array, atStart: boolean): void {
    const size = Math.min(Math.round(FADE_SECONDS * this.sampleRate), ready.length >> 1);
    for (let i = 0; i < size; i++) {
      const share = 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / size);
      ready[atStart ? i : ready.length - 1 - i]! *= share;
    }
  }
}
