// What was measured about the filters: orders to sort them by, one filter's numbers, its strongest pictures, a table of
// all filters of a block.

const ROWS = 100; // of the table at a time: 2,048 at once would make a phone stutter
const RANK_WORDS = { strength: "strongest", importance: "most important" };

const shown = (value) => (value === null || value === undefined ? "–" : String(value).replace("-", "−"));
const percent = (value) => (value === null ? "–" : `${Math.round(100 * value)} %`);

function nth(number) {
  const last = number % 10, teen = Math.floor(number / 10) % 10 === 1;
  return number + (teen ? "th" : { 1: "st", 2: "nd", 3: "rd" }[last] || "th");
}

// The orders that a block can be put in: [key, label], with the classes' own in groups.
function orders(model, numbers) {
  const plain = [["number", "number"], ["here", "highest answer here"]];
  if (!numbers) return { plain, groups: [] };
  const of = (kind) => model.classes.map((name, index) => [`${kind}:${index}`, name]);
  plain.push(["strength", "strength"], ["selectivity", "selectivity for any class"],
    ["inside", "share inside the figure"], ["moved", "change through training"], ["importance", "importance"]);
  return { plain, groups: [["Selectivity for", of("auc")], ["Importance for", of("drop")]] };
}

// The values that an order compares, one a filter. `here` are the highest answers in the picture that is shown.
function values(key, numbers, here) {
  const [kind, index] = key.split(":");
  if (kind === "here") return here;
  return index === undefined ? numbers[kind] : numbers[kind][index];
}

// All filters in an order: highest value first (of `moved`, a correlation, the lowest), what was not measured last.
function ordered(count, key, reversed, numbers, here) {
  const filters = Array.from({ length: count }, (_, index) => index);
  if (key !== "number") {
    const by = values(key, numbers, here), sign = key === "moved" ? 1 : -1;
    filters.sort((a, b) => (by[a] === null) - (by[b] === null) || sign * (by[a] - by[b]) || a - b);
  }
  return reversed ? filters.reverse() : filters;
}

// The numbers of one filter beside its maps.
class Numbers {
  constructor() {
    this.list = make("dl");
    this.rows = make("tbody");
    const titles = ["Class", "Tells it apart (AUC)", "Importance for it"];
    const head = titles.map((title) => make("th", { scope: "col" }, title));
    const table = make("table", { className: "maps-classes" }, make("thead", {}, make("tr", {}, ...head)), this.rows);
    this.source = make("p", { className: "maps-quiet" });
    this.element = make("div", { className: "maps-numbers" }, this.list, table, this.source, explanation());
  }

  // A new block: ranks are counted once.
  setBlock(model, numbers) {
    [this.model, this.numbers, this.ranks] = [model, numbers, {}];
    this.element.hidden = !numbers;
    if (!numbers) return;
    this.source.textContent = `Measured on the ${model.networks[0].title} network, over the ${model.tested} pictures of `
      + "its test part.";
    for (const key of Object.keys(RANK_WORDS)) {
      const ranks = this.ranks[key] = [];
      ordered(numbers[key].length, key, false, numbers).forEach((filter, place) => { ranks[filter] = place + 1; });
    }
    this.cells = model.classes.map(() => [make("span", { className: "maps-fill" }), make("span"), make("td")]);
    this.rows.replaceChildren(...this.cells.map(([fill, auc, drop], index) => make("tr", {},
      make("th", { scope: "row" }, model.classes[index]),
      make("td", {}, make("span", { className: "maps-bar" }, fill), auc), drop)));
  }

  show(filter) {
    if (!this.numbers) return;
    this.list.replaceChildren(...this.measured(filter).map(([name, value, note]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, make("b", {}, value), ` ${note}`))));
    this.showClasses(filter);
  }

  // The same in a sentence, for those who listen.
  spoken() {
    const facts = this.numbers ? [...this.list.children] : [];
    return facts.map(({ firstChild, lastChild }) => `${firstChild.textContent}: ${lastChild.textContent}.`).join(" ");
  }

  measured(filter) {
    const { numbers } = this;
    const rank = (key) => `${nth(this.ranks[key][filter])} ${RANK_WORDS[key]} of ${numbers[key].length}`;
    const best = numbers.best[filter] < 0 ? "no class" : this.model.classes[numbers.best[filter]];
    return [
      ["Strength", shown(numbers.strength[filter]), rank("strength")],
      ["Selectivity", shown(numbers.selectivity[filter]), `for ${best}, p = ${shown(numbers.p[filter])}`],
      ["Inside the figure", percent(numbers.inside[filter]), `where boxes cover ${percent(numbers.box_share[filter])}`],
      ["Importance", shown(numbers.importance[filter]), rank("importance")],
      ["Like before training", shown(numbers.moved[filter]), "correlation of its maps"],
    ];
  }

  showClasses(filter) {
    this.cells.forEach(([fill, auc, drop], index) => {
      const value = this.numbers.auc[index][filter];
      fill.style.left = `${100 * Math.min(value ?? 0.5, 0.5)}%`; // from luck, the middle, to the value
      fill.style.width = `${100 * Math.abs((value ?? 0.5) - 0.5)}%`;
      auc.textContent = shown(value);
      drop.textContent = shown(this.numbers.drop[index][filter]);
    });
  }
}

