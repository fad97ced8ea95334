// The reader of feature maps: what is chosen, what is loaded for it, and what then stands in the page. Pixels are drawn
// and never read: a browser takes images from disk for another site's. It is made with dom.js, readernumbers.js
// and readerplane.js.

const REST = 200; // milliseconds without a step after which the address, the strongest pictures and the voice follow

// All filters of a block as tiles, as many a row as fit.
class Grid {
  constructor(reader) {
    this.reader = reader;
    this.title = make("p", { className: "maps-name" });
    this.box = make("div", { className: "maps-grid", tabIndex: 0, role: "listbox",
      onclick: ({ target }) => target !== this.box && reader.step([...this.box.children].indexOf(target)),
      onkeydown: (event) => this.press(event) });
    this.element = make("section", { className: "maps-tiles", "aria-label": "All filters of the block" },
      this.title, this.box);
  }

  show() {
    const { block: { side, columns, count }, view, networks, sprites, order } = this.reader;
    const cell = count <= 64 ? 58 : count <= 256 ? 44 : 32; // pixels, half as many again where it has the width alone
    this.title.textContent = `All ${count} filters`;
    this.box.setAttribute("aria-label", `All ${count} filters of block ${view.block + 1}, ${networks[0].title}`);
    this.box.style = `--sprite: url("${sprites[0].path}"); --cell: ${cell}px; `
      + `--rendering: ${1.5 * cell < side ? "auto" : "pixelated"}`;
    this.box.replaceChildren(...order.map((filter) => make("span", { id: `artpose-maps-${filter + 1}`, role: "option",
      "aria-label": `filter ${filter + 1}`, "aria-selected": "false",
      style: placeTile(filter, columns, count) })));
  }

  // Marks a place in the order, and scrolls the grid (never the page) until it is in sight. What is measured comes first:
  // after a change, a browser would have to lay out the page for it.
  select(position) {
    const { box } = this, tile = box.children[position], lowest = tile.offsetTop + tile.offsetHeight - box.clientHeight;
    const now = box.scrollTop, top = Math.max(Math.min(now, tile.offsetTop), lowest);
    box.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    tile.setAttribute("aria-selected", "true");
    box.setAttribute("aria-activedescendant", tile.id);
    if (top !== now) box.scrollTop = top;
  }

  press(event) {
    const { box } = this, columns = getComputedStyle(box).gridTemplateColumns.split(" ").length;
    const page = columns * Math.max(1, Math.floor(box.clientHeight / box.firstChild.offsetHeight));
    const last = box.children.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
      PageUp: -page, PageDown: page, Home: -last, End: last };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.reader.step(this.reader.position + steps[event.key]);
  }
}

