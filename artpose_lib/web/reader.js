// The reader of feature maps: what is chosen, what is loaded for it, and what then stands in the page. Pixels are drawn
// and never read: a browser takes images from disk for another site's. It is made with dom.js and readernumbers.js.

const REST = 200; // milliseconds without a step after which the address, the strongest pictures and the voice follow
const SIDE_BY_SIDE = "side-by-side";

// All filters of a block as tiles, as many a row as fit.
class Grid {
  constructor(id, choose) {
    Object.assign(this, { id, choose, tiles: [] });
    this.title = make("p", { className: "maps-name" });
    this.box = make("div", { className: "maps-grid", tabIndex: 0, role: "listbox",
      onclick: ({ target }) => target !== this.box && choose(this.tiles.indexOf(target)),
      onkeydown: (event) => this.press(event) });
    this.element = make("section", { "aria-label": "All filters of the block" }, this.title, this.box);
  }

  show({ side, columns, count }, path, order, title) {
    const cell = count <= 64 ? 83 : count <= 256 ? 63 : 47; // pixels: a finger hits them
    const rows = Math.ceil(count / columns), share = (place, of) => `${100 * place / Math.max(of - 1, 1)}%`;
    const position = (filter) => `${share(filter % columns, columns)} ${share(Math.floor(filter / columns), rows)}`;
    this.title.textContent = title;
    this.box.setAttribute("aria-label", title);
    this.box.style = `--sprite: url("${path}"); --columns: ${columns}; --rows: ${rows}; --cell: ${cell}px; `
      + `--rendering: ${cell < side ? "auto" : "pixelated"}`;
    this.tiles = order.map((filter) => make("span", { id: `${this.id}-${filter + 1}`, role: "option",
      "aria-label": `filter ${filter + 1}`, "aria-selected": "false",
      style: `background-position: ${position(filter)}` }));
    this.box.replaceChildren(...this.tiles);
  }

  // Marks a place in the order, and scrolls the grid (never the page) until it is in sight.
  select(position) {
    const { box } = this, tile = this.tiles[position], lowest = tile.offsetTop + tile.offsetHeight - box.clientHeight;
    box.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    tile.setAttribute("aria-selected", "true");
    box.setAttribute("aria-activedescendant", tile.id);
    if (box.scrollTop > tile.offsetTop) box.scrollTop = tile.offsetTop;
    if (box.scrollTop < lowest) box.scrollTop = lowest;
    this.position = position;
  }

  press(event) {
    const columns = getComputedStyle(this.box).gridTemplateColumns.split(" ").length, last = this.tiles.length - 1;
    const page = columns * Math.max(1, Math.floor(this.box.clientHeight / this.tiles[0].offsetHeight));
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
      PageUp: -page, PageDown: page, Home: -last, End: last };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.choose(Math.min(Math.max(this.position + steps[event.key], 0), last));
  }
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
function makeColouring(id) {
  const matrix = makeSvg("feColorMatrix", { values: "0 0 0 0 0.1  0 0 0 0 0.95  0 0 0 0 0.95  1 0 0 0 0" });
  return makeSvg("svg", { class: "maps-unseen", "aria-hidden": "true" },
    makeSvg("filter", { id, "color-interpolation-filters": "sRGB" }, matrix));
}

// Radio buttons in a row, [{label, content}]; nothing to see where there is no choice.
function makeChoice(id, title, options, onchange) {
  const radio = (label, index) => make("input", { type: "radio", name: `${id}-${title}`, autocomplete: "off",
    "aria-label": label, onchange: () => onchange(index) });
  return make("fieldset", { className: `maps-${title.toLowerCase()}`, hidden: options.length < 2 },
    make("legend", {}, title), make("div", { className: "maps-row" }, ...options.map(({ label, content }, index) =>
      make("label", { className: "maps-option" }, radio(label, index), ...content))));
}

// What such a button shows of a model or network, of a block, and of a picture.

const titleOption = ({ title }) => ({ label: title, content: [title] });

const blockOption = ({ layer, side, count }, index) => ({
  label: `Block ${index + 1}, ${layer}: ${count} filters of ${side} by ${side}`,
  content: [make("b", {}, String(index + 1)), make("small", {}, String(count), make("span", {}, " filters")),
    make("small", {}, `${side} px`)],
});

const pictureOption = (address, picture) => ({
  label: namePicture(picture),
  content: [make("img", { alt: "", src: `${address}/small/${picture.key}.jpg` }),
    ...(picture.label ? [make("small", {}, picture.label)] : [])],
});

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

