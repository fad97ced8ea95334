// The reader of feature maps. Everything comes as classic scripts and images, so that it works from disk: pixels are drawn
// and never read, for a browser holds images from disk to be another site's.

const REST = 200; // milliseconds without a step after which the address, the strongest pictures and the voice follow
const SIDE_BY_SIDE = "side-by-side";

// All filters of a block, as many a row as fit. Only the rows in sight are drawn: a canvas of 2,048 tiles would be too
// large for a phone.
class Grid {
  constructor(id, choose) {
    Object.assign(this, { choose, columns: 1, cell: 1, order: [], position: 0 });
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.mark = make("span", { id, className: "mark", role: "option", "aria-selected": "true" });
    this.tall = make("div", { className: "tall", role: "presentation" }, this.canvas, this.mark);
    this.box = make("div", { className: "grid", tabIndex: 0, role: "listbox", "aria-activedescendant": id }, this.tall);
    this.title = make("p", { className: "name" });
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
    const wanted = this.order.length <= 64 ? 84 : this.order.length <= 256 ? 64 : 48; // pixels; large enough for a finger
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
      const x = Math.round((index % columns) * cell), y = Math.round(Math.floor((first + index) / columns) * cell - top);
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
    if (this.box.scrollTop > top || this.box.scrollTop < lowest) this.box.scrollTop = this.box.scrollTop > top ? top : lowest;
  }

  press(event) {
    const page = this.columns * Math.max(1, Math.floor(this.box.clientHeight / this.cell)), last = this.order.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns, PageUp: -page, PageDown: page,
      Home: -last, End: last };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.choose(Math.min(Math.max(this.position + steps[event.key], 0), last));
  }

  pick(event) {
    const box = this.tall.getBoundingClientRect(), column = Math.floor((event.clientX - box.left) / this.cell);
    const position = Math.floor((event.clientY - box.top) / this.cell) * this.columns + Math.min(column, this.columns - 1);
    if (position < this.order.length) this.choose(position);
  }
}

function drawTile(context, bitmap, block, filter, x, y, size) {
  const { side, columns } = block;
  context.drawImage(bitmap, (filter % columns) * side, Math.floor(filter / columns) * side, side, side, x, y, size, size);
}

// A picture or a map in a frame of the picture's proportions, with the boxes above it.
class Frame {
  constructor(...layers) {
    this.boxes = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of [["viewBox", "0 0 1 1"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]])
      this.boxes.setAttribute(name, value);
    this.caption = make("figcaption");
    this.element = make("figure", {}, make("div", { className: "frame" }, ...layers, this.boxes), this.caption);
  }

  setPicture({ width, height, boxes }) {
    this.element.firstChild.style.aspectRatio = `${width} / ${height}`;
    this.boxes.replaceChildren(...boxes.map(([x0, y0, x1, y1]) => {
      const rect = document.createElementNS(this.boxes.namespaceURI, "rect");
      Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 }).forEach((pair) => rect.setAttribute(...pair));
      return rect;
    }));
  }
}

// Radio buttons in a row, [{label, content}], of which exactly one is chosen.
function choice(name, title, options, chosen, onchange) {
  return make("fieldset", { className: title.toLowerCase() }, make("legend", {}, title), make("div", { className: "row" },
    ...options.map(({ label, content }, index) => make("label", { className: "option" }, make("input", { type: "radio", name,
      autocomplete: "off", checked: index === chosen, "aria-label": label, onchange: () => onchange(index) }), ...content))));
}

class Reader {
  constructor(root, number) {
    this.root = root;
    this.id = `artpose-maps-${number}`;
    this.index = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    Object.assign(this, { bitmaps: new Map(), ticket: 0, sort: "number", reversed: false, order: [] });
    this.view = this.first = { model: 0, block: this.index.models[0].blocks.length - 1, filter: 0, picture: 0, network: 0 };
    this.build();
    window.addEventListener("hashchange", () => this.follow(location.hash));
    document.addEventListener("click", (event) => this.click(event), true);
    if (this.follow(location.hash)) this.reveal();
  }

  get model() { return this.index.models[this.view.model]; }
  get block() { return this.model.blocks[this.view.block]; }
  get picture() { return this.index.pictures[this.view.picture]; }

  // The networks that are shown: one, or for side by side all.
  get networks() {
    const all = this.model.networks.map((_, index) => index);
    return this.view.network < all.length ? [this.view.network] : all;
  }

