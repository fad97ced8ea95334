// All filters of a block on a plane: near each other stand those that answer to the same pictures. It is made with
// dom.js and readernumbers.js; reader.js shows it.

// Of classes, in their order: Okabe and Ito's, told apart by most eyes; more classes have colours of their own.
const HUES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const LUCK = 0.05; // p above which a disc is a ring
const TEN = 10; // neighbours, of which some return on other pictures
const CLOUD = 2; // fewer of them than that, on average, and the plane is a cloud

const hueOf = (index) => HUES[index] ?? `hsl(${(index * 137) % 360} 60% 50%)`;

class Plane {
  constructor(reader) {
    Object.assign(this, { reader, placed: [] });
    [this.title, this.trust, this.told] = [make("summary"), make("p"), make("p", { className: "maps-told" })];
    this.link = make("a", {}, "Show it above");
    this.legend = make("p", { className: "maps-legend maps-row" });
    this.box = make("div", { className: "maps-plane", tabIndex: 0, role: "listbox", "aria-label": "Filters on a plane",
      onpointermove: (event) => this.point(this.findAt(event)), onclick: (event) => this.open(this.findAt(event)),
      onfocus: () => this.point(this.pointed ?? this.reader.view.filter), onkeydown: (event) => this.press(event) });
    this.element = make("details", { className: "maps-all", ontoggle: () => this.draw() }, this.title, this.trust,
      this.legend, this.told, this.box);
  }

  // Loads the places of a block once it is unfolded.
  async draw() {
    const { block, model, measured, view, index: { address } } = this.reader, key = `${model.key}/${view.block + 1}`;
    this.title.textContent = `All ${block.count} filters of block ${view.block + 1} by what they answer to`;
    this.element.hidden = !measured;
    if (!measured || !this.element.open || this.drawn === key) return this.mark();
    const { x, y, returning } = await loadScript(address, `${key}-places`);
    if (block !== this.reader.block) return; // another was chosen meanwhile
    Object.assign(this, { drawn: key, x, y, returning, placed: [...x.keys()].filter((filter) => x[filter] !== null),
      pointed: undefined });
    this.trust.textContent = this.judge();
    this.legend.replaceChildren(...model.classes.map((name, place) => make("span", {},
      make("i", { style: `--hue: ${hueOf(place)}` }), ` ${name}`)),
    make("span", {}, `a ring: no better than luck (p above ${LUCK})`));
    this.box.replaceChildren(...this.placed.map((filter) => this.dot(filter)));
    this.told.textContent = "";
    this.mark();
  }

  // A disc in the colour of its class, a ring where luck does as well; the picture that was optimised for it, if any.
  dot(filter) {
    const { values: { best, p }, model, optimisedOf, index: { address }, view: { block } } = this.reader;
    const { key } = model.networks[0], drawn = optimisedOf[key] ?? [], place = drawn.indexOf(filter);
    const sheet = `background-image: url("${address}/${model.key}/${key}/${block + 1}-optimised.webp"); `
      + placeTile(place, Math.ceil(Math.sqrt(drawn.length)), drawn.length);
    return make("span", { id: `artpose-plane-${filter + 1}`, role: "option", "aria-selected": "false",
      className: place >= 0 ? "maps-drawn" : p[filter] > LUCK ? "maps-ring" : "", "aria-label": this.tell(filter),
      style: `--hue: ${hueOf(model.classes.indexOf(best[filter]))}; left: ${100 * this.x[filter]}%; `
        + `top: ${100 * this.y[filter]}%; ${place >= 0 ? sheet : ""}` });
  }

  // Whether neighbours stay neighbours on other pictures.
  judge() {
    const known = this.placed.map((filter) => this.returning[filter]).filter((one) => one !== null);
    if (!known.length) return "There are too few filters to tell whether neighbours mean anything.";
    const mean = known.reduce((sum, one) => sum + one, 0) / known.length, luck = TEN * TEN / (known.length - 1);
    return `Neighbours answer to the same pictures. Of the ${TEN} nearest that a filter has on half of the test pictures, `
      + `${mean.toFixed(1)} are among its nearest on the other half; luck would bring back ${luck.toFixed(1)}. `
      + (mean < CLOUD ? "So this is a cloud more than a map: on other pictures most would have other neighbours."
        : "So its groups are more than these pictures.");
  }

  tell(filter) {
    const { best, selectivity, p, inside } = this.reader.values;
    return `Filter ${filter + 1}: answers most to ${best[filter]} (selectivity ${formatNumber(selectivity[filter])}, `
      + `p = ${formatNumber(p[filter])})` + (inside[filter] === null ? "" : `; ${formatShare(inside[filter])} of its energy `
      + "inside the figure");
  }

  // The filter that is pointed at, and the one that stands in the reader.
  point(filter) {
    if (!this.placed.includes(filter)) return;
    this.pointed = filter;
    this.box.setAttribute("aria-activedescendant", `artpose-plane-${filter + 1}`);
    this.box.querySelector(".maps-pointed")?.classList.remove("maps-pointed");
    this.box.children[this.placed.indexOf(filter)].classList.add("maps-pointed");
    this.link.href = this.reader.linkToLoudest(filter) ?? this.reader.linkTo(filter);
    this.told.replaceChildren(`${this.tell(filter)}. `, this.link);
  }

  mark() {
    this.box.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    this.box.children[this.placed.indexOf(this.reader.view.filter)]?.setAttribute("aria-selected", "true");
  }

  // The filter nearest to the pointer.
  findAt({ clientX, clientY }) {
    const { left, top, width, height } = this.box.getBoundingClientRect();
    return this.nearest((filter) => Math.hypot(left + this.x[filter] * width - clientX,
      top + this.y[filter] * height - clientY));
  }

  nearest(measure) {
    return this.placed.reduce((best, filter) => (measure(filter) < measure(best) ? filter : best), this.placed[0]);
  }

  open(filter) {
    this.point(filter);
    this.link.click();
  }

  // Arrow keys go to the nearest filter in their direction, Enter opens it.
  press(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Enter") return this.open(this.pointed);
    if (!way || event.ctrlKey || event.altKey || event.metaKey || this.pointed === undefined) return;
    event.preventDefault();
    const far = (filter) => {
      const [across, down] = [this.x[filter] - this.x[this.pointed], this.y[filter] - this.y[this.pointed]];
      const along = across * way[0] + down * way[1], beside = Math.abs(across * way[1] + down * way[0]);
      return along > 0 ? along + 2 * beside : Infinity;
    };
    const next = this.nearest(far);
    if (far(next) < Infinity) this.point(next);
  }
}
