// What was measured about the filters: orders to sort them by, one filter's numbers, its strongest pictures, and a
// table of all filters of a block. It is made with dom.js; reader.js shows it.

const ROWS = 100; // of the table at a time: 2,048 at once would make a phone stutter

const formatNumber = (value) => (value === null || value === undefined ? "–" : String(value).replace("-", "−"));
const formatShare = (value) => (value === null ? "–" : `${Math.round(100 * value)} %`);
const namePicture = ({ label, caption }) => (label ? `${label}: ${caption}` : caption);

function ordinal(number) {
  const last = number % 10, teen = Math.floor(number / 10) % 10 === 1;
  return number + (teen ? "th" : { 1: "st", 2: "nd", 3: "rd" }[last] || "th");
}

// The options for the order of a block's filters, the classes' own in groups. A value names a list of the numbers, and of
// the classes' lists, behind a colon, the class.
function orderOptions(model, numbers) {
  const option = ([value, text]) => make("option", { value }, text);
  const known = [["number", "number"], ["here", "highest answer here"]].map(option);
  if (!numbers) return known;
  const ofClasses = (label, kind) =>
    make("optgroup", { label }, ...model.classes.map((name, index) => option([`${kind}:${index}`, name])));
  const measured = [["strength", "strength"], ["selectivity", "selectivity for any class"],
    ["inside", "share inside the figure"], ["correlation_before_after", "change through training"],
    ["importance", "importance"]].map(option);
  return [...known, ...measured, ofClasses("Selectivity for", "auc"), ofClasses("Importance for", "drop")];
}

const lowFirst = (key) => key === "number" || key === "correlation_before_after";

// All filters in an order: the remarkable values first, what was not measured last. `here` are the highest answers in
// the picture that is shown.
function sortFilters(count, key, reversed, numbers, here) {
  const [kind, index] = key.split(":"), filters = Array.from({ length: count }, (_, filter) => filter);
  const own = { here, number: [...filters], ...numbers }[kind], values = index === undefined ? own : own[index];
  const sign = lowFirst(key) ? 1 : -1;
  filters.sort((a, b) => (values[a] === null) - (values[b] === null) || sign * (values[a] - values[b]) || a - b);
  return reversed ? filters.reverse() : filters;
}

// The numbers of one filter beside its maps.
class Numbers {
  constructor(meanings) {
    this.list = make("dl");
    this.rows = make("tbody");
    const titles = ["Class", "Tells it apart (AUC)", "Importance for it"];
    const head = make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)));
    this.source = make("p", { className: "maps-quiet" });
    const terms = Object.entries(meanings).flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]);
    this.element = make("div", { className: "maps-numbers" }, this.list,
      make("table", { className: "maps-classes" }, make("thead", {}, head), this.rows), this.source,
      make("details", { className: "maps-explained", hidden: !terms.length },
        make("summary", {}, "What the numbers mean"), make("dl", {}, ...terms)));
  }

  setBlock(model, numbers) {
    Object.assign(this, { model, numbers });
    this.element.hidden = !numbers;
    this.source.textContent = `Measured on the ${model.networks[0].title} network, over the ${model.tested} pictures `
      + "of its test part.";
  }

  show(filter) {
    if (!this.numbers) return;
    this.list.replaceChildren(...this.facts(filter).map(([name, value, note]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, make("b", {}, value), ` ${note}`))));
    const { auc, drop } = this.numbers;
    this.rows.replaceChildren(...this.model.classes.map((name, index) =>
      Numbers.classRow(name, auc[index][filter], drop[index][filter])));
  }

  // The same in a sentence, for those who listen.
  speak() {
    const facts = this.numbers ? [...this.list.children] : [];
    return facts.map(({ firstChild, lastChild }) => `${firstChild.textContent}: ${lastChild.textContent}.`).join(" ");
  }

  facts(filter) {
    const { numbers, model } = this, best = numbers.best[filter];
    const rank = (values, word) => {
      const ahead = values.filter((value, other) =>
        value > values[filter] || (value === values[filter] && other < filter));
      return `${ordinal(ahead.length + 1)} ${word} of ${values.length}`;
    };
    return [
      ["Strength", formatNumber(numbers.strength[filter]), rank(numbers.strength, "strongest")],
      ["Selectivity", formatNumber(numbers.selectivity[filter]),
        `for ${best < 0 ? "no class" : model.classes[best]}, p = ${formatNumber(numbers.p[filter])}`],
      ["Inside the figure", formatShare(numbers.inside[filter]),
        `where boxes cover ${formatShare(numbers.box_share[filter])}`],
      ["Importance", formatNumber(numbers.importance[filter]), rank(numbers.importance, "most important")],
      ["Like before training", formatNumber(numbers.correlation_before_after[filter]), "correlation of its maps"],
    ];
  }

  // The bar goes from chance, the middle, to the area under the curve.
  static classRow(name, auc, drop) {
    const value = auc ?? 0.5, style = `left: ${100 * Math.min(value, 0.5)}%; width: ${100 * Math.abs(value - 0.5)}%`;
    return make("tr", {}, make("th", { scope: "row" }, name),
      make("td", {}, make("span", { className: "maps-bar" }, make("span", { className: "maps-fill", style })),
        make("span", {}, formatNumber(auc))),
      make("td", {}, formatNumber(drop)));
  }
}