// A sprite with what black and white stand for in each tile: one number for all filters where they have the same.
async function loadSprite(address, key) {
  const path = `${address}/${key}.png`, image = make("img", { src: path });
  const { low, high } = await loadScript(address, key);
  await image.decode().catch(() => { throw new Error(path); });
  const each = (given) => (Array.isArray(given) ? (filter) => given[filter] : () => given);
  return { path, image, low: each(low), high: each(high) };
}

// The reader's fixed parts; `data-part` names those that change.
const LAYOUT = `
  <p data-part="alert" role="alert" class="maps-alert" hidden></p>
  <div data-part="choices" class="maps-choices"></div>
  <section class="maps-stage" aria-label="Filter">
    <div class="maps-row"><p data-part="heading" class="maps-name"></p>
      <div class="maps-sort"><label>Sort by <select data-part="sorting" autocomplete="off"></select></label>
        <button data-part="reverse" type="button" aria-label="Reverse the order" title="Reverse the order">⇅</button>
      </div></div>
    <div class="maps-steps">
      <button data-part="back" type="button" aria-label="Previous filter" title="Previous filter">‹</button>
      <input data-part="slider" type="range" min="1" autocomplete="off" aria-label="Filter">
      <button data-part="next" type="button" aria-label="Next filter" title="Next filter">›</button></div>
    <div data-part="figures" class="maps-figures"></div>
    <div class="maps-row"><label class="maps-strength">Map over the picture
        <input data-part="strength" type="range" min="0" max="100" value="70" autocomplete="off">
        <span data-part="percent" class="maps-percent"></span></label>
      <label data-part="boxing"><input data-part="boxed" type="checkbox" checked autocomplete="off">
        Boxes around the figures</label></div>
  </section>`;

class Reader {
  constructor(root, number) {
    Object.assign(this, { root, sprites: [], frames: [], order: [], sort: "number", reversed: false, ticket: 0 });
    this.id = `artpose-maps-${number}`; // of the parts that need one
    this.index = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    this.first = { model: 0, block: this.index.models[0].blocks.length - 1, filter: 0, picture: 0, network: 0 };
    this.view = this.first;
    root.insertAdjacentHTML("beforeend", LAYOUT);
    root.querySelectorAll("[data-part]").forEach((part) => { this[part.dataset.part] = part; });
    this.addParts();
    this.listen();
    this.lay();
    if (this.follow(location.hash)) this.reveal();
  }

  get model() { return this.index.models[this.view.model]; }
  get block() { return this.model.blocks[this.view.block]; }
  get picture() { return this.index.pictures[this.view.picture]; }

  // The networks that are shown: one, or for side by side all.
  get networks() {
    const all = this.model.networks;
    return this.view.network < all.length ? [all[this.view.network]] : all;
  }

  // What is made of the index or has a class of its own.
  addParts() {
    const { pictures, models, address, meanings } = this.index;
    this.fields = {
      picture: makeChoice(this.id, "Picture", pictures.map((picture) => pictureOption(address, picture)),
        (picture) => this.choose({ picture })),
      model: makeChoice(this.id, "Model", models.map(titleOption),
        (model) => this.choose({ model, network: 0, filter: null })),
    };
    this.ofModel = make("div", { className: "maps-of-model" });
    this.choices.append(this.fields.picture, this.fields.model, this.ofModel);
    [this.image, this.overlay] = [make("img"), make("canvas", { "aria-hidden": "true" })];
    this.overlay.style.filter = `url(#${this.id}-colour)`;
    this.seen = new Frame(this.image, this.overlay);
    this.grid = new Grid(this.id, (position) => this.step(position));
    [this.numbers, this.strongest, this.table] = [new Numbers(meanings), new Strongest(this.index), new Table(this)];
    this.status = make("p", { role: "status", className: "maps-unseen" });
    this.root.querySelector(".maps-stage").append(this.numbers.element);
    this.root.append(this.grid.element, this.strongest.element, this.table.element, this.status,
      makeColouring(`${this.id}-colour`));
  }

  listen() {
    this.sorting.onchange = () => this.sortBy(this.sorting.value);
    this.reverse.onclick = () => this.sortBy(this.sort);
    this.back.onclick = () => this.step(this.position - 1);
    this.next.onclick = () => this.step(this.position + 1);
    this.slider.oninput = () => this.step(this.slider.value - 1);
    this.strength.oninput = this.boxed.onchange = () => this.lay();
    window.addEventListener("hashchange", () => this.follow(location.hash));
    document.addEventListener("click", (event) => this.click(event), true);
  }

  // Addresses: #model/block/filter/picture, and the network where it is not the first; block and filter count from 1.

