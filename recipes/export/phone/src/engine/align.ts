// Which phoneme each token says, by the likeliest CTC path (Graves et al. 2006);
// voice/decode/alignment.py. Axes: T tokens, F frames, P phonemes, S symbols + blank.

/**
 * For each token the index of the last phoneme that has begun by its last frame.
 *
 * `scores` (F, S) are log-probabilities, `stride` frames a token; the result is empty where there
 * are more phonemes (with the blanks that repeated ones need) than frames.
 */
export function align(
  scores: Float32Array, frames: number, phonemes: ArrayLike<number>, blank: number, stride: number,
): number[] {
  const count = phonemes.length;
  const classes = scores.length / frames;
  let repeats = 0;
  for (let i = 1; i < count; i++) if (phonemes[i] === phonemes[i - 1]) repeats++;
  if (!count || count + repeats > frames) return [];
  const path = likeliest(scores, frames, classes, phonemes, blank);
  const spoken: number[] = [];
  let started = 0;
  let before = -1;
  path.forEach((state, frame) => {
    // Odd states are phonemes; a phoneme begins where its state is entered.
    if (state % 2 && state !== before) started++;
    before = state;
    if (frame % stride === stride - 1) spoken.push(Math.max(started - 1, 0));
  });
  return spoken;
}

/** The state of each frame: 0, 2, 4 ... are blanks, 2 i + 1 is phoneme i. */
function likeliest(
  scores: Float32Array, frames: number, classes: number, phonemes: ArrayLike<number>, blank: number,
): number[] {
  const states = 2 * phonemes.length + 1;
  const label = (s: number) => (s % 2 ? phonemes[(s - 1) / 2]! : blank);
  let best = new Float64Array(states).fill(-Infinity);
  best[0] = scores[blank]!;
  best[1] = scores[label(1)]!;
  const back = new Uint8Array(frames * states);
  for (let t = 1; t < frames; t++) {
    const next = new Float64Array(states).fill(-Infinity);
    // States from which the end cannot be reached, or that cannot be reached, need no look.
    const low = Math.max(0, states - 2 * (frames - t) - 1);
    const high = Math.min(states - 1, 2 * t + 1);
    for (let s = low; s <= high; s++) {
      let from = 0;
      let most = best[s]!;
      if (s > 0 && best[s - 1]! > most) [most, from] = [best[s - 1]!, 1];
      const skip = s > 1 && s % 2 === 1 && label(s) !== label(s - 2);
      if (skip && best[s - 2]! > most) [most, from] = [best[s - 2]!, 2];
      next[s] = most + scores[t * classes + label(s)]!;
      back[t * states + s] = from;
    }
    best = next;
  }
  let state = best[states - 1]! > best[states - 2]! ? states - 1 : states - 2;
  const path = new Array<number>(frames);
  for (let t = frames - 1; t >= 0; t--) {
    path[t] = state;
    state -= back[t * states + state]!;
  }
  return path;
}