// Where a box lies within a frame, both as fractions of the picture, as a style.
function placement([x0, y0, x1, y1], [left, top, right, bottom]) {
  const across = (length) => `${100 * length / (right - left)}%`;
  const down = (length) => `${100 * length / (bottom - top)}%`;
  return `left: ${across(x0 - left)}; top: ${down(y0 - top)}; width: ${across(x1 - x0)}; height: ${down(y1 - y0)}`;
}

// The pictures in which a filter answers loudest, cropped to what its loudest answer depends on.
class Strongest {
  constructor(index) {
    this.index = index;
    this.whole = make("input", { type: "checkbox", autocomplete: "off", onchange: () => this.draw() });
    this.list = make("ol", { role: "list" });
    this.title = make("p", { className: "maps-name" });
    this.element = make("section", { className: "maps-strongest", "aria-label": "Strongest pictures" }, this.title,
      make("p", { className: "maps-row" },
        make("label", {}, this.whole, " Whole pictures, with what it sees outlined")), this.list);
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
    const picture = this.index.tested[number], { field, place } = this.sight(row, column), whole = this.whole.checked;
    const frame = whole ? [0, 0, 1, 1] : field, src = `${this.index.address}/tested/${number}.jpg`;
    const aspect = (frame[2] - frame[0]) * picture.width / ((frame[3] - frame[1]) * picture.height);
    const content = picture.shown ? [
      make("img", { alt: namePicture(picture), src, style: placement([0, 0, 1, 1], frame) }),
      make("span", { style: placement(whole ? field : place, frame) }),
    ] : [make("p", {}, "Its licence keeps this picture from being shown.")];
    return make("li", {}, make("div", { className: "maps-crop", style: `--aspect: ${aspect}` }, ...content),
      make("p", { className: "maps-quiet" }, make("b", {}, formatNumber(answer)), ` ${namePicture(picture)}`));
  }

  // As fractions of the picture: what an answer depends on, and the square of the grid of answers where it stands.
  sight(row, column) {
    const { field: [size, stride, offset], input } = this.block;
    const [left, top] = [offset + column * stride, offset + row * stride];
    const square = (x, y, side) => [x, y, x + side, y + side].map((edge) => Math.min(Math.max(edge / input, 0), 1));
    const margin = (size - stride) / 2;
    return { field: square(left, top, size), place: square(left + margin, top + margin, stride) };
  }
}

