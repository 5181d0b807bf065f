/// <reference types="vite/client" />

declare module "virtual:runtime-wasm" {
  const url: string;
  export default url;
}

declare module "virtual:runtime-mjs" {
  const url: string;
  export default url;
}

declare const __APP_VERSION__: string;