  linkTo(filter) {
    const { network, block } = this.view, networks = [...this.model.networks.map(({ key }) => key), SIDE_BY_SIDE];
    const parts = [this.model.key, block + 1, filter + 1, this.picture.key, ...(network ? [networks[network]] : [])];
    return `#${parts.join("/")}`;
  }

  // The view that an address names; null where there is none.
  parse(hash) {
    const [key, block, filter, picture, network, ...more] = hash.slice(1).split("/");
    const place = (list, wanted) => list.findIndex((one) => one.key === wanted), { models, pictures } = this.index;
    const view = { model: place(models, key), block: block - 1, filter: filter - 1, picture: place(pictures, picture),
      network: 0 };
    const model = models[view.model], count = model?.blocks[view.block]?.count ?? 0, all = model?.networks.length;
    if (network === SIDE_BY_SIDE) view.network = all > 1 ? all : -1;
    else if (network !== undefined && model) view.network = place(model.networks, network);
    const there = Number.isInteger(view.filter) && view.filter >= 0 && view.filter < count;
    return there && view.picture >= 0 && view.network >= 0 && !more.length ? view : null;
  }

  // Shows what the address names. One without a "/" names another part of the page; none, the view of the beginning.
  follow(hash) {
    const ours = hash.includes("/"), view = ours ? this.parse(hash) : null;
    this.warn(ours && !view ? `This page has no view “${hash}”; it shows another.` : "");
    this.changed = false;
    if (view) this.go(view); else if (!hash || !this.order.length) this.go(this.first);
    return Boolean(view);
  }

  // A link to a view brings the reader into sight, also where the address stays the same.
  click(event) {
    const link = event.target.closest?.("a[href*='#']");
    const view = link && link.pathname === location.pathname && this.parse(link.hash);
    if (!view || event.ctrlKey || event.metaKey || event.shiftKey) return;
    this.remember();
    if (link.hash === location.hash) this.follow(link.hash);
    this.reveal();
  }

  reveal() {
    this.slider.focus({ preventScroll: true }); // from here, arrow keys go on
    this.heading.scrollIntoView({ block: "start" });
  }

  // The address follows what is chosen. It is replaced, so that Back leads to the last link and not through every step.
  remember() {
    if (!this.changed || this.root.ariaBusy) return;
    history.replaceState(history.state, "", this.linkTo(this.view.filter));
    this.changed = false;
  }

  warn(message) {
    this.alert.textContent = message;
    this.alert.hidden = !message;
  }

  // What a person does.

  choose(change) {
    this.changed = true;
    this.warn("");
    this.go({ ...this.view, ...change });
  }

  step(position) {
    if (this.root.ariaBusy || !this.order.length) return; // what is loading has an order of its own
    this.changed = true;
    this.view.filter = this.order[Math.min(Math.max(position, 0), this.order.length - 1)];
    this.drawFilter();
  }

  // The same order again is reversed. It begins with its first filter.
  sortBy(key) {
    this.reversed = key === this.sort && !this.reversed;
    this.sort = key;
    this.choose({ filter: null });
  }

  lay() {
    this.overlay.style.opacity = this.strength.value / 100;
    this.percent.textContent = `${this.strength.value} %`;
    this.root.classList.toggle("maps-boxed", this.boxed.checked);
  }

  // Loads what a view needs, and draws it; a filter of null is the first of the order. Where files are missing, the
  // last view stays.
  async go(view) {
    clearTimeout(this.resting);
    this.view = { ...view };
    const ticket = ++this.ticket, { address } = this.index, number = view.block + 1;
    this.root.ariaBusy = "true";
    this.drawChoices();
    const [numbers, ...sprites] = await Promise.all([loadScript(address, `${this.model.key}/${number}`),
      ...this.networks.map(({ key }) => loadSprite(address, `${this.model.key}/${key}/${this.picture.key}/${number}`)),
    ]).catch((error) => [error]);
    if (ticket !== this.ticket) return; // something else was chosen meanwhile
    this.root.ariaBusy = null;
    if (sprites.length) return this.drawBlock(numbers, sprites);
    this.view = this.drawn || { ...this.first };
    this.drawChoices();
    this.warn(`${numbers.message} could not be loaded.`);
  }

  drawChoices() {
    const { model, view, fields } = this;
    if (fields.of !== model) { // only then: a radio button that has the focus must stay
      fields.of = model;
      const networks = model.networks.length > 1 ? [...model.networks, { title: "side by side" }] : model.networks;
      fields.network = makeChoice(this.id, "Weights", networks.map(titleOption), (network) => this.choose({ network }));
      fields.block = makeChoice(this.id, "Block", model.blocks.map(blockOption),
        (block) => this.choose({ block, filter: null }));
      this.ofModel.replaceChildren(fields.network, fields.block);
    }
    for (const key of ["picture", "model", "network", "block"])
      fields[key].querySelectorAll("input")[view[key]].checked = true;
  }