  build() {
    this.alert = make("p", { role: "alert", className: "alert", hidden: true });
    this.status = make("p", { role: "status", className: "unseen" });
    this.choices = make("div", { className: "choices" });
    this.heading = make("p", { className: "name", tabIndex: -1 });
    this.slider = make("input", { type: "range", min: 1, autocomplete: "off", "aria-label": "Filter", oninput: () => this.step(this.slider.value - 1) });
    this.back = make("button", { type: "button", ariaLabel: "Previous filter", onclick: () => this.step(this.position - 1) }, "‹");
    this.on = make("button", { type: "button", ariaLabel: "Next filter", onclick: () => this.step(this.position + 1) }, "›");
    this.sorting = make("select", { autocomplete: "off", onchange: () => this.sortBy(this.sorting.value) });
    this.reverse = make("button", { type: "button", title: "Reverse the order", ariaLabel: "Reversed order", onclick: () => this.sortBy(this.sort) }, "⇅");
    this.image = make("img");
    this.overlay = make("canvas", { "aria-hidden": "true" });
    this.seen = new Frame(this.image, this.overlay);
    this.figures = make("div", { className: "figures" });
    this.strength = make("input", { type: "range", min: 0, max: 100, value: 50, autocomplete: "off", oninput: () => this.lay() });
    this.percent = make("output");
    this.boxed = make("input", { type: "checkbox", checked: true, autocomplete: "off", onchange: () => this.lay() });
    this.boxing = make("label", {}, this.boxed, " Boxes around the figures");
    this.grid = new Grid(`${this.id}-current`, (position) => this.step(position));
    this.numbers = new Numbers();
    this.strongest = new Strongest(this.index);
    this.table = new Table(this);
    this.explained = make("div");
    this.root.append(this.alert, make("div", { className: "reader" }, this.choices,
      make("section", { className: "stage", "aria-label": "Filter" },
        make("div", { className: "row" }, this.heading, make("label", { className: "sort" }, "Sort by ", this.sorting), this.reverse),
        make("div", { className: "steps" }, this.back, this.slider, this.on), this.figures,
        make("div", { className: "row" }, make("label", { className: "strength" }, "Map over the picture ", this.strength, this.percent), this.boxing),
        this.numbers.element, this.explained),
      this.grid.element, this.strongest.element, this.table.element), this.status);
    this.lay();
  }

  // Addresses: #model/block/filter/picture, and a network where it is not the first; block and filter count from 1.

  linkTo(filter) {
    const { network, block } = this.view, networks = [...this.model.networks.map(({ key }) => key), SIDE_BY_SIDE];
    return `#${[this.model.key, block + 1, filter + 1, this.picture.key, ...(network ? [networks[network]] : [])].join("/")}`;
  }

  // The view that an address names; null where there is none.
  parse(hash) {
    const [model, block, filter, picture, network, ...more] = hash.slice(1).split("/");
    const place = (list, key) => list.findIndex((one) => one.key === key), models = this.index.models;
    const view = { model: place(models, model), block: block - 1, filter: filter - 1, picture: place(this.index.pictures, picture), network: 0 };
    const shown = models[view.model]?.blocks[view.block];
    if (!shown || view.picture < 0 || !(view.filter in Array(shown.count).fill(0)) || more.length) return null;
    if (network !== undefined) view.network = network === SIDE_BY_SIDE ? models[view.model].networks.length : place(models[view.model].networks, network);
    return view.network < 0 || (network === SIDE_BY_SIDE && view.network < 2) ? null : view;
  }

  // Shows what the address names. One without a "/" is another part of the page, and none the view of the beginning.
  follow(hash) {
    const view = hash.includes("/") ? this.parse(hash) : null;
    this.warn(view || !hash.includes("/") ? "" : `This page has no view “${hash}”. It goes on showing the last one.`);
    if (view) this.go(view); else if (!this.order.length || !hash) this.go(hash ? this.view : this.first);
    return Boolean(view);
  }

  // A link to a view brings the reader into sight, even where the address stays the same.
  click(event) {
    const link = event.target.closest?.("a[href^='#']"), view = link && this.parse(link.getAttribute("href"));
    if (!view || event.ctrlKey || event.metaKey || event.shiftKey) return;
    this.remember();
    this.go(view);
    this.reveal();
  }

  reveal() {
    this.heading.focus({ preventScroll: true });
    this.heading.scrollIntoView({ block: "start" });
  }

  // The address follows what is chosen. It is replaced, so that Back leads to the last link and not through every step.
  remember() {
    clearTimeout(this.resting);
    if (this.moved) history.replaceState(history.state, "", this.linkTo(this.view.filter));
    this.moved = false;
  }

  // What is loaded.

  choose(change) {
    this.moved = true;
    this.go({ ...this.view, ...change });
  }

  // A filter of null is the first of the order.
  async go(view) {
    this.view = { ...view };
    const ticket = ++this.ticket, key = `${this.model.key}/${view.block + 1}`, { address } = this.index;
    const sprites = this.networks.map((network) =>
      `${address}/${this.model.key}/${this.model.networks[network].key}/${this.picture.key}/${view.block + 1}.png`);
    this.root.setAttribute("aria-busy", "true");
    this.drawChoices();
    try {
      const loaded = await Promise.all([loadScript(`${address}/${key}.js`, key), ...sprites.map((path) => this.bitmaps.get(path) || loadBitmap(path))]);
      if (ticket !== this.ticket) return;
      this.data = loaded.shift();
      this.keep(sprites, loaded);
      this.drawBlock();
    } catch (error) {
      if (ticket === this.ticket) this.warn(`${error.message} could not be loaded: the maps' files are not where this page looks for them.`);
    } finally {
      if (ticket === this.ticket) this.root.removeAttribute("aria-busy");
    }
  }
}
