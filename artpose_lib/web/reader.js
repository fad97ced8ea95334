// The reader of feature maps: what is chosen, what is loaded for it, and what then stands in the page.

const REST = 200; // milliseconds without a step after which the address, the strongest pictures and the voice follow
const SIDE_BY_SIDE = "side-by-side";

class Reader {
  constructor(root, number) {
    this.root = root;
    this.id = `artpose-maps-${number}`; // of the parts that need one
    this.index = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    Object.assign(this, { bitmaps: new Map(), frames: [], order: [], sort: "number", reversed: false, ticket: 0 });
    this.first = { model: 0, block: this.index.models[0].blocks.length - 1, filter: 0, picture: 0, network: 0 };
    this.view = this.first;
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
    this.buildControls();
    this.grid = new Grid(`${this.id}-current`, (position) => this.step(position));
    [this.numbers, this.strongest, this.table] = [new Numbers(), new Strongest(this.index), new Table(this)];
    this.figures = make("div", { className: "maps-figures" });
    this.alert = make("p", { role: "alert", className: "maps-alert", hidden: true });
    this.status = make("p", { role: "status", className: "maps-unseen" });
    const div = (className, ...children) => make("div", { className }, ...children);
    const stage = make("section", { className: "maps-stage", "aria-label": "Filter" },
      div("maps-row", this.heading, div("maps-sort", make("label", {}, "Sort by ", this.sorting), this.reverse)),
      div("maps-steps", this.back, this.slider, this.next), this.figures,
      div("maps-row", this.laying, this.boxing),
      this.numbers.element);
    this.root.append(this.alert, this.choices, stage, this.grid.element, this.strongest.element, this.table.element,
      this.status, colouring(`${this.id}-colour`));
    this.lay();
  }

