// Thousands of photos in rows, of which only those near the window exist as elements. How high a row is follows from the proportions of
// its photos, so nothing has to be drawn to know where everything is.
import { element } from './element.js';

// Beyond the window on either side, in pixels.
const MARGIN = 600;

// So long, in milliseconds, elements are made in one go: longer would be felt as a jerk. The rest follows with the next frame.
const MOST_MS = 8;

// Narrower than this, in rem, three squares stand in a row; otherwise rows of one height, in which no photo is cropped.
const PHONE = 34;
const COLUMNS = 3;

// Of a photo that is not cropped: a tower would be too narrow, in rem, for what is written under it, and a panorama too low.
const NARROWEST = 13;
const WIDEST = 3.5;

// Heights in rem, as results.css has them.
const JUDGE_LINE = 2.75;
const TEXT_LINE = 1.4;
const BAND_LINE = 1.6;

// label: what the list is, for listeners. rowHeight: of a photo in rem, as long as three squares do not have to do.
// frameOf(item): {node, opener, place(cell), update(item), leave()}. textLines(item): lines of text under its photo.
export function photoGrid({ label, rowHeight, frameOf, textLines }) {
  const node = element('ul', { class: 'frames', 'aria-label': label });
  const frames = new Map();
  // Frame → the cell that it stands in.
  const placed = new WeakMap();
  let items = [];
  let places = new Map();
  let cells = [];
  let width = 0;
  let full = 0;
  let scheduled = 0;
  let isPrinting = false;

  function layout() {
    width = node.clientWidth;
    cells = [];
    // Not in the page, or in a part of it that is hidden.
    if (width === 0) return;
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const isPhone = width < PHONE * rem;
    const lines = items.reduce((most, item) => Math.max(most, textLines(item)), 1);
    const gap = (isPhone ? 0.4 : 0.9) * rem;
    const caption = (JUDGE_LINE + (isPhone ? BAND_LINE + TEXT_LINE : lines * TEXT_LINE)) * rem;
    node.classList.toggle('squares', isPhone);
    const top = isPhone ? squares(gap, caption) : rows(gap, caption, rowHeight * rem, rem);
    node.style.height = `${Math.max(0, top - gap)}px`;
    full = caption;
  }

  function squares(gap, caption) {
    const side = (width - gap * (COLUMNS - 1)) / COLUMNS;
    for (let at = 0; at < items.length; at++) {
      cells.push({ left: (at % COLUMNS) * (side + gap), top: Math.floor(at / COLUMNS) * (side + caption + gap), width: side, height: side });
    }
    return Math.ceil(items.length / COLUMNS) * (side + caption + gap);
  }

  function rows(gap, caption, target, rem) {
    const narrowest = (NARROWEST * rem) / target;
    const ratioOf = item => Math.min(Math.max(item.ratio, narrowest), WIDEST);
    let top = 0;
    let first = 0;
    let ratios = 0;
    for (let at = 0; at < items.length; at++) {
      ratios += ratioOf(items[at]);
      const gaps = gap * (at - first);
      const isFull = ratios * target + gaps >= width;
      if (!isFull && at < items.length - 1) continue;
      const height = isFull ? (width - gaps) / ratios : target;
      let left = 0;
      for (let one = first; one <= at; one++) {
        const across = ratioOf(items[one]) * height;
        cells.push({ left, top, width: across, height });
        left += across + gap;
      }
      top += height + caption + gap;
      first = at + 1;
      ratios = 0;
    }
    return top;
  }

  // The first photo that ends below a height; photos that stand in one row end at one height.
  function firstBelow(height) {
    let low = 0;
    let high = cells.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cells[middle].top + cells[middle].height + full > height) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  const focused = () => places.get(node.contains(document.activeElement) ? document.activeElement.closest('.frame')?.dataset.photo : undefined);

  function render() {
    scheduled = 0;
    const { top } = node.getBoundingClientRect();
    const [from, to] = isPrinting ? [-Infinity, Infinity] : [-top - MARGIN, innerHeight - top + MARGIN];
    const wanted = [];
    for (let at = firstBelow(from); at < cells.length && cells[at].top <= to; at++) wanted.push(at);
    // Keyboard users do not lose their place by scrolling away.
    const kept = focused();
    if (kept !== undefined && !wanted.includes(kept)) wanted.push(kept);

    const keys = new Set(wanted.map(at => items[at].key));
    for (const [key, frame] of frames) {
      if (keys.has(key)) continue;
      frame.node.remove();
      frame.leave();
      frames.delete(key);
    }

    // What is in the window comes first.
    const inWindow = at => cells[at].top + cells[at].height >= -top && cells[at].top <= innerHeight - top;
    const until = isPrinting ? Infinity : performance.now() + MOST_MS;
    for (const at of [...wanted.filter(inWindow), ...wanted.filter(one => !inWindow(one))]) {
      if (frames.has(items[at].key)) continue;
      frames.set(items[at].key, frameOf(items[at]));
      if (performance.now() > until) {
        schedule();
        break;
      }
    }

    const active = document.activeElement;
    let next = node.firstChild;
    for (const at of wanted.sort((one, other) => one - other)) {
      const frame = frames.get(items[at].key);
      if (!frame) continue;
      if (placed.get(frame) !== cells[at]) {
        placed.set(frame, cells[at]);
        frame.place(cells[at]);
        frame.node.setAttribute('aria-setsize', items.length);
        frame.node.setAttribute('aria-posinset', at + 1);
      }
      if (frame.node === next) next = next.nextSibling;
      else node.insertBefore(frame.node, next);
    }
    // An element that changes its place loses the focus.
    if (active !== document.activeElement && node.contains(active)) active.focus({ preventScroll: true });
  }

  function schedule() {
    scheduled ||= requestAnimationFrame(render);
  }

  const resized = new ResizeObserver(() => {
    if (node.clientWidth === width) return;
    layout();
    render();
  });
  resized.observe(node);
  addEventListener('scroll', schedule, { passive: true });
  addEventListener('resize', schedule);

  const topOf = at => node.getBoundingClientRect().top + cells[at].top;

  return {
    node,
    // items: {key, ratio, …} in order. What was shown before keeps its element. render() follows once the page has scrolled to where it
    // should be: before that, photos that are about to come back would be dropped.
    show(next) {
      items = next;
      places = new Map(items.map((item, at) => [item.key, at]));
      for (const item of items) frames.get(item.key)?.update(item);
      layout();
      schedule();
    },
    render,
    // The photos of the window, each with the height at which it stands there.
    inWindow() {
      const { top } = node.getBoundingClientRect();
      const found = [];
      for (let at = firstBelow(-top); at < cells.length && topOf(at) < innerHeight; at++) found.push([items[at].key, topOf(at)]);
      return found;
    },
    all: () => frames.values(),
    heightOf: key => (places.has(key) && cells.length > 0 ? topOf(places.get(key)) : undefined),
    // Scrolls a photo into the window; undefined: it is not here.
    reveal(key) {
      const at = places.get(key);
      if (at === undefined) return undefined;
      const top = topOf(at);
      if (top < 0 || top + cells[at].height > innerHeight) scrollBy({ top: top - (innerHeight - cells[at].height) / 2, behavior: 'instant' });
      if (!frames.has(key)) render();
      return frames.get(key);
    },
    // All of it on paper, where nothing scrolls.
    print(isOn) {
      isPrinting = isOn;
      render();
    },
    leave() {
      resized.disconnect();
      removeEventListener('scroll', schedule);
      removeEventListener('resize', schedule);
      cancelAnimationFrame(scheduled);
    },
  };
}
