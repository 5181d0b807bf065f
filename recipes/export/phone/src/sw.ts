/// <reference lib="webworker" />
// Keeps the app's own files for use without the net, and adds the headers that allow threads
// (cross-origin isolation) where the host cannot. Bundles are not its business.

declare const __PRECACHE__: string[];
declare const __PRECACHE_VERSION__: string;

const worker = self as unknown as ServiceWorkerGlobalScope;
const NAME = `voice-${__PRECACHE_VERSION__}`;

worker.addEventListener("install", (event) => {
  const urls = __PRECACHE__.map((path) => new URL(path, worker.registration.scope).href);
  event.waitUntil(caches.open(NAME)
    .then((cache) => cache.addAll(urls.map((url) => new Request(url, { cache: "reload" }))))
    .then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names
      .filter((name) => name.startsWith("voice-") && name !== NAME).map((name) => caches.delete(name))))
    .then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const own = request.url.startsWith(worker.registration.scope);
  if (request.method !== "GET" || !own) return;
  event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const page = request.mode === "navigate" ? worker.registration.scope : request;
  const kept = await cache.match(page, { ignoreSearch: request.mode === "navigate" });
  return isolated(kept ?? await fetch(request));
}

function isolated(response: Response): Response {
  if (response.type === "opaque" || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
