// What was measured about the filters: orders to sort them by, one filter's numbers, its strongest pictures, and a
// table of all filters of a block. It is made with dom.js; reader.js shows it.

const ROWS = 100; // of the table at a time: 2,048 at once would make a phone stutter
const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };
const PLURALS = new Intl.PluralRules("en", { type: "ordinal" });

const ordinal = (number) => number + ENDINGS[PLURALS.select(number)];
const formatNumber = (value) => (value === null || value === undefined ? "–" : String(value).replace("-", "−"));
const formatShare = (value) => (value === null ? "–" : `${Math.round(100 * value)}%`);
// Where a tile lies in a sprite of so many columns, as a style.
function placeTile(place, columns, count) {
  const rows = Math.ceil(count / columns), share = (number, of) => `${100 * number / Math.max(of - 1, 1)}%`;
  return `background-size: ${100 * columns}% ${100 * rows}%; `
    + `background-position: ${share(place % columns, columns)} ${share(Math.floor(place / columns), rows)}`;
}
const namePicture = ({ label, caption }) => (label && !caption.startsWith(label) ? `${label}: ${caption}` : caption);

// The values to sort by, over the filters. A key names a list of the numbers and, of the classes' lists, behind a colon,
// the class.
function listOf(numbers, key) {
  const [kind, index] = key.split(":");
  return kind === "number" ? [...numbers.here.keys()] : index ? numbers[kind]?.[index] : numbers[kind];
}

// The options for the order of a block's filters, the classes' own in groups; what was not measured can't be chosen.
function orderOptions(model, numbers) {
  const option = ([value, text]) => {
    const disabled = !listOf(numbers, value)?.some((one) => one !== null);
    return make("option", { value, disabled }, disabled ? `${text} (not measured)` : text);
  };
  const ofClasses = (label, kind) =>
    make("optgroup", { label }, ...model.classes.map((name, index) => option([`${kind}:${index}`, name])));
  const all = [["number", "number"], ["here", "highest answer here"], ["strength", "strength"],
    ["selectivity", "selectivity for any class"], ["inside", "share inside the figure"],
    ["correlation_before_after", "change through training"], ["importance", "importance"],
    ...(numbers.kept ? [["kept", "change of what it would like to see"]] : [])].map(option);
  return model.classes.length ? [...all, ofClasses("Selectivity for", "auc"), ofClasses("Importance for", "drop")] : all;
}

const lowFirst = (key) => ["number", "correlation_before_after", "kept"].includes(key);

// All filters in an order: the remarkable values first, what was not measured always last. `here` of the numbers are
// the highest answers in the picture that is shown.
function sortFilters(numbers, key, reversed = false) {
  const filters = [...numbers.here.keys()], values = listOf(numbers, key), sign = lowFirst(key) ? 1 : -1;
  const known = filters.filter((filter) => values[filter] !== null);
  known.sort((a, b) => sign * (values[a] - values[b]) || a - b);
  return [...(reversed ? known.reverse() : known), ...filters.filter((filter) => values[filter] === null)];
}

