// The graphs of a bundle in onnxruntime-web: opened when first used, with errors that say why not.

import * as ort from "onnxruntime-web/wasm";
import { AppError, isOutOfMemory } from "../errors";
import { graphOf, type GraphEntry, type Manifest } from "../core/manifest";

export type Value = { data: Float32Array | BigInt64Array; dims: number[] };
export type Feeds = Record<string, Value>;

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
}

export interface RuntimeOptions {
  wasm: string;
  mjs: string;
  threads: number;
}

/** Must be called once before the first graph is opened. */
export function setUpRuntime(options: RuntimeOptions): void {
  ort.env.wasm.wasmPaths = { wasm: options.wasm, mjs: options.mjs };
  ort.env.wasm.numThreads = options.threads;
  ort.env.logLevel = "error";
}

export class OrtGraphs implements Graphs {
  private readonly open = new Map<string, Promise<ort.InferenceSession>>();
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
    const inputs: Record<string, ort.Tensor> = {};
    for (const [key, { data, dims }] of Object.entries(feeds)) {
      inputs[key] = data instanceof Float32Array ? new ort.Tensor("float32", data, dims)
        : new ort.Tensor("int64", data, dims);
    }
    const begun = performance.now();
    try {
      const found = await session.run(inputs);
      const timing = (this.timings[name] ??= { calls: 0, ms: 0 });
      timing.calls++;
      timing.ms += performance.now() - begun;
      return new Map(Object.entries(found).map(([key, tensor]) => [
        key, { data: tensor.data as Float32Array | BigInt64Array, dims: [...tensor.dims] }]));
    } catch (error) {
      throw graphError(name, error);
    }
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
    if (session) await (await session).release();
  }

  async closeAll(): Promise<void> {
    for (const name of [...this.open.keys()]) await this.close(name).catch(() => undefined);
  }

  private session(name: string): Promise<ort.InferenceSession> {
    let session = this.open.get(name);
    if (!session) {
      session = this.load(name);
      this.open.set(name, session);
      session.catch(() => this.open.delete(name));
    }
    return session;
  }

  private async load(name: string): Promise<ort.InferenceSession> {
    const entry = graphOf(this.manifest, name);
    if (!entry) throw new AppError("graph", name);
    const [graph, weights] = [await this.read(entry.file), await this.read(entry.weights)];
    let session: ort.InferenceSession;
    try {
      session = await ort.InferenceSession.create(graph, {
        executionProviders: ["wasm"], logSeverityLevel: 4,
        externalData: [{ path: entry.weights.split("/").pop()!, data: weights }],
      });
    } catch (error) {
      throw graphError(name, error);
    }
    checkSignature(entry, session);
    return session;
  }
}

function checkSignature(entry: GraphEntry, session: ort.InferenceSession): void {
  const same = (have: readonly string[], want: { name: string }[]) =>
    have.length === want.length && have.every((name, i) => name === want[i]!.name);
  if (!same(session.inputNames, entry.inputs) || !same(session.outputNames, entry.outputs)) {
    throw new AppError("graph", `${entry.name}: ${session.inputNames.join(", ")}`);
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