const MEANINGS = {
  "Strength": "The filter's highest answer in a picture, as a mean over all pictures.",
  "Selectivity": "How well that highest answer tells a class from all others: the share of pairs, one picture of the "
    + "class and one of another, in which the first has the higher answer (AUC). 0.5 is luck, 1 is never wrong. p is "
    + "how often dealing out the labels anew makes some filter of the block as selective as this one.",
  "Inside the figure": "How much of its energy (the squares of its answers) lies inside the boxes around the figures. "
    + "Spread evenly it would be the boxes' share of the picture, which stands beside it.",
  "Importance": "By how much a class' score, before it becomes a probability, falls when the filter is switched off, "
    + "in the picture of the class that the network is surest of. The one number is the mean of these falls and rises, "
    + "all taken as positive.",
  "Like before training": "The correlation of the filter's maps before and after the network learned from these "
    + "pictures (fine-tuning, where ImageNet had taught it before): 1 where nothing changed.",
};

function explanation() {
  const terms = Object.entries(MEANINGS).flatMap(([term, meaning]) => [make("dt", {}, term), make("dd", {}, meaning)]);
  const title = make("summary", {}, "What the numbers mean");
  return make("details", { className: "maps-explained" }, title, make("dl", {}, ...terms));
}

// The pictures in which a filter answers loudest, cropped to what its loudest answer depends on.
class Strongest {
  constructor(index) {
    this.index = index;
    this.whole = make("input", { type: "checkbox", autocomplete: "off", onchange: () => this.draw() });
    this.list = make("ol", { role: "list" });
    this.title = make("p", { className: "maps-name" });
    const whole = make("label", {}, this.whole, " Whole pictures, with what it sees outlined");
    this.element = make("section", { className: "maps-strongest", "aria-label": "Strongest pictures" }, this.title,
      make("p", { className: "maps-row" }, whole), this.list);
  }

  show(block, numbers, filter) {
    [this.block, this.peaks] = [block, numbers ? numbers.strongest[filter] : []];
    this.element.hidden = !numbers;
    this.title.textContent = this.peaks.length
      ? `The ${this.peaks.length} pictures of the test part that filter ${filter + 1} answers to most`
      : `Filter ${filter + 1} answers the same everywhere, in all pictures of the test part`;
    this.draw();
  }

  draw() {
    this.list.replaceChildren(...this.peaks.map((peak) => this.item(...peak)));
  }

  item(number, row, column, answer) {
    const picture = this.index.tested[number], seen = this.seen(row, column), whole = this.whole.checked;
    const crop = make("div", { className: "maps-crop" }), frame = whole ? [0, 0, 1, 1] : seen.field;
    const shape = (frame[2] - frame[0]) * picture.width / ((frame[3] - frame[1]) * picture.height);
    crop.style.setProperty("--aspect", shape);
    if (picture.shown) {
      const src = `${this.index.address}/tested/${number}.jpg`;
      crop.append(make("img", { alt: named(picture), src }), make("span"));
      Strongest.place(crop.firstChild, [0, 0, 1, 1], frame);
      Strongest.place(crop.lastChild, whole ? seen.field : seen.place, frame);
    } else crop.append(make("p", {}, "Its licence keeps this picture from being shown."));
    return make("li", {}, crop, make("p", { className: "maps-quiet" }, make("b", {}, shown(answer)), ` ${named(picture)}`));
  }

  // As fractions of the picture: what an answer depends on, and the square of the grid of answers where it stands.
  seen(row, column) {
    const { field: [size, stride, offset], input } = this.block;
    const [left, top] = [offset + column * stride, offset + row * stride];
    const square = (x, y, side) => [x, y, x + side, y + side].map((edge) => Math.min(Math.max(edge / input, 0), 1));
    const margin = (size - stride) / 2;
    return { field: square(left, top, size), place: square(left + margin, top + margin, stride) };
  }

