// What the reader of feature maps is built of: the grid of a block's filters, frames for pictures and maps, and what
// brings scripts and sprites from disk. Pixels are drawn and never read: a browser takes images from disk for another
// site's.

// All filters of a block, as many a row as fit. Only the rows in sight are drawn: a canvas of 2,048 tiles would be too
// large for a phone.
class Grid {
  constructor(id, choose) {
    Object.assign(this, { choose, columns: 1, cell: 1, order: [], position: 0 });
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.mark = make("span", { id, className: "maps-mark", role: "option", "aria-selected": "true" });
    this.tall = make("div", { className: "maps-tall", role: "presentation" }, this.canvas, this.mark);
    this.box = make("div", { className: "maps-grid", tabIndex: 0, role: "listbox", "aria-activedescendant": id }, this.tall);
    this.title = make("p", { className: "maps-name" });
    this.element = make("section", { "aria-label": "All filters of the block" }, this.title, this.box);
    this.box.addEventListener("scroll", () => this.redraw());
    this.box.addEventListener("keydown", (event) => this.press(event));
    this.tall.addEventListener("click", (event) => this.pick(event));
    new ResizeObserver(() => this.layOut()).observe(this.box);
  }

  show(block, bitmap, order, title) {
    Object.assign(this, { block, bitmap, order });
    this.title.textContent = title;
    this.box.setAttribute("aria-label", title);
    this.mark.setAttribute("aria-setsize", order.length);
    this.layOut();
  }

  layOut() {
    if (!this.bitmap || !this.box.clientWidth) return;
    const wanted = this.order.length <= 64 ? 84 : this.order.length <= 256 ? 64 : 48; // pixels: a finger hits them
    this.columns = Math.max(1, Math.floor(this.box.clientWidth / wanted));
    this.cell = this.box.clientWidth / this.columns;
    this.tall.style.height = `${Math.ceil(this.order.length / this.columns) * this.cell}px`;
    this.draw();
    this.select(this.position);
  }

  redraw() {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const scale = window.devicePixelRatio || 1, { bitmap, block, columns } = this, height = this.box.clientHeight;
    const cell = this.cell * scale, top = this.box.scrollTop * scale, context = this.canvas.getContext("2d");
    this.canvas.width = Math.round(this.box.clientWidth * scale);
    this.canvas.height = Math.round(Math.min(height, this.tall.offsetHeight) * scale);
    this.canvas.style.height = `${this.canvas.height / scale}px`;
    context.imageSmoothingEnabled = cell < block.side;
    context.imageSmoothingQuality = "high";
    const first = Math.floor(top / cell) * columns, last = Math.ceil((top + height * scale) / cell) * columns;
    this.order.slice(first, last).forEach((filter, index) => {
      const x = Math.round((index % columns) * cell);
      const y = Math.round(Math.floor((first + index) / columns) * cell - top);
      drawTile(context, bitmap, block, filter, x, y, Math.floor(cell) - Math.ceil(scale));
    });
  }

  // Marks a place in the order, and scrolls the grid (never the page) until it is in sight.
  select(position) {
    this.position = position;
    const row = Math.floor(position / this.columns), top = row * this.cell;
    Object.assign(this.mark.style, { left: `${(position % this.columns) * this.cell}px`, top: `${top}px`,
      width: `${this.cell}px`, height: `${this.cell}px` });
    this.mark.setAttribute("aria-posinset", position + 1);
    this.mark.setAttribute("aria-label", `filter ${this.order[position] + 1}`);
    const lowest = top + this.cell - this.box.clientHeight;
    if (this.box.scrollTop > top) this.box.scrollTop = top;
    if (this.box.scrollTop < lowest) this.box.scrollTop = lowest;
  }

  press(event) {
    const page = this.columns * Math.max(1, Math.floor(this.box.clientHeight / this.cell));
    const last = this.order.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
      PageUp: -page, PageDown: page, Home: -last, End: last };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.choose(Math.min(Math.max(this.position + steps[event.key], 0), last));
  }

  pick(event) {
    const box = this.tall.getBoundingClientRect(), row = Math.floor((event.clientY - box.top) / this.cell);
    const column = Math.min(Math.floor((event.clientX - box.left) / this.cell), this.columns - 1);
    const position = row * this.columns + column;
    if (position < this.order.length) this.choose(position);
  }
}

function drawTile(context, bitmap, block, filter, x, y, size) {
  const { side, columns } = block, left = (filter % columns) * side, top = Math.floor(filter / columns) * side;
  context.drawImage(bitmap, left, top, side, side, x, y, size, size);
}

// A picture or a map in a frame of the picture's proportions, with the boxes above it.
class Frame {
  constructor(...layers) {
    this.layer = layers.at(-1);
    this.boxes = makeSvg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.caption = make("figcaption");
    this.element = make("figure", {}, make("div", { className: "maps-frame" }, ...layers, this.boxes), this.caption);
  }

  setPicture({ width, height, boxes }) {
    this.element.style.setProperty("--aspect", width / height);
    this.boxes.replaceChildren(...boxes.map(([x0, y0, x1, y1]) =>
      makeSvg("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0 })));
  }
}

// Turns a map's greys into one colour, more or less opaque. Turquoise is rare in paintings, and not the boxes' colour.
function colouring(id) {
  const matrix = makeSvg("feColorMatrix", { values: "0 0 0 0 0.1  0 0 0 0 0.95  0 0 0 0 0.95  1 0 0 0 0" });
  return makeSvg("svg", { class: "maps-unseen", "aria-hidden": "true" },
    makeSvg("filter", { id, "color-interpolation-filters": "sRGB" }, matrix));
}

// Radio buttons in a row, [{label, content}]; nothing to see where there is no choice.
function choice(id, title, options, onchange) {
  const radio = (label, index) => make("input", { type: "radio", name: `${id}-${title}`, autocomplete: "off",
    "aria-label": label, onchange: () => onchange(index) });
  return make("fieldset", { className: `maps-${title.toLowerCase()}`, hidden: options.length < 2 }, make("legend", {}, title),
    make("div", { className: "maps-row" }, ...options.map(({ label, content }, index) =>
      make("label", { className: "maps-option" }, radio(label, index), ...content))));
}

// What such a button shows: a title, a block's number and size, a picture.

const titled = ({ title }) => ({ label: title, content: [title] });

const numbered = ({ layer, side, count }, index) => ({
  label: `Block ${index + 1}, ${layer}: ${count} filters of ${side} by ${side}`,
  content: [make("b", {}, String(index + 1)), make("small", {}, String(count), make("span", {}, " filters")),
    make("small", {}, `${side} px`)],
});

function thumbnail({ address }, { key, label }) {
  return [make("img", { alt: "", src: `${address}/small/${key}.jpg` }), ...(label ? [make("small", {}, label)] : [])];
}

const named = ({ label, caption }) => (label ? `${label}: ${caption}` : caption);

// What a script on disk gave under its key of `window.artposeMaps`.
function loadScript(address, key) {
  const given = () => (window.artposeMaps || {})[key], path = `${address}/${key}.js`;
  if (given() !== undefined) return Promise.resolve(given());
  return new Promise((resolve, reject) => {
    const script = make("script", { src: path });
    script.onload = () => (given() !== undefined ? resolve(given()) : reject(new Error(path)));
    script.onerror = () => reject(new Error(path));
    document.head.append(script);
    script.remove();
  });
}

// A sprite, decoded once for all steps; whoever has it closes it, which frees its memory at once.
async function loadBitmap(path) {
  const image = make("img", { src: path });
  await image.decode().catch(() => { throw new Error(path); });
  return createImageBitmap(image);
}
