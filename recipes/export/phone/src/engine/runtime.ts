// onnxruntime's WebAssembly, called directly. The package's own JavaScript copies every input of
// every call into the runtime's memory, and for a step of the language model that is the whole
// cache; here arrays made by `room` live in that memory and graphs read them where they are.
// The exports are those that lib/wasm/wasm-core-impl.ts of the pinned package calls.

const TYPES = { float32: 1, int64: 7 } as const;
const EVERY_OPTIMISATION = 99;
const ERRORS_ONLY = 3;
const ON_CPU = 1;
const POINTER = 4;

export type Data = Float32Array | BigInt64Array;
export type Value = { data: Data; dims: number[] };
export type Feeds = Record<string, Value>;

export interface RuntimeOptions {
  wasm: string;
  mjs: string;
  threads: number;
}

interface Module {
  HEAPU8: Uint8Array;
  numThreads?: number;
  _malloc(bytes: number): number;
  _free(place: number): void;
  stackSave(): number;
  stackRestore(stack: number): void;
  stackAlloc(bytes: number): number;
  getValue(place: number, type: string): number;
  setValue(place: number, value: number, type: string): void;
  UTF8ToString(place: number): string;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, place: number, bytes: number): void;
  mountExternalData(path: string, data: Uint8Array): void;
  unmountExternalData(): void;
  _OrtInit(threads: number, level: number): number;
  _OrtGetLastError(code: number, message: number): number;
  _OrtFree(place: number): number;
  _OrtCreateSessionOptions(
    optimisation: number, arena: boolean, pattern: boolean, mode: number, profiling: boolean,
    profile: number, id: number, severity: number, verbosity: number, optimised: number,
  ): number;
  _OrtReleaseSessionOptions(options: number): number;
  _OrtCreateSession(data: number, bytes: number, options: number): number | Promise<number>;
  _OrtReleaseSession(session: number): number;
  _OrtGetInputOutputCount(session: number, inputs: number, outputs: number): number;
  _OrtGetInputOutputMetadata(session: number, index: number, name: number, about: number): number;
  _OrtCreateTensor(
    type: number, data: number, bytes: number, dims: number, rank: number, where: number,
  ): number;
  _OrtGetTensorData(tensor: number, type: number, data: number, dims: number, rank: number): number;
  _OrtReleaseTensor(tensor: number): number;
  _OrtRun(
    session: number, inputNames: number, inputs: number, inputCount: number, outputNames: number,
    outputCount: number, outputs: number, options: number,
  ): number | Promise<number>;
}

type Factory = (config: object) => Promise<Module>;

/** The runtime's memory and its sessions; there is one of it in a worker. */
export class Runtime {
  /** Where arrays made by {@link room} lie. */
  private readonly rooms = new WeakMap<Data, number>();

  private constructor(readonly module: Module) {}

  static async start({ wasm, mjs, threads }: RuntimeOptions): Promise<Runtime> {
    const { default: factory } = await import(/* @vite-ignore */ mjs) as { default: Factory };
    const shared = typeof SharedArrayBuffer !== "undefined";
    const numThreads = shared ? threads : 1;
    const runtime = new Runtime(await factory({ numThreads, locateFile: () => wasm }));
    runtime.check(runtime.module._OrtInit(numThreads, ERRORS_ONLY));
    return runtime;
  }

  /** Throws what the runtime says went wrong. */
  check(status: number): void {
    if (status !== 0) throw this.lastError();
  }

  lastError(): Error {
    return this.onStack((at) => {
      const place = at(2 * POINTER);
      this.module._OrtGetLastError(place, place + POINTER);
      const message = this.pointer(place + POINTER);
      return new Error(message ? this.module.UTF8ToString(message) : "the runtime failed");
    });
  }

  /** Runs `work` with room on the runtime's stack, which is given back. */
  onStack<T>(work: (at: (bytes: number) => number) => T): T {
    const stack = this.module.stackSave();
    try {
      return work((bytes) => this.module.stackAlloc(bytes));
    } finally {
      this.module.stackRestore(stack);
    }
  }

  pointer(place: number): number {
    return this.module.getValue(place, "*") >>> 0;
  }

  /** All memory. It grows, and with it comes another array: never to be kept. */
  bytes(): Uint8Array {
    this.module.getValue(0, "i8"); // looks whether it has grown
    return this.module.HEAPU8;
  }

  allocate(bytes: number): number {
    const place = this.module._malloc(bytes) >>> 0;
    if (!place) throw new Error("failed to allocate memory of the runtime");
    return place;
  }

  text(text: string): number {
    const bytes = this.module.lengthBytesUTF8(text) + 1;
    const place = this.allocate(bytes);
    this.module.stringToUTF8(text, place, bytes);
    return place;
  }

  /**
   * Zeros that graphs read without a copy, until they are given back by {@link leave}. The memory
   * is shared between threads, also where there is only one, so that growing does not detach them.
   */
  room(count: number): Float32Array {
    const place = this.allocate(Math.max(1, count) * Float32Array.BYTES_PER_ELEMENT);
    const made = new Float32Array(this.bytes().buffer, place, count).fill(0);
    this.rooms.set(made, place);
    return made;
  }

  leave(made: Float32Array): void {
    const place = this.rooms.get(made);
    if (place === undefined) return;
    this.rooms.delete(made);
    this.module._free(place);
  }

