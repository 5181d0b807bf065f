// Elements in few words.

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

/** An element; `on...` are listeners, `class`, `for` and names with a dash are attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, props: Props = {}, ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on") && typeof value === "function") {
      element.addEventListener(key.slice(2).toLowerCase(), value as EventListener);
    } else if (key === "class" || key === "for" || key === "role" || key.includes("-")) {
      element.setAttribute(key, String(value));
    } else {
      Reflect.set(element, key, value);
    }
  }
  for (const child of children.flat()) if (child) element.append(child);
  return element;
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: (Child | Child[])[]): void {
  element.replaceChildren(...(children.flat().filter(Boolean) as (Node | string)[]));
}

/** A small drawing; `path` is on a grid of 24 by 24. */
export function icon(path: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  play: "M8 5v14l11-7z",
  stop: "M7 7h10v10H7z",
  speak: "M4 9v6h4l5 4V5L8 9H4zm12.5 3a4.5 4.5 0 0 0-2.5-4v8a4.5 4.5 0 0 0 2.5-4z",
  voices: "M12 12a4 4 0 1 0-4-4 4 4 0 0 0 4 4zm0 2c-3.3 0-8 1.7-8 5v1h16v-1c0-3.300-4.700-5-8-5z",
  bundle: "M4 7l8-4 8 4v10l-8 4-8-4V7zm8 4 6-3-6-3-6 3 6 3zm-6-1v6l5 2.500v-6L6 10zm12 0-5 2.500v6l5-2.500v-6z",
  share: "M12 3 7 8h3v7h4V8h3l-5-5zM5 14v6h14v-6h-2v4H7v-4H5z",
  mic: "M12 14a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3zm5-3a5 5 0 0 1-10 0H5a7 7 0 0 0 6 6.900V21h2v-3.100A7 7 0 0 0 19 11h-2z",
  remove: "M6 7h12l-1 13H7L6 7zm3-3h6l1 2H8l1-2z",
  again: "M12 5V2L7 6l5 4V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z",
};
