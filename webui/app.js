// The page's own script: playing speech while it is made, light and dark, drafts across reloads.
// Nothing here talks to the network.
"use strict";

window.voicePlayer = (() => {
  let context = null;
  let nextTime = 0;
  let lastIndex = -1;
  let sources = [];
  let wanted = false;

  const stop = () => {
    wanted = false;
    for (const source of sources) {
      try { source.stop(); } catch { /* it had ended */ }
    }
    sources = [];
  };

  // Called from a click, which is what browsers ask for before sound may start.
  const start = (listen) => {
    stop();
    lastIndex = -1;
    nextTime = 0;
    wanted = Boolean(listen);
    if (!wanted) return;
    context = context || new AudioContext();
    if (context.state === "suspended") context.resume();
  };

  const play = (chunk) => {
    const bytes = Uint8Array.from(atob(chunk.pcm), (letter) => letter.charCodeAt(0));
    const ints = new Int16Array(bytes.buffer);
    if (!ints.length) return;
    const buffer = context.createBuffer(1, ints.length, chunk.sample_rate);
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < ints.length; i += 1) channel[i] = ints[i] / 32768;
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    nextTime = Math.max(nextTime, context.currentTime + 0.05);
    source.start(nextTime);
    nextTime += buffer.duration;
    sources.push(source);
    source.onended = () => { sources = sources.filter((other) => other !== source); };
  };

  // A window of the newest chunks, oldest first; those already heard are skipped.
  const push = (text) => {
    if (!text) return;
    const window_ = JSON.parse(text);
    for (const chunk of window_) {
      if (chunk.index <= lastIndex) continue;
      lastIndex = chunk.index;
      if (wanted && context) play(chunk);
    }
  };

  return { start, push, stop, state: () => ({ lastIndex, playing: sources.length, wanted }) };
})();

