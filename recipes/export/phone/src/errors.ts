// Errors that a person can act on: a code, which the page has a sentence for in each language.

export type ErrorCode =
  | "nothing-to-say" | "unknown-text" | "bad-inline" | "language" | "too-long"
  | "not-a-bundle" | "wrong-version" | "manifest-changed" | "file-missing" | "file-size"
  | "file-changed" | "storage-full" | "storage" | "network" | "bad-zip"
  | "operator" | "graph" | "memory" | "voice" | "no-enrol" | "recording" | "consent"
  | "microphone" | "browser" | "cancelled" | "blend" | "unexpected";

export class AppError extends Error {
  constructor(readonly code: ErrorCode, readonly detail = "") {
    super(detail ? `${code}: ${detail}` : code);
    this.name = "AppError";
  }
}

export interface PlainError {
  code: ErrorCode;
  detail: string;
}

/** Any thrown value as what crosses from the worker to the page. */
export function plainError(error: unknown): PlainError {
  if (error instanceof AppError) return { code: error.code, detail: error.detail };
  const text = error instanceof Error ? error.message : String(error);
  if (isOutOfMemory(error)) return { code: "memory", detail: text.slice(0, 200) };
  return { code: "unexpected", detail: text.slice(0, 300) };
}

/** Whether the browser or the runtime said that there is no memory left. */
export function isOutOfMemory(error: unknown): boolean {
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  return /out of memory|memory access out of bounds|bad_alloc|allocation failed|RangeError.*(array buffer|length)|failed to (grow|allocate)|memory\.grow/i
    .test(text);
}

/** Whether storing failed because the device or the browser's share of it is full. */
export function isStorageFull(error: unknown): boolean {
  const name = error instanceof Error ? error.name : "";
  return name === "QuotaExceededError" || /quota|no space|disk (is )?full/i.test(String(error));
}