// A picture or a map in a frame of the picture's proportions, with the boxes above it.
function makeFrame({ width, height, boxes }, ...layers) {
  const edges = makeSvg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" },
    ...boxes.map(([x0, y0, x1, y1]) => makeSvg("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0 })));
  const frame = make("div", { className: "maps-frame" }, ...layers, edges), caption = make("figcaption");
  return { layer: layers.at(-1), caption,
    element: make("figure", { style: `--aspect: ${width / height}` }, frame, caption) };
}

// Radio buttons in a row, [{label, content}]; nothing to see where there is no choice.
function makeChoice(key, title, options) {
  const radio = (label, value) => make("input", { type: "radio", name: `maps-${key}`, value, autocomplete: "off",
    "aria-label": label });
  return make("fieldset", { className: `maps-${key}`, hidden: options.length < 2 }, make("legend", {}, title),
    make("div", { className: "maps-row" }, ...options.map(({ label, content }, index) =>
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
  const src = `${address}/${key}.js`, given = () => window.artposeMaps?.[key];
  if (given() !== undefined) return Promise.resolve(given());
  return new Promise((resolve, reject) => document.head.append(make("script", { src,
    onload: () => resolve(given()), onerror: () => reject(new Error(src)) })));
}

// A sprite, and what black and white stand for in each of its tiles.
async function loadSprite(address, key) {
  const path = `${address}/${key}.png`, image = make("img", { src: path });
  const { low, high } = await loadScript(address, key);
  await image.decode().catch(() => { throw new Error(path); });
  return { path, image, low, high };
}

// What black and white stand for in a map.
function describeRange({ low, high }, filter) {
  const [black, white] = [low[filter], high[filter]].map(formatNumber);
  return black === white ? `all ${black} (drawn black)` : `from ${black} (black) to ${white} (white)`;
}

// The reader's fixed parts; `data-part` names those that change. A map's greys become one colour, more or less opaque:
// turquoise, which is rare in paintings and not the colour of the boxes.
const LAYOUT = `
  <svg class="maps-unseen" aria-hidden="true">
    <filter id="artpose-maps-colour" color-interpolation-filters="sRGB">
      <feColorMatrix values="0 0 0 0 0.1  0 0 0 0 0.95  0 0 0 0 0.95  1 0 0 0 0"/></filter></svg>
  <div data-part="screen" class="maps-screen">
    <p data-part="alert" role="alert" class="maps-alert"></p>
    <div data-part="choices" class="maps-choices"><div data-part="ofModel" class="maps-of-model"></div></div>
    <section data-part="stage" class="maps-stage" aria-label="Filter">
      <div class="maps-row"><p data-part="heading" class="maps-name"></p>
        <a data-part="loudest" class="maps-quiet"></a></div>
      <div class="maps-steps">
        <button data-part="back" type="button" aria-label="Previous filter" title="Previous filter">‹</button>
        <input data-part="slider" type="range" min="1" autocomplete="off" aria-label="Filter">
        <button data-part="next" type="button" aria-label="Next filter" title="Next filter">›</button>
        <input data-part="number" type="number" min="1" required autocomplete="off" aria-label="Go to filter"
          title="Go to filter">
        <button data-part="enlarge" type="button" aria-label="Enlarge" title="Enlarge">⤢</button></div>
      <div data-part="figures" class="maps-figures"></div></section>
    <div class="maps-row maps-tools">
      <div class="maps-sort"><label>Sort by <select data-part="sorting" autocomplete="off"></select></label>
        <button data-part="reverse" type="button" aria-label="Reverse the order" title="Reverse the order">⇅</button>
      </div>
      <label class="maps-strength">Map over the picture
        <input data-part="strength" type="range" min="0" max="100" value="70" autocomplete="off">
        <span data-part="percent" class="maps-percent"></span></label>
      <label><input class="maps-squares" type="checkbox" autocomplete="off"> Squares, not smoothed</label>
      <label data-part="boxing"><input class="maps-boxed" type="checkbox" checked autocomplete="off">
        Boxes around the figures</label>
      <button data-part="keep" type="button" aria-pressed="false">Keep this view beside the next</button></div>
  </div>
  <dialog data-part="large" class="maps-large" aria-label="Enlarged"><form method="dialog"><button>Close</button></form>
  </dialog>`;

class Reader {
  constructor(root) {
    Object.assign(this, { root, order: [], sort: "number", reversed: false, ticket: 0 });
    this.index = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    this.first = this.parse(this.index.first ?? "").view
      ?? { model: 0, block: this.index.models[0].blocks.length - 1, filter: 0, picture: 0, network: 0 };
    this.view = this.first;
    root.insertAdjacentHTML("beforeend", LAYOUT);
    root.classList.add("maps-live");
    root.querySelectorAll("[data-part]").forEach((part) => { this[part.dataset.part] = part; });
    this.tour = [...root.querySelectorAll(".maps-tour a")];
    this.addParts();
    this.listen();
    this.strength.oninput();
    if (this.follow(location.hash)) this.reveal();
  }

  get model() { return this.index.models[this.view.model]; }
  get block() { return this.model.blocks[this.view.block]; }
  get picture() { return this.index.pictures[this.view.picture]; }
  get position() { return this.order.indexOf(this.view.filter); }

  // The networks that are shown: one, or side by side all.
  get networks() {
    const all = this.model.networks, chosen = all[this.view.network];
    return chosen.key === "side-by-side" ? all.slice(0, -1) : [chosen];
  }

  // What is made of the index or has a class of its own.
  addParts() {
    const { pictures, models, address } = this.index;
    this.choices.prepend(makeChoice("picture", "Picture", pictures.map((picture) => pictureOption(address, picture))),
      makeChoice("model", "Model", models.map(titleOption)));
    [this.image, this.overlay] = [make("img"), make("canvas", { "aria-hidden": "true" })];
    this.kept = make("div", { className: "maps-kept", hidden: true });
    this.optimised = make("div", { className: "maps-optimised" });
    [this.numbers, this.grid] = [new Numbers(this), new Grid(this)];
    [this.strongest, this.table, this.plane] = [new Strongest(this), new Table(this), new Plane(this)];
    this.status = make("p", { role: "status", className: "maps-unseen" });
    this.screen.append(this.grid.element);
    this.root.append(this.numbers.element, this.strongest.element, this.table.element, this.plane.element,
      this.status);
  }

  listen() {
    const anew = { model: { network: 0, filter: null }, block: { filter: null } }; // where something else is chosen
    this.choices.onchange = ({ target: { name, value } }) => {
      const key = name.replace("maps-", "");
      this.choose({ ...anew[key], [key]: Number(value) });
    };
    this.sorting.onchange = () => this.sortBy(this.sorting.value);
    this.reverse.onclick = () => this.sortBy(this.sort);
    this.back.onclick = () => this.step(this.position - 1);
    this.next.onclick = () => this.step(this.position + 1);
    this.slider.oninput = () => this.touched ?? this.step(this.slider.value - 1);
    this.waitForTouch();
    this.number.onchange = () => this.number.reportValidity() && this.step(this.order.indexOf(this.number.value - 1));
    this.strength.oninput = () => {
      this.root.style.setProperty("--strength", this.strength.value / 100);
      this.percent.textContent = `${this.strength.value}%`;
    };
    this.enlarge.onclick = this.figures.onclick = ({ target }) => target.closest("a") ?? this.toggleLarge();
    this.large.onclose = () => this.choices.after(this.stage);
    this.large.onclick = ({ target }) => target === this.large && this.large.close(); // beside what is enlarged
    this.keep.onclick = () => this.keepView();
    window.addEventListener("popstate", ({ state }) => this.arrive(state?.mapsLeft));
    document.addEventListener("click", (event) => this.click(event), true);
  }

  // A finger on the slider may be about to scroll the page, which the browser then tells by cancelling: so a touch
  // moves the slider once it has gone sideways, or is over.
  waitForTouch() {
    const { slider } = this, settle = (moves) => () => {
      if (this.touched === undefined) return;
      this.touched = undefined;
      if (moves) this.step(slider.value - 1); else slider.value = this.position + 1;
    };
    slider.onpointerdown = ({ pointerType, clientX }) => { if (pointerType === "touch") this.touched = clientX; };
    slider.onpointermove = ({ clientX }) => Math.abs(clientX - this.touched) > 9 && settle(true)();
    [slider.onpointerup, slider.onpointercancel] = [settle(true), settle(false)];
  }

  // The maps as large as the window, with the slider; a second click makes them small again.
  toggleLarge() {
    if (this.large.open) return this.large.close();
    this.large.append(this.stage);
    this.large.showModal();
    this.slider.focus();
  }

  // A copy of the picture under its map, which stays beside whatever is chosen next: another filter, picture or network.
  keepView() {
    const { kept, model, block, view, overlay, networks, picture } = this, keeps = kept.hidden;
    [kept.hidden, this.keep.ariaPressed] = [!keeps, String(keeps)];
    this.keep.textContent = keeps ? "Let go of the kept view" : "Keep this view beside the next";
    if (!keeps) return;
    const copy = this.figures.firstChild.cloneNode(true);
    copy.querySelector("canvas").replaceWith(overlay.cloneNode());
    copy.querySelector("canvas").getContext("2d").drawImage(overlay, 0, 0);
    copy.querySelector("figcaption").replaceChildren("Kept: ", make("a", { href: this.linkTo(view.filter) },
      `filter ${view.filter + 1} of block ${view.block + 1}, ${model.title} ${networks[0].title}`),
      `, ${namePicture(picture)}`);
    kept.replaceChildren(copy);
  }

  // Addresses: #model/block/filter/picture, and the network where it is not the first; block and filter count from 1.

  linkTo(filter, picture = this.picture) {
    const { model, view: { block, network } } = this;
    const parts = [model.key, block + 1, filter + 1, picture.key, ...(network ? [model.networks[network].key] : [])];
    return `#${parts.join("/")}`;
  }

  // The address of a filter in the picture in which it answers most; null where it is silent in all.
  linkToLoudest(filter) {
    const { values: { loudest }, networks: [{ key }], index: { pictures } } = this, place = loudest[key][filter];
    return place === null ? null : this.linkTo(filter, pictures[place]);
  }

  // The view that an address names; where there is none, what is wrong, and what there is instead.
  parse(hash) {
    const [key, block, filter, picture, network, ...more] = hash.slice(1).split("/"), { models, pictures } = this.index;
    const place = (list, wanted) => list.findIndex((one) => one.key === wanted);
    const view = { model: place(models, key), block: block - 1, filter: filter - 1, picture: place(pictures, picture) };
    const model = models[view.model], blocks = model?.blocks ?? [], count = blocks[view.block]?.count ?? 0;
    view.network = network === undefined || !model ? 0 : place(model.networks, network);
    const keys = (list) => list.map((one) => one.key).join(", "), upTo = (number) => `1 to ${number}`;
    const wrong = [[!model, "model", key, () => keys(models)], [!count, "block", block, () => upTo(blocks.length)],
      [!(Number.isInteger(view.filter) && view.filter >= 0 && view.filter < count), "filter", filter, () => upTo(count)],
      [view.picture < 0, "picture", picture, () => keys(pictures)],
      [view.network < 0, "network", network, () => keys(model.networks)],
      [more.length, "part", more[0], () => "no more parts"]].find(([is]) => is);
    if (!wrong) return { view };
    const [, part, given, there] = wrong;
    return { told: `This page has no view “${hash}”: there is no ${part} “${given ?? ""}”, but ${there()}.` };
  }

  // Shows what the address names. One without a "/" names another part of the page; none, the view of the beginning.
  // Returns whether it is an address of this reader, right or wrong.
  follow(hash) {
    const ours = hash.includes("/"), { view, told } = ours ? this.parse(hash) : {};
    this.changed = false;
    if (view || !hash || !this.order.length) this.loading = this.go(view ?? this.first);
    this.alert.textContent = told ? `${told} What stands here instead is another view.` : "";
    return ours;
  }

  // A link to a view: what is left remembers where on the page it was. The browser then changes the address; where it
  // stays the same, nothing tells of it.
  click(event) {
    const link = event.target.closest?.("a[href*='#']");
    if (!link || link.pathname !== location.pathname || !this.parse(link.hash).view) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    this.remember();
    if (link.hash === location.hash) return this.arrive();
    history.replaceState({ ...history.state, mapsLeft: scrollY }, "");
  }

  // At another address: by Back, to the sentence that was left.
  async arrive(left) {
    if (!this.follow(location.hash)) return;
    if (left === undefined) return this.reveal();
    await this.loading; // what is above may be of another height
    scrollTo({ top: left, behavior: "instant" });
  }

  // Brings the maps into sight where they are not, with what is chosen above them if that fits; from here, arrow keys go
  // on.
  async reveal() {
    await this.loading;
    const { stage, alert, choices } = this, show = (part, block) => part.scrollIntoView({ block, behavior: "instant" });
    const missed = () => stage.getBoundingClientRect().top < 0 || stage.getBoundingClientRect().bottom > innerHeight;
    if (missed() || alert.textContent) show(alert.textContent ? alert : choices, "start");
    if (missed()) show(stage, "end");
    this.slider.focus({ preventScroll: true });
  }

  // The address follows what is chosen. It is replaced, so that Back leads to the last link and not through every step.
  remember() {
    if (!this.changed || this.root.ariaBusy) return;
    history.replaceState(history.state, "", this.linkTo(this.view.filter));
    this.changed = false;
  }

  // What a person does.

  choose(change) {
    this.changed = true;
    this.alert.textContent = "";
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

  // Loads what a view needs, and draws it; a filter of null is the first of the order. Where files are missing, the
  // last view stays.
  async go(view) {
    clearTimeout(this.resting);
    this.view = { ...view };
    const ticket = ++this.ticket, { address } = this.index, number = view.block + 1;
    this.root.ariaBusy = "true";
    this.drawChoices();
    const key = `${this.model.key}/${number}`;
    const [numbers, drawn, ...sprites] = await Promise.all([loadScript(address, key),
      this.block.optimised ? loadScript(address, `${key}-optimised`) : { networks: {} },
      ...this.networks.map(({ key }) => loadSprite(address, `${this.model.key}/${key}/${this.picture.key}/${number}`)),
    ]).catch((error) => [error]);
    if (ticket !== this.ticket) return; // something else was chosen meanwhile
    this.root.ariaBusy = null;
    if (sprites.length) return this.drawBlock(numbers, drawn, sprites);
    this.view = this.drawn || { ...this.first };
    this.drawChoices();
    this.root.classList.toggle("maps-lost", !this.drawn);
    const lost = `${numbers.message} could not be loaded.`, instead = "These maps are shown in the built book; in a live "
      + `notebook the explorer below shows them. (${lost})`;
    this.alert.textContent = this.drawn ? lost : instead;
  }

  drawChoices() {
    const { model, view } = this;
    if (this.ofModel.model !== model) { // only then: a radio button that has the focus must stay
      this.ofModel.replaceChildren(makeChoice("network", "Weights", model.networks.map(titleOption)),
        makeChoice("block", "Block", model.blocks.map(blockOption)));
      this.ofModel.model = model;
    }
    for (const key of ["picture", "model", "network", "block"])
      this.choices.querySelector(`[name="maps-${key}"][value="${view[key]}"]`).checked = true;
  }

  // Everything that stays while the slider moves.
  drawBlock(numbers, { networks, kept }, sprites) {
    const { model, block: { count }, view } = this;
    Object.assign(this, { sprites, optimisedOf: networks, drawn: view, measured: "strength" in numbers });
    this.values = { ...numbers, here: sprites[0].high }; // lists over the filters
    if (numbers.best) this.values.best = numbers.best.map((place) => model.classes[place] ?? "");
    if (kept) this.values.kept = this.values.here.map((_, filter) => kept[filter] ?? null);
    this.drawPicture();
    this.sorting.replaceChildren(...orderOptions(model, this.values));
    this.sorting.value = this.sort;
    if (!this.sorting.selectedOptions[0] || this.sorting.selectedOptions[0].disabled) {
      this.alert.textContent = "What the filters were sorted by was not measured in this block: they stand by number.";
      [this.sort, this.reversed, this.sorting.value] = ["number", false, "number"];
    }
    this.order = sortFilters(this.values, this.sort, this.reversed);
    view.filter ??= this.order[0];
    this.slider.max = this.number.max = count;
    this.grid.show();
    this.table.draw();
    this.plane.draw();
    this.drawFilter();
    clearTimeout(this.resting);
    this.rest();
  }

  drawPicture() {
    const { picture, networks, image } = this, seen = makeFrame(picture, image, this.overlay);
    Object.assign(image, { src: `${this.index.address}/pictures/${picture.key}.jpg`, alt: namePicture(picture) });
    seen.caption.textContent = picture.caption;
    this.frames = networks.map(() => makeFrame(picture, make("canvas", { role: "img" })));
    this.figures.replaceChildren(seen.element, ...this.frames.map(({ element }) => element), this.optimised, this.kept);
    this.boxing.hidden = !picture.boxes.length;
  }

  // What changes with every step of the slider, and must be quick.
  drawFilter() {
    const { block, view, sprites, networks, position } = this, { filter } = view;
    this.grid.select(position);
    [this.slider.value, this.number.value] = [position + 1, filter + 1];
    const missing = listOf(this.values, this.sort)[filter] === null;
    const sorted = this.sort === "number" && !this.reversed ? "" : missing ? ", not measured"
      : `, ${ordinal(position + 1)} in this order`;
    this.slider.setAttribute("aria-valuetext", `filter ${filter + 1} of ${block.count}${sorted}`);
    this.heading.replaceChildren(`Filter ${filter + 1} `,
      make("small", {}, `of ${block.count} in block ${view.block + 1}${sorted}`));
    [this.back.disabled, this.next.disabled] = [position === 0, position === block.count - 1];
    this.drawMap(this.overlay, sprites[0]);
    this.frames.forEach(({ layer, caption }, index) => {
      this.drawMap(layer, sprites[index]);
      const { title } = networks[index];
      layer.setAttribute("aria-label", `Map of filter ${filter + 1} of block ${this.view.block + 1}, `
        + `${this.model.title} ${title}`);
      caption.textContent = `${title}: ${block.side} × ${block.side} answers, ${describeRange(sprites[index], filter)}`;
    });
    this.optimised.replaceChildren(...this.drawOptimised());
    const here = this.linkTo(filter), loudest = this.linkToLoudest(filter);
    this.tour.forEach((link) => { link.ariaCurrent = link.hash === here ? "true" : null; });
    this.loudest.hidden = loudest === here;
    this.loudest.textContent = loudest ? "See it where it answers most" : "Silent in all of these pictures";
    if (loudest) this.loudest.href = loudest; else this.loudest.removeAttribute("href");
    this.numbers.show();
    this.table.mark();
    this.plane.mark();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), REST);
  }

  drawMap(canvas, { image }) {
    const { side, columns } = this.block, { filter } = this.view;
    canvas.width = canvas.height = side;
    canvas.getContext("2d").drawImage(image, (filter % columns) * side, Math.floor(filter / columns) * side, side, side,
      0, 0, side, side);
  }

  // What was optimised for the filter, each network's. Beside the maps a place is kept for each where the model has any, so
  // that nothing moves with the slider; as items of a list those that there are.
  drawOptimised(tag = "figure") {
    const { model, view: { block, filter }, index: { address }, optimisedOf } = this;
    const keeps = tag === "figure" && model.blocks.some(({ optimised }) => optimised);
    const made = ({ key }) => optimisedOf[key]?.includes(filter);
    return model.networks.filter((one) => made(one) || (keeps && one.key !== "side-by-side")).map((one) => make(tag, {},
      made(one) ? make("img", { alt: `What filter ${filter + 1} would like to see, ${one.title}`, width: 160, height: 160,
        src: `${address}/${model.key}/${one.key}/${block + 1}-optimised/${filter + 1}.webp` })
        : make("div", { className: "maps-none" }, "Not made for this filter"),
      make(tag === "li" ? "p" : "figcaption", { className: "maps-quiet" }, `What it would like to see, ${one.title}`)));
  }

  // What follows once the slider rests.
  rest() {
    const { model, block, view, picture } = this, maps = this.frames.map(({ caption }) => caption.textContent);
    this.remember();
    this.strongest.show();
    this.status.textContent = `Filter ${view.filter + 1} of ${block.count}, block ${view.block + 1} of ${model.title}, `
      + `${picture.caption}. ${maps.join(". ")}. ${this.numbers.spoken}`;
  }
}

new Reader(output.closest(".artpose-maps") ?? output.querySelector(".artpose-maps")); // VS Code runs it outside