(() => {
  const THEME = "voice_theme";
  const DRAFT = "voice_draft";
  const FIELDS = ["speak-text", "speak-transcript"];

  const dark = (on) => document.body.classList.toggle("dark", on);
  const field = (id) => document.querySelector(`#${id} textarea, #${id} input`);

  // A button in a table tells the page which row is meant; the time makes each click a new value.
  const send = (id, value) => {
    const box = field(id);
    if (!box) return;
    box.value = JSON.stringify({ value, at: Date.now() });
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // One player for all rows: a second click on the same row stops it.
  const rowPlayer = new Audio();
  const playFile = (address) => {
    const whole = new URL(address, document.baseURI).href;
    const same = rowPlayer.src === whole && !rowPlayer.paused;
    rowPlayer.pause();
    if (same) return;
    rowPlayer.src = whole;
    rowPlayer.play().catch(() => {});
  };
  window.voiceRows = { state: () => ({ src: rowPlayer.src, paused: rowPlayer.paused }) };

  const saveDraft = () => {
    const draft = {};
    for (const id of FIELDS) {
      const box = field(id);
      if (box && box.value) draft[id] = box.value;
    }
    sessionStorage.setItem(DRAFT, JSON.stringify(draft));
  };

  const restoreDraft = () => {
    const draft = JSON.parse(sessionStorage.getItem(DRAFT) || "{}");
    sessionStorage.removeItem(DRAFT);
    for (const [id, value] of Object.entries(draft)) {
      const box = field(id);
      if (!box || box.value) continue;
      box.value = value;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };

  // The selected word is asked about; its pronunciation, in braces, takes its place.
  let selected = null;
  window.voiceText = {
    ask: (id) => {
      const box = field("speak-text");
      const [start, stop] = [box.selectionStart, box.selectionEnd];
      const word = box.value.slice(start, stop);
      const before = word.length - word.trimStart().length;
      selected = [start + before, start + before + word.trim().length, word.trim()];
      send(id, word.trim());
    },
    replace: (marked) => {
      const box = field("speak-text");
      if (!marked || !selected) return;
      const [start, stop, word] = selected;
      selected = null;
      const place = box.value.slice(start, stop) === word ? start : box.value.indexOf(word);
      if (place < 0) return;
      box.setRangeText(marked, place, place + word.length, "end");
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.focus();
    },
  };

  // The map of voices: a tap or a drag puts the mark somewhere, arrow keys move it, Enter mixes.
  const markOf = (map) => map.querySelector("[data-mark]");
  const place = (map, x, y) => {
    const scale = Number(map.dataset.scale);
    const mark = markOf(map);
    const within = (value) => Math.min(1, Math.max(-1, value));
    mark.dataset.x = within(x).toFixed(4);
    mark.dataset.y = within(y).toFixed(4);
    mark.style.left = `${50 + scale * mark.dataset.x}%`;
    mark.style.top = `${50 - scale * mark.dataset.y}%`;
    mark.classList.remove("unset");
  };
  const placed = (map) => {
    const mark = markOf(map);
    const scale = Number(map.dataset.scale);
    if (mark.dataset.x === undefined) {
      place(map, (parseFloat(mark.style.left) - 50) / scale, (50 - parseFloat(mark.style.top)) / scale);
    }
    return [Number(mark.dataset.x), Number(mark.dataset.y)];
  };
  const mix = (map) => {
    window.voicePlayer.start(true);
    send(map.dataset.map, placed(map).join(","));
  };
  const pointTo = (map, event) => {
    const box = map.getBoundingClientRect();
    const scale = Number(map.dataset.scale);
    place(map, ((event.clientX - box.left) / box.width * 100 - 50) / scale,
      (50 - (event.clientY - box.top) / box.height * 100) / scale);
  };
  let dragged = null;
  document.addEventListener("pointerdown", (event) => {
    const map = event.target.closest("[data-map]");
    if (!map || event.button !== 0 || event.target.closest("[data-send]")) return;
    dragged = map;
    pointTo(map, event);
    event.preventDefault();
    markOf(map).focus({ preventScroll: true });
  });
  document.addEventListener("pointermove", (event) => { if (dragged) pointTo(dragged, event); });
  document.addEventListener("pointercancel", () => { dragged = null; });
  document.addEventListener("pointerup", (event) => {
    if (!dragged) return;
    const map = dragged;
    dragged = null;
    pointTo(map, event);
    mix(map);
  });
  document.addEventListener("keydown", (event) => {
    const mark = event.target.closest && event.target.closest("[data-mark]");
    if (!mark) return;
    const map = mark.closest("[data-map]");
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (step) {
      const [x, y] = placed(map);
      place(map, x + 0.05 * step[0], y + 0.05 * step[1]);
    } else if (event.key === "Enter" || event.key === " ") {
      mix(map);
    } else {
      return;
    }
    event.preventDefault();
  });

  const ready = () => {
    const choice = localStorage.getItem(THEME);
    if (choice) dark(choice === "dark");
    restoreDraft();
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-language]");
    if (link) saveDraft();
    const sender = event.target.closest("button[data-send]");
    if (sender) {
      if (sender.dataset.listen !== undefined) window.voicePlayer.start(true);
      const map = sender.closest("[data-map]");
      if (map) place(map, ...sender.dataset.value.split(",").map(Number));
      send(sender.dataset.send, sender.dataset.value);
    }
    const player = event.target.closest("button[data-play]");
    if (player) playFile(player.dataset.play);
    if (event.target.closest("button[data-theme-switch]")) {
      const on = !document.body.classList.contains("dark");
      localStorage.setItem(THEME, on ? "dark" : "light");
      dark(on);
    }
  });

  // What cannot be undone is asked about before the click counts.
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".voice-ask")) return;
    const question = document.getElementById("voice-question");
    if (!question || window.confirm(question.textContent.trim())) return;
    event.stopImmediatePropagation();
    event.preventDefault();
  }, true);

  window.addEventListener("pagehide", saveDraft);

  const watch = new MutationObserver(() => {
    if (!field("speak-text")) return;
    watch.disconnect();
    ready();
  });
  document.addEventListener("DOMContentLoaded", () => {
    watch.observe(document.body, { childList: true, subtree: true });
  });
})();