  // Everything that stays while the slider moves.
  drawBlock(numbers, sprites) {
    Object.assign(this, { measured: numbers, sprites, drawn: this.view });
    const { model, block, view, networks } = this;
    this.drawPicture();
    this.drawSorting();
    const here = Array.from({ length: block.count }, (_, filter) => sprites[0].high(filter));
    this.order = sortFilters(block.count, this.sort, this.reversed, numbers, here);
    view.filter ??= this.order[0];
    this.slider.max = block.count;
    this.grid.show(block, sprites[0].path, this.order,
      `All ${block.count} filters of block ${view.block + 1}, ${networks[0].title}`);
    this.numbers.setBlock(model, numbers);
    this.table.show(model, block, numbers, here, this.order, this.sort, this.reversed);
    this.drawFilter();
    clearTimeout(this.resting);
    this.rest();
  }

  drawPicture() {
    const { picture, networks } = this, path = `${this.index.address}/pictures/${picture.key}.jpg`;
    if (this.image.getAttribute("src") !== path) this.image.src = path;
    this.image.alt = namePicture(picture);
    this.seen.caption.textContent = picture.caption;
    this.frames = networks.map(() => new Frame(make("canvas", { role: "img" })));
    [this.seen, ...this.frames].forEach((frame) => frame.setPicture(picture));
    this.figures.replaceChildren(this.seen.element, ...this.frames.map(({ element }) => element));
    this.figures.classList.toggle("maps-three", this.frames.length > 1);
    this.boxing.hidden = !picture.boxes.length;
  }

  drawSorting() {
    this.sorting.replaceChildren(...orderOptions(this.model, this.measured));
    this.sorting.value = this.sort;
    if (this.sorting.value !== this.sort) // this block was not measured
      [this.sort, this.reversed, this.sorting.value] = ["number", false, "number"];
  }

  // What changes with every step of the slider, and must be quick.
  drawFilter() {
    const { block, view, sprites, networks } = this, { filter } = view;
    this.position = this.order.indexOf(filter);
    this.slider.value = this.position + 1;
    const sorted = this.sort === "number" && !this.reversed ? "" : `, ${ordinal(this.position + 1)} in this order`;
    this.slider.setAttribute("aria-valuetext", `filter ${filter + 1} of ${block.count}${sorted}`);
    this.heading.replaceChildren(`Filter ${filter + 1} `,
      make("small", {}, `of ${block.count} in block ${view.block + 1}${sorted}`));
    [this.back.disabled, this.next.disabled] = [this.position === 0, this.position === block.count - 1];
    this.drawMap(this.overlay, sprites[0]);
    this.frames.forEach(({ layer, caption }, index) => {
      this.drawMap(layer, sprites[index]);
      const { title } = networks[index];
      layer.setAttribute("aria-label", `Map of filter ${filter + 1} of ${block.layer}, ${this.model.title} ${title}`);
      caption.textContent = `${title}: ${block.side} × ${block.side} answers, ${describeRange(sprites[index], filter)}`;
    });
    this.numbers.show(filter);
    this.grid.select(this.position);
    this.table.mark(filter);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), REST);
  }

  drawMap(canvas, { image }) {
    const { side, columns } = this.block, { filter } = this.view;
    canvas.width = canvas.height = side;
    canvas.getContext("2d").drawImage(image, (filter % columns) * side, Math.floor(filter / columns) * side, side, side,
      0, 0, side, side);
  }

  // What follows once the slider rests.
  rest() {
    const { model, block, view, picture } = this, maps = this.frames.map(({ caption }) => caption.textContent);
    this.remember();
    this.strongest.show(block, this.measured, view.filter);
    this.status.textContent = `Filter ${view.filter + 1} of ${block.count}, block ${view.block + 1} of ${model.title}, `
      + `${picture.caption}. ${maps.join(". ")}. ${this.numbers.speak()}`;
  }
}

// What black and white stand for in a map.
function describeRange({ low, high }, filter) {
  const [black, white] = [low(filter), high(filter)].map(formatNumber);
  return black === white ? `all ${black} (drawn black)` : `from ${black} (black) to ${white} (white)`;
}

const readers = document.querySelectorAll(".artpose-maps");
new Reader(root, [...readers].indexOf(root));