  /** A tensor for a call, and the memory to free after it. */
  tensor({ data, dims }: Value): { tensor: number; copy: number } {
    const { module } = this;
    const kept = this.rooms.get(data);
    const copy = kept === undefined ? this.allocate(Math.max(1, data.byteLength)) : 0;
    if (copy) this.bytes().set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), copy);
    const tensor = this.onStack((at) => {
      const shape = at(POINTER * Math.max(1, dims.length));
      dims.forEach((size, i) => module.setValue(shape + POINTER * i, size, "i32"));
      const type = data instanceof Float32Array ? TYPES.float32 : TYPES.int64;
      return module._OrtCreateTensor(type, kept ?? copy, data.byteLength, shape, dims.length, ON_CPU);
    });
    if (tensor) return { tensor, copy };
    if (copy) module._free(copy);
    throw this.lastError();
  }

  /** A tensor's content, copied. */
  value(tensor: number): Value {
    const { module } = this;
    return this.onStack((at) => {
      const place = at(4 * POINTER);
      this.check(module._OrtGetTensorData(
        tensor, place, place + POINTER, place + 2 * POINTER, place + 3 * POINTER));
      const type = module.getValue(place, "i32");
      const [data, shape] = [this.pointer(place + POINTER), this.pointer(place + 2 * POINTER)];
      const rank = module.getValue(place + 3 * POINTER, "i32");
      const dims = Array.from({ length: rank }, (_, i) => module.getValue(shape + POINTER * i, "i32"));
      module._OrtFree(shape);
      const count = dims.reduce((a, b) => a * b, 1);
      const { buffer } = this.bytes();
      if (type === TYPES.float32) return { data: new Float32Array(buffer, data, count).slice(), dims };
      if (type === TYPES.int64) return { data: new BigInt64Array(buffer, data, count).slice(), dims };
      throw new Error(`a tensor of type ${type}`);
    });
  }

  /** Opens a graph whose weights lie in a file of the given name. */
  async open(graph: Uint8Array, weightsName: string, weights: Uint8Array): Promise<Session> {
    const { module } = this;
    const options = module._OrtCreateSessionOptions(
      EVERY_OPTIMISATION, true, true, 0, false, 0, 0, ERRORS_ONLY + 1, 0, 0);
    if (!options) throw this.lastError();
    const place = this.allocate(graph.byteLength);
    try {
      this.bytes().set(graph, place);
      module.mountExternalData(weightsName, weights);
      const handle = await module._OrtCreateSession(place, graph.byteLength, options);
      if (!handle) throw this.lastError();
      return new Session(this, handle);
    } finally {
      module.unmountExternalData();
      module._free(place);
      module._OrtReleaseSessionOptions(options);
    }
  }
}

/** An opened graph. */
export class Session {
  readonly inputs: string[] = [];
  readonly outputs: string[] = [];
  private readonly names = new Map<string, number>();

  constructor(private readonly runtime: Runtime, private readonly handle: number) {
    const { module } = runtime;
    const [ins, outs] = runtime.onStack((at) => {
      const place = at(2 * POINTER);
      runtime.check(module._OrtGetInputOutputCount(handle, place, place + POINTER));
      return [module.getValue(place, "i32"), module.getValue(place + POINTER, "i32")] as const;
    });
    for (let i = 0; i < ins + outs; i++) {
      const name = this.name(i);
      (i < ins ? this.inputs : this.outputs).push(module.UTF8ToString(name));
      this.names.set(module.UTF8ToString(name), name);
    }
  }

  private name(index: number): number {
    const { runtime } = this;
    return runtime.onStack((at) => {
      const place = at(2 * POINTER);
      runtime.check(runtime.module._OrtGetInputOutputMetadata(this.handle, index, place, place + POINTER));
      runtime.module._OrtFree(runtime.pointer(place + POINTER));
      return runtime.pointer(place);
    });
  }

  /** Runs the graph; what it gives is copied out of the runtime's memory. */
  async run(feeds: Feeds): Promise<Map<string, Value>> {
    const { module } = this.runtime;
    const made: { tensor: number; copy: number }[] = [];
    const found: number[] = [];
    const stack = module.stackSave();
    try {
      const pointers = (values: number[]) => {
        const place = module.stackAlloc(POINTER * values.length);
        values.forEach((value, i) => module.setValue(place + POINTER * i, value, "*"));
        return place;
      };
      for (const name of this.inputs) {
        const value = feeds[name];
        if (!value) throw new Error(`input ${name} is missing`);
        made.push(this.runtime.tensor(value));
      }
      const outputs = pointers(this.outputs.map(() => 0));
      const status = await module._OrtRun(
        this.handle, pointers(this.inputs.map((name) => this.names.get(name)!)),
        pointers(made.map(({ tensor }) => tensor)), this.inputs.length,
        pointers(this.outputs.map((name) => this.names.get(name)!)), this.outputs.length, outputs, 0);
      this.runtime.check(status);
      this.outputs.forEach((_, i) => found.push(this.runtime.pointer(outputs + POINTER * i)));
      return new Map(this.outputs.map((name, i) => [name, this.runtime.value(found[i]!)]));
    } finally {
      for (const tensor of found) module._OrtReleaseTensor(tensor);
      for (const { tensor, copy } of made) {
        module._OrtReleaseTensor(tensor);
        if (copy) module._free(copy);
      }
      module.stackRestore(stack);
    }
  }

  release(): void {
    for (const name of this.names.values()) this.runtime.module._OrtFree(name);
    this.runtime.check(this.runtime.module._OrtReleaseSession(this.handle));
  }
}