  buildControls() {
    const button = (content, label, onclick) =>
      make("button", { type: "button", "aria-label": label, title: label, onclick }, content);
    const pictures = this.index.pictures.map((one) => ({ label: named(one), content: thumbnail(this.index, one) }));
    this.fields = {
      picture: choice(this.id, "Picture", pictures, (picture) => this.choose({ picture })),
      model: choice(this.id, "Model", this.index.models.map(titled),
        (model) => this.choose({ model, network: 0, filter: null })),
    };
    this.ofModel = make("div", { className: "maps-of-model" });
    this.choices = make("div", { className: "maps-choices" }, this.fields.picture, this.fields.model, this.ofModel);
    this.heading = make("p", { className: "maps-name" });
    this.sorting = make("select", { autocomplete: "off", onchange: () => this.sortBy(this.sorting.value) });
    this.reverse = button("⇅", "Reverse the order", () => this.sortBy(this.sort));
    this.back = button("‹", "Previous filter", () => this.step(this.position - 1));
    this.next = button("›", "Next filter", () => this.step(this.position + 1));
    this.slider = make("input", { type: "range", min: 1, autocomplete: "off", "aria-label": "Filter",
      oninput: () => this.step(this.slider.value - 1) });
    this.strength = make("input", { type: "range", min: 0, max: 100, value: 70, autocomplete: "off",
      oninput: () => this.lay() });
    this.percent = make("span", { className: "maps-percent" });
    this.laying = make("label", { className: "maps-strength" }, "Map over the picture ", this.strength, this.percent);
    this.boxed = make("input", { type: "checkbox", checked: true, autocomplete: "off", onchange: () => this.lay() });
    this.boxing = make("label", {}, this.boxed, " Boxes around the figures");
    this.image = make("img");
    this.overlay = make("canvas", { "aria-hidden": "true" });
    this.overlay.style.filter = `url(#${this.id}-colour)`;
    this.seen = new Frame(this.image, this.overlay);
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

  // What is loaded, and then drawn. A filter of null is the first of the order.

  async go(view) {
    clearTimeout(this.resting);
    this.view = { ...view };
    const ticket = ++this.ticket, { address } = this.index, number = view.block + 1;
    const keys = this.networks.map((network) =>
      `${this.model.key}/${this.model.networks[network].key}/${this.picture.key}/${number}`);
    const paths = keys.map((key) => `${address}/${key}.png`);
    this.root.ariaBusy = "true";
    this.drawChoices();
    const loading = [Promise.all([`${this.model.key}/${number}`, ...keys].map((key) => loadScript(address, key))),
      ...paths.map((path) => this.bitmaps.get(path) || loadBitmap(path))];
    const [data, ...bitmaps] = await Promise.all(loading).catch((error) => [error]);
    if (ticket !== this.ticket) { // something else was chosen meanwhile
      bitmaps.filter((bitmap) => ![...this.bitmaps.values()].includes(bitmap)).forEach((bitmap) => bitmap.close());
      return;
    }
    this.root.ariaBusy = null;
    if (data instanceof Error) this.stay(`${data.message} could not be loaded.`);
    else this.drawBlock(data, new Map(paths.map((path, index) => [path, bitmaps[index]])));
  }

  // Where files are missing, the last view stays.
  stay(message) {
    this.view = this.drawn || { ...this.first };
    this.drawChoices();
    this.warn(message);
  }

  drawChoices() {
    const { model, view, fields } = this;
    if (fields.of !== model) { // only then: a radio button that has the focus must stay
      fields.of = model;
      const networks = model.networks.length > 1 ? [...model.networks, { title: "side by side" }] : model.networks;
      fields.network = choice(this.id, "Weights", networks.map(titled), (network) => this.choose({ network }));
      fields.block = choice(this.id, "Block", model.blocks.map(numbered),
        (block) => this.choose({ block, filter: null }));
      this.ofModel.replaceChildren(fields.network, fields.block);
    }
    for (const key of ["picture", "model", "network", "block"])
      fields[key].querySelectorAll("input")[view[key]].checked = true;
  }

  // Everything that stays while the slider moves. Sprites that are no longer shown are let go.
  drawBlock([numbers, ...ranges], bitmaps) {
    this.bitmaps.forEach((bitmap, path) => bitmaps.has(path) || bitmap.close());
    Object.assign(this, { bitmaps, measured: numbers, drawn: this.view });
    const { model, block, view } = this;
    this.drawPicture();
    // One number stands for all filters where they have the same.
    const each = (given) => (Array.isArray(given) ? (filter) => given[filter] : () => given);
    this.ranges = this.networks.map((network, index) => ({ title: model.networks[network].title,
      low: each(ranges[index].low), high: each(ranges[index].high) }));
    const here = Array.from({ length: block.count }, (_, filter) => this.ranges[0].high(filter));
    this.drawSorting(numbers);
    this.order = ordered(block.count, this.sort, this.reversed, numbers, here);
    this.places = [];
    this.order.forEach((filter, place) => { this.places[filter] = place; });
    view.filter ??= this.order[0];
    this.slider.max = block.count;
    const first = [...bitmaps.values()][0], title = this.ranges[0].title;
    this.grid.show(block, first, this.order, `All ${block.count} filters of block ${view.block + 1}, ${title}`);
    this.numbers.setBlock(model, numbers);
    this.table.show(model, block, numbers, here, this.order, this.sort, this.reversed);
    this.drawFilter();
    clearTimeout(this.resting);
    this.follows();
  }

  drawPicture() {
    const { picture, model, networks } = this, path = `${this.index.address}/pictures/${picture.key}.jpg`;
    if (this.image.getAttribute("src") !== path) this.image.src = path;
    this.image.alt = named(picture);
    this.seen.caption.textContent = picture.caption;
    this.frames = networks.map(() => new Frame(make("canvas", { role: "img" })));
    [this.seen, ...this.frames].forEach((frame) => frame.setPicture(picture));
    this.figures.replaceChildren(this.seen.element, ...this.frames.map(({ element }) => element));
    this.figures.classList.toggle("maps-three", this.frames.length > 1);
    this.boxing.hidden = !picture.boxes.length;
  }

  drawSorting(numbers) {
    const { plain, groups } = orders(this.model, numbers), option = ([value, text]) => make("option", { value }, text);
    this.sorting.replaceChildren(...plain.map(option),
      ...groups.map(([label, own]) => make("optgroup", { label }, ...own.map(option))));
    this.sorting.value = this.sort;
    if (this.sorting.value === this.sort) return;
    [this.sort, this.reversed] = ["number", false]; // this block was not measured
    this.sorting.value = this.sort;
  }

  // What changes with every step of the slider, and must be quick.
  drawFilter() {
    const { block, model, view, ranges } = this, { filter } = view, bitmaps = [...this.bitmaps.values()];
    this.position = this.places[filter];
    this.slider.value = this.position + 1;
    const sorted = this.sort === "number" && !this.reversed ? "" : `, ${nth(this.position + 1)} in this order`;
    this.slider.setAttribute("aria-valuetext", `filter ${filter + 1} of ${block.count}${sorted}`);
    this.heading.replaceChildren(`Filter ${filter + 1} `,
      make("small", {}, `of ${block.count} in block ${view.block + 1}${sorted}`));
    [this.back.disabled, this.next.disabled] = [this.position === 0, this.position === block.count - 1];
    [this.overlay, ...this.frames.map(({ layer }) => layer)].forEach((canvas, index) => {
      canvas.width = canvas.height = block.side;
      drawTile(canvas.getContext("2d"), bitmaps[Math.max(index - 1, 0)], block, filter, 0, 0, block.side);
    });
    this.frames.forEach(({ layer, caption }, index) => {
      const { title } = ranges[index];
      layer.setAttribute("aria-label", `Map of filter ${filter + 1} of ${block.layer}, ${model.title} ${title}`);
      caption.textContent = said(ranges[index], filter, block.side);
    });
    this.numbers.show(filter);
    this.grid.select(this.position);
    this.table.mark(filter);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.follows(), REST);
  }

  // What follows once the slider rests.
  follows() {
    const { model, block, view, picture } = this, maps = this.frames.map(({ caption }) => caption.textContent);
    this.remember();
    this.strongest.show(block, this.measured, view.filter);
    this.status.textContent = `Filter ${view.filter + 1} of ${block.count}, block ${view.block + 1} of ${model.title}, `
      + `${picture.caption}. ${maps.join(". ")}. ${this.numbers.spoken()}`;
  }
}

// What black and white stand for in a map.
function said({ title, low, high }, filter, side) {
  const [black, white] = [low(filter), high(filter)];
  const range = `from ${shown(black)} (black) to ${shown(white)} (white)`;
  return `${title}: ${side} × ${side} answers, ${black === white ? `all ${shown(black)} (drawn black)` : range}`;
}

const readers = document.querySelectorAll(".artpose-maps");
new Reader(root, [...readers].indexOf(root));