// All filters of a block as a table: searched, sorted like the slider, each row a link to its view.
class Table {
  // reader: has `sortBy(key)` and `linkTo(filter)`.
  constructor(reader) {
    this.reader = reader;
    this.search = make("input", { type: "search", autocomplete: "off", oninput: () => this.draw() });
    this.found = make("p", { role: "status", className: "maps-quiet" });
    [this.head, this.body, this.title] = [make("tr"), make("tbody"), make("summary")];
    this.more = make("button", { type: "button", onclick: () => this.draw(this.listed + ROWS) });
    this.element = make("details", { className: "maps-all", ontoggle: () => this.draw() }, this.title,
      make("p", { className: "maps-row" }, make("label", {}, "Search by number or class ", this.search)), this.found,
      make("div", { className: "maps-scroll", tabIndex: 0, role: "region", "aria-label": "Table of the filters" },
        make("table", {}, make("thead", {}, this.head), this.body)), this.more);
  }

  show(model, block, numbers, here, order, key, reversed) {
    Object.assign(this, { model, numbers, order, key, reversed });
    this.title.textContent = `All ${block.count} filters of ${block.layer} as a table`;
    this.columns = [["number", "Filter", (filter) => filter + 1],
      ["here", "Highest here", (filter) => formatNumber(here[filter])]]; // a key to sort by, a title, a cell's text
    if (numbers) this.columns.push(...this.measured());
    this.draw();
  }

  measured() {
    const { numbers, model, key } = this, [kind, index] = key.split(":");
    const text = (list) => (filter) => formatNumber(list[filter]);
    const title = kind === "auc" ? "Selectivity" : "Importance";
    const chosen = index && [key, `${title} for ${model.classes[index]}`, text(numbers[kind][index])];
    return [...(chosen ? [chosen] : []), ["strength", "Strength", text(numbers.strength)],
      ["selectivity", "Selectivity", text(numbers.selectivity)], ["", "for", (filter) => this.best(filter)],
      ["", "p", text(numbers.p)], ["inside", "Inside", (filter) => formatShare(numbers.inside[filter])],
      ["importance", "Importance", text(numbers.importance)],
      ["correlation_before_after", "Like before", text(numbers.correlation_before_after)]];
  }

  best(filter) {
    return this.numbers && this.numbers.best[filter] >= 0 ? this.model.classes[this.numbers.best[filter]] : "";
  }

  draw(listed = ROWS) {
    if (!this.element.open || !this.order) return;
    const wanted = this.search.value.trim().toLowerCase();
    const found = this.order.filter((filter) => (/^\d+$/.test(wanted) ? String(filter + 1).startsWith(wanted)
      : this.best(filter).toLowerCase().includes(wanted)));
    this.listed = Math.min(listed, found.length);
    this.head.replaceChildren(...this.columns.map(([key, title]) => this.heading(key, title)));
    this.body.replaceChildren(...found.slice(0, this.listed).map((filter) => this.row(filter)));
    this.found.textContent = `${found.length} found, ${this.listed} listed`;
    this.more.hidden = this.listed === found.length;
    this.more.textContent = `List ${Math.min(found.length - this.listed, ROWS)} more`;
    this.mark(this.marked);
  }

  heading(key, title) {
    if (!key) return make("th", { scope: "col" }, title);
    const sorted = lowFirst(key) !== this.reversed ? "ascending" : "descending";
    return make("th", { scope: "col", "aria-sort": key === this.key ? sorted : "none" },
      make("button", { type: "button", onclick: () => this.reader.sortBy(key) }, title));
  }

  row(filter) {
    const cells = this.columns.map(([, , text]) => make("td", {}, String(text(filter))));
    cells[0].replaceChildren(make("a", { href: this.reader.linkTo(filter) }, String(filter + 1)));
    return make("tr", { "data-filter": filter }, ...cells);
  }

  mark(filter) {
    this.marked = filter;
    this.body.querySelector("[aria-current]")?.removeAttribute("aria-current");
    this.body.querySelector(`[data-filter="${filter}"]`)?.setAttribute("aria-current", "true");
  }
}
