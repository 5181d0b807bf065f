/// <reference lib="webworker" />
// Everything heavy, beside the page: storage, checking, text, graphs, sound.

import { install, installed } from "../core/install";
import { openSource } from "../core/sources";
import { openStore, type Store } from "../core/store";
import { setUpRuntime } from "../engine/graphs";
import { AppError, plainError } from "../errors";
import type { CallName, Calls, FromWorker, SpeakRequest, Spoken, ToWorker } from "./messages";
import { Session, type Fixture } from "./session";

const BREATH_MS = 30;
let store: Store;
let session: Session | null = null;
let threads = 1;
const cancelledCalls = new Set<number>();

const tell = (message: FromWorker, transfer: Transferable[] = []) => postMessage(message, { transfer });

/** Lets messages in now and then, and says whether a call was cancelled. */
function breather(id: number): () => Promise<boolean> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last > BREATH_MS) {
      await new Promise<void>((resolve) => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => {
          channel.port1.close();
          resolve();
        };
        channel.port2.postMessage(0);
      });
      last = performance.now();
    }
    return cancelledCalls.has(id);
  };
}

function opened(): Session {
  if (!session) throw new AppError("not-a-bundle");
  return session;
}

type Handlers = { [K in CallName]: (given: Calls[K]["in"], id: number) => Promise<Calls[K]["out"]> };

const handlers: Handlers = {
  async start(given) {
    setUpRuntime(given);
    threads = given.threads;
    store = await openStore();
    return { kind: store.kind, bundles: await installed(store) };
  },
  async install(origin, id) {
    const source = await openSource(origin);
    return install(source, store, (...progress) => tell({ id, progress }), breather(id));
  },
  async uninstall({ folder }) {
    if (session?.folder === folder) {
      await session.graphs.closeAll();
      session = null;
    }
    await store.remove(folder);
    return installed(store);
  },
  async open({ folder }) {
    await session?.graphs.closeAll();
    session = null;
    session = await Session.open(store, folder);
    return session.info();
  },
  async warm() {
    await opened().warm();
    return {};
  },
  speak,
  async enrol(given) {
    await opened().enrol(given);
    return opened().voiceInfos();
  },
  async removeVoice({ id }) {
    await opened().removeVoice(id);
    return opened().voiceInfos();
  },
  async selfTest(_, id) {
    const own = opened();
    const out = [];
    for (const fixture of await own.fixtures()) {
      out.push({ text: fixture.text, same: await same(own, fixture, id) });
    }
    return out;
  },
  async tokens(request, id) {
    const { pieces, voice, settings, speaker } = await opened().prepare(request, breather(id));
    const piece = pieces[0]!;
    const { codes } = await speaker.draw(piece, voice, settings);
    return { symbols: piece.phonemes.symbols, codes };
  },
};

async function speak(request: SpeakRequest, id: number): Promise<Spoken> {
  const begun = performance.now();
  const { pieces, voice, settings, speaker, skipped } =
    await opened().prepare(request, breather(id));
  let firstSound = 0;
  opened().graphs.takeTimings();
  const reports = [];
  for (const piece of pieces) {
    tell({ id, piece: { index: piece.index, count: pieces.length, text: piece.text } });
    reports.push(await speaker.speak(piece, voice, settings, (samples) => {
      firstSound ||= (performance.now() - begun) / 1000;
      const chunk = samples.slice();
      tell({ id, chunk }, [chunk.buffer]);
    }));
  }
  return {
    seconds: reports.reduce((sum, report) => sum + report.seconds, 0), firstSound, skipped, reports,
    elapsed: (performance.now() - begun) / 1000, timings: opened().graphs.takeTimings(), threads,
  };
}

/** Whether this device draws a fixture's tokens: the likeliest each time. */
async function same(own: Session, fixture: Fixture, id: number): Promise<boolean> {
  const { pieces, voice, settings, speaker } = await own.prepare({
    text: fixture.text, language: fixture.language, voice: own.voiceId(fixture.voice), other: null,
    share: 0, seed: 0, speed: 1, temperature: 0, check: false, skipUnknown: false,
  }, breather(id));
  const piece = pieces[0]!;
  const ids = piece.phonemes.ids.join() === fixture.phoneme_ids.join();
  const { codes } = await speaker.draw(piece, voice, { ...settings, topK: 1 });
  return ids && codes.join() === fixture.codes.join();
}

/** One call at a time: a graph cannot run twice at once. */
let turn: Promise<void> = Promise.resolve();

addEventListener("message", (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if ("cancel" in message) {
    cancelledCalls.add(message.cancel);
    return;
  }
  turn = turn.then(() => answer(message));
});

async function answer({ id, call, in: given }: Exclude<ToWorker, { cancel: number }>): Promise<void> {
  try {
    const handler = handlers[call] as (given: unknown, id: number) => Promise<unknown>;
    tell({ id, out: await handler(given, id) });
  } catch (error) {
    tell({ id, error: plainError(error) });
  } finally {
    cancelledCalls.delete(id);
  }
}
