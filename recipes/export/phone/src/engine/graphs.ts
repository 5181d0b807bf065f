// The graphs of a bundle in onnxruntime-web: opened when first used, with errors that say why not.

import { AppError, isOutOfMemory } from "../errors";
import { graphOf, type GraphEntry, type Manifest } from "../core/manifest";
import { Runtime, type Feeds, type RuntimeOptions, type Session, type Value } from "./runtime";

export type { Feeds, Value };

export const floats = (data: Float32Array, ...dims: number[]): Value => ({ data, dims });
export const longs = (data: ArrayLike<number>, ...dims: number[]): Value => ({
  data: BigInt64Array.from(Array.from(data), (x) => BigInt(x)), dims,
});

export interface Timing {
  calls: number;
  ms: number;
}

/** What the engine needs of a runtime, so that tests can stand in for it. */
export interface Graphs {
  readonly manifest: Manifest;
  has(name: string): boolean;
  takes(name: string, input: string): boolean;
  run(name: string, feeds: Feeds): Promise<Map<string, Value>>;
  /** Zeros that a graph reads where they are, until they are given back by `leave`. */
  room(count: number): Float32Array;
  leave(made: Float32Array): void;
}

let options: RuntimeOptions | null = null;
let started: Promise<Runtime> | null = null;
let runtime: Runtime | null = null;

/** Must be called once before the first graph is opened. */
export function setUpRuntime(given: RuntimeOptions): void {
  options = given;
}

/** The runtime, loaded when the first graph is opened. */
function running(): Promise<Runtime> {
  if (!options) throw new AppError("unexpected", "the runtime is not set up");
  started ??= Runtime.start(options).then((made) => (runtime = made));
  started.catch(() => (started = null));
  return started;
}

export class OrtGraphs implements Graphs {
  private readonly open = new Map<string, Promise<Session>>();
  /** Calls of each graph and the milliseconds they took, since the last {@link takeTimings}. */
  private timings: Record<string, Timing> = {};

  constructor(
    readonly manifest: Manifest, private readonly read: (path: string) => Promise<Uint8Array>,
  ) {}

  has(name: string): boolean {
    return graphOf(this.manifest, name) !== undefined;
  }

  takes(name: string, input: string): boolean {
    return graphOf(this.manifest, name)?.inputs.some((x) => x.name === input) ?? false;
  }

  async run(name: string, feeds: Feeds): Promise<Map<string, Value>> {
    const session = await this.session(name);
    const begun = performance.now();
    try {
      const found = await session.run(feeds);
      const timing = (this.timings[name] ??= { calls: 0, ms: 0 });
      timing.calls++;
      timing.ms += performance.now() - begun;
      return found;
    } catch (error) {
      throw graphError(name, error);
    }
  }

  room(count: number): Float32Array {
    if (!runtime) throw new AppError("unexpected", "the runtime is not started");
    try {
      return runtime.room(count);
    } catch (error) {
      throw graphError("room", error);
    }
  }

  leave(made: Float32Array): void {
    runtime?.leave(made);
  }

  takeTimings(): Record<string, Timing> {
    const found = this.timings;
    this.timings = {};
    return found;
  }

  /** Opens a graph ahead of its first use. */
  async prepare(name: string): Promise<void> {
    await this.session(name);
  }

  /** Frees a graph's memory; it is opened again when needed. */
  async close(name: string): Promise<void> {
    const session = this.open.get(name);
    this.open.delete(name);
    if (session) (await session).release();
  }

  async closeAll(): Promise<void> {
    for (const name of [...this.open.keys()]) await this.close(name).catch(() => undefined);
  }

  private session(name: string): Promise<Session> {
    let session = this.open.get(name);
    if (!session) {
      session = this.load(name);
      this.open.set(name, session);
      session.catch(() => this.open.delete(name));
    }
    return session;
  }

  private async load(name: string): Promise<Session> {
    const entry = graphOf(this.manifest, name);
    if (!entry) throw new AppError("graph", name);
    const [graph, weights] = [await this.read(entry.file), await this.read(entry.weights)];
    try {
      const own = await running();
      const session = await own.open(graph, entry.weights.split("/").pop()!, weights);
      checkSignature(entry, session);
      return session;
    } catch (error) {
      throw error instanceof AppError ? error : graphError(name, error);
    }
  }
}

function checkSignature(entry: GraphEntry, session: Session): void {
  const same = (have: string[], want: { name: string }[]) =>
    have.length === want.length && have.every((name, i) => name === want[i]!.name);
  if (!same(session.inputs, entry.inputs) || !same(session.outputs, entry.outputs)) {
    throw new AppError("graph", `${entry.name}: ${session.inputs.join(", ")}`);
  }
}

function graphError(name: string, error: unknown): AppError {
  const text = error instanceof Error ? error.message : String(error);
  if (isOutOfMemory(error)) return new AppError("memory", name);
  const missing = /No Op registered|Could not find an implementation|not a registered function|opset/i;
  if (missing.test(text)) return new AppError("operator", `${name}: ${text.slice(0, 200)}`);
  return new AppError("graph", `${name}: ${text.slice(0, 200)}`);
}

/** An output as floats or whole numbers. */
export function floatsOf(found: Map<string, Value>, name: string): Float32Array {
  const value = found.get(name);
  if (!(value?.data instanceof Float32Array)) throw new AppError("graph", name);
  return value.data;
}

export function intsOf(found: Map<string, Value>, name: string): number[] {
  const value = found.get(name);
  if (!(value?.data instanceof BigInt64Array)) throw new AppError("graph", name);
  return Array.from(value.data, Number);
}