  // Puts an element where a box lies within a frame, both given as fractions of the picture.
  static place(element, [x0, y0, x1, y1], [left, top, right, bottom]) {
    const across = (length) => `${100 * length / (right - left)}%`;
    const down = (length) => `${100 * length / (bottom - top)}%`;
    Object.assign(element.style, { left: across(x0 - left), top: down(y0 - top), width: across(x1 - x0),
      height: down(y1 - y0) });
  }
}

// All filters of a block as a table: searched, sorted like the slider, each row a link to its view.
class Table {
  // reader: has `sortBy(key)` and `linkTo(filter)`.
  constructor(reader) {
    this.reader = reader;
    this.search = make("input", { type: "search", autocomplete: "off", oninput: () => this.draw() });
    this.found = make("p", { role: "status", className: "maps-quiet" });
    [this.head, this.body] = [make("tr"), make("tbody")];
    this.more = make("button", { type: "button", onclick: () => this.extend() });
    this.title = make("summary");
    this.element = make("details", { className: "maps-all", ontoggle: () => this.draw() }, this.title,
      make("p", { className: "maps-row" }, make("label", {}, "Search by number or class ", this.search)), this.found,
      make("div", { className: "maps-scroll", tabIndex: 0, role: "region", "aria-label": "Table of the filters" },
        make("table", {}, make("thead", {}, this.head), this.body)), this.more);
  }

  show(model, block, numbers, here, order, key, reversed) {
    Object.assign(this, { model, numbers, order, key, reversed });
    this.title.textContent = `All ${block.count} filters of ${block.layer} as a table`;
    this.columns = [["number", "Filter", (filter) => filter + 1],
      ["here", "Highest here", (filter) => shown(here[filter])]]; // a key to sort by, a title, a cell's text
    if (numbers) this.columns.push(...this.measured());
    this.draw();
  }

  measured() {
    const { numbers, model, key } = this, [kind, index] = key.split(":");
    const text = (list) => (filter) => shown(list[filter]);
    const title = kind === "auc" ? "Selectivity" : "Importance";
    const chosen = index && [key, `${title} for ${model.classes[index]}`, text(numbers[kind][index])];
    return [...(chosen ? [chosen] : []), ["strength", "Strength", text(numbers.strength)],
      ["selectivity", "Selectivity", text(numbers.selectivity)], ["", "for", (filter) => this.best(filter)],
      ["", "p", text(numbers.p)], ["inside", "Inside", (filter) => percent(numbers.inside[filter])],
      ["importance", "Importance", text(numbers.importance)], ["moved", "Like before", text(numbers.moved)]];
  }

  best(filter) {
    return this.numbers && this.numbers.best[filter] >= 0 ? this.model.classes[this.numbers.best[filter]] : "";
  }

  draw() {
    if (!this.element.open || !this.order) return;
    const wanted = this.search.value.trim().toLowerCase();
    this.matches = this.order.filter((filter) => (/^\d+$/.test(wanted) ? String(filter + 1).startsWith(wanted)
      : this.best(filter).toLowerCase().includes(wanted)));
    this.head.replaceChildren(...this.columns.map(([key, title]) => this.heading(key, title)));
    this.lines = new Map();
    this.body.replaceChildren();
    this.extend();
  }

  heading(key, title) {
    if (!key) return make("th", { scope: "col" }, title);
    const lowFirst = (key === "number" || key === "moved") !== this.reversed;
    const sorted = lowFirst ? "ascending" : "descending";
    return make("th", { scope: "col", "aria-sort": key === this.key ? sorted : "none" }, make("button",
      { type: "button", onclick: () => this.reader.sortBy(key) }, title));
  }

  // Lists some more of what was found.
  extend() {
    this.matches.slice(this.lines.size, this.lines.size + ROWS).forEach((filter) => {
      const cells = this.columns.map(([, , text]) => make("td", {}, String(text(filter))));
      cells[0].replaceChildren(make("a", { href: this.reader.linkTo(filter) }, String(filter + 1)));
      this.lines.set(filter, make("tr", {}, ...cells));
      this.body.append(this.lines.get(filter));
    });
    const left = this.matches.length - this.lines.size;
    this.found.textContent = `${this.matches.length} found, ${this.lines.size} listed`;
    this.more.hidden = !left;
    this.more.textContent = `List ${Math.min(left, ROWS)} more`;
    this.mark(this.marked);
  }

  mark(filter) {
    const line = (of) => this.lines && this.lines.get(of);
    line(this.marked)?.removeAttribute("aria-current");
    this.marked = filter;
    line(filter)?.setAttribute("aria-current", "true");
  }
}