// The numbers of one filter beside its maps.
class Numbers {
  constructor(reader) {
    this.reader = reader;
    [this.list, this.rows, this.note] = [make("dl"), make("tbody"), make("p", { className: "maps-quiet" })];
    const titles = ["Class", "Tells it apart (AUC)", "Importance for it"];
    const head = make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)));
    const terms = Object.entries(reader.index.meanings).flatMap(([term, text]) =>
      [make("dt", {}, term), make("dd", {}, text)]);
    this.element = make("div", { className: "maps-numbers" }, this.list,
      make("div", { className: "maps-wide" },
        make("table", { className: "maps-classes" }, make("thead", {}, head), this.rows)), this.note,
      make("details", { className: "maps-explained", hidden: !terms.length },
        make("summary", {}, "What the numbers mean"), make("dl", {}, ...terms)));
  }

  show() {
    const { model, measured, values, view: { filter } } = this.reader, facts = measured ? this.facts(filter) : [];
    this.element.hidden = !measured;
    this.spoken = facts.map(([name, value, note]) => `${name}: ${value} ${note}.`).join(" "); // for those who listen
    this.list.replaceChildren(...facts.map(([name, value, note]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, make("b", {}, value), ` ${note}`))));
    this.rows.replaceChildren(...(measured ? model.classes : []).map((name, index) =>
      Numbers.classRow(name, values.auc[index][filter], values.drop[index][filter])));
    this.note.textContent = `Measured on the ${model.networks[0].title} network and its ${model.tested} test pictures.`;
  }

  // Of each number its name, value and a note. What was not measured has no rank.
  facts(filter) {
    const { values, block: { count }, model: { tested } } = this.reader;
    const missing = (key) => values[key][filter] === null;
    const fact = (name, key, note, format = formatNumber) => [name,
      ...(missing(key) ? ["–", "not measured"] : [format(values[key][filter]), note()])];
    const rank = (key, word) => () => // a smaller number goes before an equal one
      `${ordinal(1 + values[key].filter((one, place) => one !== null && (one - values[key][filter] || filter - place) > 0)
        .length)} ${word} of ${count}`;
    const strength = fact("Strength", "strength", rank("strength", "strongest"));
    if (missing("selectivity")) return [strength, ["Not measured", "–",
      `it is heard in ${values.heard[filter]} of ${tested} test pictures, which is too few`]];
    return [strength,
      fact("Selectivity", "selectivity", () => `for ${values.best[filter]}, p = ${formatNumber(values.p[filter])}`),
      fact("Inside the figure", "inside", () => `where boxes cover ${formatShare(values.box_share[filter])}; in other `
        + `pictures' boxes of that size ${formatShare(values.inside_others[filter])}`, formatShare),
      fact("Importance", "importance", rank("importance", "most important")),
      fact("Like before training", "correlation_before_after", () => "correlation of its maps"),
      ...(values.kept && !missing("kept") ? [fact("To its earlier picture", "kept",
        () => "as strong an answer as to what it would like to see now", formatShare)] : [])];
  }

  // The bar goes from chance, the middle, to the area under the curve.
  static classRow(name, auc, drop) {
    const value = auc ?? 0.5, style = `left: ${100 * Math.min(value, 0.5)}%; width: ${100 * Math.abs(value - 0.5)}%`;
    return make("tr", {}, make("th", { scope: "row" }, name),
      make("td", {}, make("span", { className: "maps-bar" }, make("span", { className: "maps-fill", style })),
        make("span", {}, formatNumber(auc))),
      make("td", {}, formatNumber(drop && Number(drop.toFixed(3)))));
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
  constructor(reader) {
    this.reader = reader;
    this.whole = make("input", { type: "checkbox", autocomplete: "off", onchange: () => this.show() });
    [this.list, this.title] = [make("ol", { role: "list" }), make("p", { className: "maps-name" })];
    this.element = make("section", { className: "maps-strongest", "aria-label": "Strongest pictures" }, this.title,
      make("p", { className: "maps-row" },
        make("label", {}, this.whole, " Whole pictures, with what it sees outlined")), this.list);
  }

  show() {
    const { values, measured, view: { filter } } = this.reader, flat = values?.strongest?.[filter] ?? [];
    const peaks = Array.from({ length: flat.length / 3 }, (_, place) => flat.slice(3 * place, 3 * place + 3));
    this.element.hidden = !measured;
    const drawn = this.reader.drawOptimised("li"), first = drawn.length ? "What it would like to see, and the" : "The";
    this.title.textContent = peaks.length
      ? `${first} ${peaks.length} pictures of the test part that filter ${filter + 1} answers to most`
      : `Filter ${filter + 1} is heard in no picture of the test part`;
    this.list.replaceChildren(...drawn, ...peaks.map((peak) => this.item(...peak)));
  }

  item(number, peak, answer) {
    const { index: { tested, address }, block: { side } } = this.reader, picture = tested[number];
    const { field, place } = this.sight(Math.floor(peak / side), peak % side);
    const [frame, mark] = this.whole.checked ? [[0, 0, 1, 1], field] : [field, place];
    const aspect = (frame[2] - frame[0]) * picture.width / ((frame[3] - frame[1]) * picture.height);
    const content = picture.shown ? [
      make("img", { alt: namePicture(picture), src: `${address}/tested/${number}.jpg`,
        style: placement([0, 0, 1, 1], frame) }),
      make("span", { style: placement(mark, frame) }),
    ] : [make("p", {}, "Its licence keeps this picture from being shown.")];
    return make("li", {}, make("div", { className: "maps-crop", style: `--aspect: ${aspect}` }, ...content),
      make("p", { className: "maps-quiet" }, make("b", {}, formatNumber(answer)), ` ${namePicture(picture)}`));
  }

  // As fractions of the picture: what an answer depends on, and the square of the grid of answers where it stands.
  sight(row, column) {
    const { field: [size, stride, offset], input } = this.reader.block, margin = (size - stride) / 2;
    const [left, top] = [offset + column * stride, offset + row * stride];
    const square = (x, y, side) => [x, y, x + side, y + side].map((edge) => Math.min(Math.max(edge / input, 0), 1));
    return { field: square(left, top, size), place: square(left + margin, top + margin, stride) };
  }
}

