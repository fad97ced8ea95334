// What was measured about the filters: orders to sort them by, one filter's numbers, its strongest pictures, a block's table.

const ROWS = 100; // of the table at a time: 2,048 at once would make a phone stutter
const RANK_WORDS = { strength: "strongest", importance: "most important" };

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "list") element[name] = value; else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null)); // text becomes text, never markup
  return element;
}

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
  plain.push(["strength", "strength"], ["selectivity", "selectivity for any class"], ["inside", "share inside the figure"],
    ["moved", "change through fine-tuning"], ["importance", "importance"]);
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
    this.list = make("dl", { className: "facts" });
    this.rows = make("tbody");
    this.table = make("table", { className: "classes" }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Class"),
      make("th", { scope: "col" }, "Tells it apart (AUC)"), make("th", { scope: "col" }, "Its importance"))), this.rows);
    this.about = make("p", { className: "quiet" });
    this.element = make("div", { className: "numbers" }, this.list, this.table);
  }

  // A new block: ranks are counted once.
  setBlock(model, numbers) {
    [this.model, this.numbers, this.ranks] = [model, numbers, {}];
    this.table.hidden = !numbers;
    if (!numbers) return;
    for (const key of Object.keys(RANK_WORDS)) {
      this.ranks[key] = [];
      ordered(numbers[key].length, key, false, numbers).forEach((filter, rank) => { this.ranks[key][filter] = rank + 1; });
    }
    this.cells = model.classes.map(() => [make("span", { className: "fill" }), make("span"), make("td")]);
    this.rows.replaceChildren(...model.classes.map((name, index) => make("tr", {}, make("th", { scope: "row" }, name),
      make("td", {}, make("span", { className: "bar" }, this.cells[index][0]), this.cells[index][1]), this.cells[index][2])));
  }

  show(filter, ranges) {
    const facts = ranges.map(([title, low, high]) => [`Answers here, ${title}`, `${shown(low)} to ${shown(high)}`,
      low === high ? "the same everywhere: drawn black" : "black to white"]);
    if (this.numbers) facts.push(...this.measured(filter));
    this.list.replaceChildren(...facts.map(([name, value, note]) => make("div", {}, make("dt", {}, name),
      make("dd", {}, make("b", {}, value), ` ${note}`))));
    if (this.numbers) this.showClasses(filter);
  }

  measured(filter) {
    const numbers = this.numbers, rank = (key) => `${nth(this.ranks[key][filter])} ${RANK_WORDS[key]} of ${numbers[key].length}`;
    const best = numbers.best[filter] < 0 ? "no class" : this.model.classes[numbers.best[filter]];
    return [
      ["Strength", shown(numbers.strength[filter]), rank("strength")],
      ["Selectivity", shown(numbers.selectivity[filter]), `for ${best}, p ${shown(numbers.p[filter])}`],
      ["Inside the figure", percent(numbers.inside[filter]), `where boxes cover ${percent(numbers.box_share[filter])}`],
      ["Importance", shown(numbers.importance[filter]), rank("importance")],
      ["Like before fine-tuning", shown(numbers.moved[filter]), "correlation of its maps"],
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

  static explanation(network, pictures) {
    const terms = {
      "Answers here": "The filter's lowest and highest answer in the picture shown; black and white stand for them in its map.",
      "Strength": "Its highest answer in a picture, as a mean over all pictures.",
      "Selectivity": "How well that highest answer tells a class from all others: the share of pairs, one picture of the class and "
        + "one of another, in which the first has the higher answer (AUC). 0.5 is luck, 1 is never wrong. p is how often dealing out "
        + "the labels anew makes some filter of the block as selective as this one.",
      "Inside the figure": "How much of its energy (the squares of its answers) lies inside the boxes around the figures. Spread "
        + "evenly it would be the boxes' share of the picture, which stands beside it.",
      "Importance": "By how much a class' score, before it becomes a probability, falls when the filter is switched off; in the "
        + "picture of the class that the network is surest of. One number: the mean of these falls and rises, all taken as positive.",
      "Like before fine-tuning": "The correlation of the filter's maps before and after the network learned from these pictures: 1 "
        + "where nothing changed.",
    };
    return make("details", { className: "explained" }, make("summary", {}, "What the numbers mean"),
      make("p", {}, `They are measured on the ${network} network over the ${pictures} pictures of the test part, which it never learned from.`),
      make("dl", {}, ...Object.entries(terms).flatMap(([term, meaning]) => [make("dt", {}, term), make("dd", {}, meaning)])));
  }
}

// The pictures in which a filter answers loudest, cropped to what its loudest answer depends on.
class Strongest {
  constructor(index) {
    this.index = index;
    this.whole = make("input", { type: "checkbox", autocomplete: "off", onchange: () => this.draw() });
    this.list = make("ol", { role: "list" });
    this.title = make("p", { className: "name" });
    this.element = make("section", { className: "strongest", "aria-label": "Strongest pictures" }, this.title,
      make("p", { className: "row" }, make("label", {}, this.whole, " Whole pictures, with what it sees outlined")), this.list);
  }

  show(block, numbers, filter) {
    [this.block, this.peaks] = [block, numbers ? numbers.strongest[filter] : []];
    this.element.hidden = !numbers;
    this.title.textContent = this.peaks.length ? `The ${this.peaks.length} pictures of the test part that filter ${filter + 1} `
      + "answers to most" : `Filter ${filter + 1} answers the same everywhere, in all pictures of the test part`;
    this.draw();
  }

  draw() {
    this.list.replaceChildren(...this.peaks.map((peak) => this.item(...peak)));
  }

  item(number, row, column, answer) {
    const picture = this.index.tested[number], said = picture.label ? `${picture.label}: ${picture.caption}` : picture.caption;
    const seen = this.seen(row, column), full = this.whole.checked;
    const [x0, y0, x1, y1] = full ? [0, 0, 1, 1] : seen.field;
    const [width, height] = [x1 - x0, y1 - y0], mark = full ? seen.field : seen.place;
    const place = (element, box) => Object.assign(element.style, { left: `${100 * (box[0] - x0) / width}%`,
      top: `${100 * (box[1] - y0) / height}%`, width: `${100 * (box[2] - box[0]) / width}%`, height: `${100 * (box[3] - box[1]) / height}%` });
    const crop = make("div", { className: "crop" });
    crop.style.aspectRatio = `${width * picture.width} / ${height * picture.height}`;
    if (picture.shown) {
      crop.append(make("img", { alt: said, src: `${this.index.address}/tested/${number}.jpg` }), make("span"));
      place(crop.firstChild, [0, 0, 1, 1]);
      place(crop.lastChild, mark);
    } else crop.append(make("p", {}, "Its licence keeps this picture from being shown."));
    return make("li", {}, crop, make("p", { className: "quiet" }, make("b", {}, shown(answer)), ` ${said}`));
  }

  // As fractions of the picture: what an answer depends on, and the square of the grid of answers where it stands.
  seen(row, column) {
    const { field: [size, stride, offset], input } = this.block, inside = (edge) => Math.min(Math.max(edge / input, 0), 1);
    const [left, top] = [offset + column * stride, offset + row * stride], [x, y] = [left + (size - stride) / 2, top + (size - stride) / 2];
    return { field: [left, top, left + size, top + size].map(inside), place: [x, y, x + stride, y + stride].map(inside) };
  }
}

// All filters of a block as a table: searched, sorted like the slider, each row a link to its view.
class Table {
  // reader: has `sortBy(key)` and `linkTo(filter)`.
  constructor(reader) {
    this.reader = reader;
    this.search = make("input", { type: "search", autocomplete: "off", oninput: () => { this.most = ROWS; this.draw(); } });
    this.found = make("p", { role: "status", className: "quiet" });
    [this.head, this.body] = [make("tr"), make("tbody")];
    this.more = make("button", { type: "button", onclick: () => this.extend() });
    this.title = make("summary");
    this.element = make("details", { className: "all", ontoggle: () => this.draw() }, this.title,
      make("p", { className: "row" }, make("label", {}, "Search by number or class ", this.search)), this.found,
      make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Table of the filters" },
        make("table", {}, make("thead", {}, this.head), this.body)), this.more);
  }

  show(model, block, numbers, here, order, key, reversed) {
    Object.assign(this, { model, numbers, order, key, reversed, most: ROWS });
    this.title.textContent = `All ${block.count} filters of ${block.layer} as a table`;
    this.columns = [["number", "Filter", (filter) => filter + 1], ["here", "Highest here", (filter) => shown(here[filter])]];
    if (numbers) this.columns.push(...this.measured());
    this.draw();
  }

  measured() {
    const plain = (key) => (filter) => shown(this.numbers[key][filter]), [kind, index] = this.key.split(":");
    const title = kind === "auc" ? "Selectivity" : "Importance", chosen = index === undefined ? []
      : [[this.key, `${title} for ${this.model.classes[index]}`, (filter) => shown(this.numbers[kind][index][filter])]];
    return [...chosen, ["strength", "Strength", plain("strength")], ["selectivity", "Selectivity", plain("selectivity")],
      ["", "for", (filter) => this.best(filter)], ["", "p", plain("p")],
      ["inside", "Inside", (filter) => percent(this.numbers.inside[filter])],
      ["importance", "Importance", plain("importance")], ["moved", "Like before", plain("moved")]];
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
    this.add(0);
  }

  heading(key, title) {
    if (!key) return make("th", { scope: "col" }, title);
    const lowFirst = (key === "number" || key === "moved") !== this.reversed;
    return make("th", { scope: "col", "aria-sort": key === this.key ? (lowFirst ? "ascending" : "descending") : "none" },
      make("button", { type: "button", onclick: () => this.reader.sortBy(key, this.columns) }, title));
  }

  add(from) {
    this.matches.slice(from, this.most).forEach((filter) => {
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

  extend() {
    const from = this.lines.size;
    this.most += ROWS;
    this.add(from);
  }

  mark(filter) {
    const line = (of) => this.lines && this.lines.get(of);
    line(this.marked)?.removeAttribute("aria-current");
    this.marked = filter;
    line(filter)?.setAttribute("aria-current", "true");
  }
}