// All filters of a block as a table: searched, sorted like the slider, each row a link to where the filter answers most.
class Table {
  constructor(reader) {
    this.reader = reader;
    this.search = make("input", { type: "search", autocomplete: "off", oninput: () => this.draw() });
    this.found = make("p", { role: "status", className: "maps-quiet" });
    [this.head, this.body, this.title] = [make("tr"), make("tbody"), make("summary")];
    this.more = makeButton("", () => this.draw(this.listed + ROWS));
    this.element = make("details", { className: "maps-all", ontoggle: () => this.draw() }, this.title,
      make("p", { className: "maps-row" }, make("label", {}, "Search by number or class ", this.search)), this.found,
      make("div", { className: "maps-scroll", tabIndex: 0, role: "region", "aria-label": "Table of the filters" },
        make("table", {}, make("thead", {}, this.head), this.body)), this.more);
  }

  // Of each column a key to sort by, a title, and a cell's text.
  columns() {
    const { values, measured, model, sort } = this.reader, [kind, index] = sort.split(":");
    const text = (list) => (filter) => formatNumber(list[filter]);
    const known = [["number", "Filter", (filter) => filter + 1], ["here", "Highest here", text(values.here)]];
    if (!measured) return known;
    const title = kind === "auc" ? "Selectivity" : "Importance";
    const chosen = index ? [[sort, `${title} for ${model.classes[index]}`, text(values[kind][index])]] : [];
    return [...known, ...chosen, ["strength", "Strength", text(values.strength)],
      ["selectivity", "Selectivity", text(values.selectivity)], ["", "for", (filter) => values.best[filter]],
      ["", "p", text(values.p)], ["inside", "Inside", (filter) => formatShare(values.inside[filter])],
      ["importance", "Importance", text(values.importance)],
      ["correlation_before_after", "Like before", text(values.correlation_before_after)],
      ...(values.kept ? [["kept", "To earlier picture", (filter) => formatShare(values.kept[filter])]] : [])];
  }

  draw(listed = ROWS) {
    const { order, block, values, measured } = this.reader, wanted = this.search.value.trim().toLowerCase();
    this.title.textContent = `All ${block.count} filters of block ${this.reader.view.block + 1} as a table`;
    if (!this.element.open || !order.length) return;
    const found = order.filter((filter) => (/^\d+$/.test(wanted) ? String(filter + 1).startsWith(wanted)
      : !wanted || (measured && values.best[filter].toLowerCase().includes(wanted)))), columns = this.columns();
    this.listed = Math.min(listed, found.length);
    this.head.replaceChildren(...columns.map(([key, title]) => this.heading(key, title)));
    this.body.replaceChildren(...found.slice(0, this.listed).map((filter) => this.row(filter, columns)));
    this.found.textContent = `${found.length} found, ${this.listed} listed`;
    this.more.hidden = this.listed === found.length;
    this.more.textContent = `List ${Math.min(found.length - this.listed, ROWS)} more`;
    this.mark();
  }

  heading(key, title) {
    const { sort, reversed } = this.reader, sorted = lowFirst(key) !== reversed ? "ascending" : "descending";
    if (!key) return make("th", { scope: "col" }, title);
    return make("th", { scope: "col", "aria-sort": key === sort ? sorted : "none" },
      makeButton(title, () => this.reader.sortBy(key)));
  }

  row(filter, columns) {
    const [number, ...cells] = columns.map(([, , text]) => make("td", {}, String(text(filter))));
    const href = this.reader.linkToLoudest(filter);
    if (href) number.replaceChildren(make("a", { href }, number.textContent));
    return make("tr", { "data-filter": filter }, number, ...cells);
  }

  // Marks the row of the filter that is shown.
  mark() {
    this.body.querySelector("[aria-current]")?.removeAttribute("aria-current");
    this.body.querySelector(`[data-filter="${this.reader.view.filter}"]`)?.setAttribute("aria-current", "true");
  }
}
