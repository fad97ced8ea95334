// The curation board in the browser. What is decided lies with Python (board.py): this script asks it for a page of cards,
// sends what the person does and shows the answer. What is begun and not decided yet, the browser alone keeps.

const KEYS = ["Arrows: another picture", "K: keep", "D: drop", "1 to 9: the pose of that number",
  "B: draw boxes around the figures", "W: write why; it goes with the next decision on the picture",
  "U, Ctrl+Z: take back your last decision", "N, P: next and previous page", "?: show or hide these keys"];
const HINT = "K keep · D drop · 1–9 pose · B box · W why · U undo · ? all keys";
const ANY = { decision: "all pictures", finding: "any finding or none", pose: "all poses", source: "all sources" };
const STAGES = ["undecided", "kept", "dropped", "pose changed", "boxes drawn", "begun"];
const PATIENCE = 2500; // milliseconds until a missing answer is reported
const SILENT = "Python does not answer yet. If it has stopped, reload the page: only what is shown as decided is written.";
const NEW_POSE = "\n"; // no pose can be called that

const shown = (number) => number.toLocaleString("en");
const isAddress = (text) => /^https?:\/\//.test(text);

class Board {
  constructor(model, root) {
    [this.model, this.root] = [model, root];
    this.questions = new Map(); // to Python, not answered yet
    this.filters = { decision: "undecided", finding: "", pose: "", source: "" };
    this.page = { cards: [], earlier: 0, later: 0, poses: [] }; // the last answer of Python
    this.storage = `artpose ${model.get("where")}`;
    this.begun = this.recall(); // {file name: {why, boxes}}
    this.current = ""; // the picture that keys are about
    this.writing = ""; // the picture whose reason is open
    this.editor = new BoxEditor(this);
    this.build();
    this.ask({ do: "show" });
  }

  build() {
    const select = (filter) => make("select", { "aria-label": `Show by ${filter}`, autocomplete: "off",
      onchange: (event) => { this.filters[filter] = event.target.value; this.ask({ do: "show" }); } });
    this.done = make("strong");
    this.progress = make("progress", { "aria-label": "Decided" });
    this.selects = Object.fromEntries(Object.keys(this.filters).map((filter) => [filter, select(filter)]));
    this.keys = make("details", {}, make("summary", {}, HINT),
      make("ul", {}, ...KEYS.map((line) => make("li", {}, line))));
    this.list = make("ul", { className: "cards", role: "list", "aria-label": "Pictures" });
    this.list.addEventListener("focusin", (event) => this.mark(event.target.closest("li").dataset.name));
    this.alert = make("p", { role: "alert" });
    this.status = make("p", { role: "status" }, "Choose a picture, with the mouse or the arrow keys, and decide.");
    this.earlier = makeButton("", () => this.ask({ do: "show", before: this.names()[0] }), { title: "P" });
    this.later = makeButton("", () => this.ask({ do: "show", after: this.names().at(-1) }), { title: "N" });
    const bar = make("div", { className: "bar" }, this.alert, this.status,
      makeButton("↶ Undo", () => this.undo(), { title: "U" }), this.earlier, this.later);
    this.root.classList.add("artpose-board");
    this.root.setAttribute("data-lm-suppress-shortcuts", "true"); // in JupyterLab, D twice would delete the cell
    this.root.replaceChildren(
      make("div", { className: "top" }, this.done, this.progress, ...Object.values(this.selects)), this.keys, this.list,
      bar, this.editor.dialog);
    new ResizeObserver(() => this.root.style.setProperty("--bar", `${bar.offsetHeight}px`)).observe(bar);
    this.root.addEventListener("keydown", (event) => this.press(event), true);
  }

  // Questions to Python, and its answers.

  ask(question) {
    const ask = crypto.getRandomValues(new Uint32Array(2)).join("-"); // other views of this board have other questions
    const asked = { ...question, timer: setTimeout(() => {
      asked.late = true;
      this.refuse(SILENT);
      this.drawCards();
    }, PATIENCE) };
    this.questions.set(ask, asked);
    this.root.setAttribute("aria-busy", true);
    this.model.send({ ...question, ask, filters: this.filters, begun: Object.keys(this.begun) });
  }

  receive(answer) {
    const question = this.questions.get(answer.ask);
    if (!question) return;
    clearTimeout(question.timer);
    this.questions.delete(answer.ask);
    this.root.setAttribute("aria-busy", this.questions.size > 0);
    if (question.late) this.refuse("");
    if (answer.error) {
      if (question.do !== "show" || !this.alert.textContent) this.refuse(answer.error);
      this.drawCards();
      if (question.do !== "decide") return;
      this.focus(question.file_name);
      if (question.names.length) this.ask({ do: "show", names: this.names() }); // somebody else may have decided
    } else if (question.do === "enlarge") {
      this.editor.open(question.file_name, answer.size, question.boxes, answer.image, answer.proposed);
    } else {
      if (question.do === "decide") this.settle(question, answer);
      if (!question.names?.length) return this.turn(answer);
      if (`${question.names}` !== `${this.names()}`) return this.ask({ do: "show", names: this.names() });
      this.page = { ...answer, cards: answer.cards.map((card) => ({ ...this.card(card.file_name), ...card })) };
      this.draw();
    }
  }

  settle({ why, action }, { name, said, cards }) {
    const begun = this.begun[name] || {};
    this.hold(name, { why: begun.why === why ? "" : begun.why, boxes: action === "box" ? undefined : begun.boxes });
    this.status.textContent = `${said}: ${cards.find((card) => card.file_name === name)?.title || name}`;
    this.refuse("");
  }

  // What is begun is kept as it is typed or drawn, for a page that is loaded again, also with a new kernel.

  recall() {
    try { return JSON.parse(localStorage.getItem(this.storage)) || {}; } catch { return {}; } // a notebook may forbid it
  }

  hold(name, changes) {
    const { why, boxes } = { ...this.begun[name], ...changes };
    if (why || boxes !== undefined) this.begun[name] = { why, boxes }; else delete this.begun[name];
    const kept = { ...this.recall(), [name]: this.begun[name] }; // also what another tab has begun meanwhile
    try { localStorage.setItem(this.storage, JSON.stringify(kept)); } catch { /* it stays as long as the page does */ }
  }

  // What the person does.

  names() { return this.page.cards.map((card) => card.file_name); }

  card(name) { return this.page.cards.find((card) => card.file_name === name); }

  refuse(why) { this.alert.textContent = why; }

  // The decision on a picture that is being written; with "", the undo of whatever was last.
  sent(name) {
    return [...this.questions.values()].find((question) => question.do === "decide" && question.file_name === name);
  }

  // What the person sees decided on a picture, so that what another has decided meanwhile is not decided over unseen.
  seen(name) { return this.sent(name) || this.sent("") ? null : this.card(name)?.decided; }

  decide(name, action, value = "") {
    const why = this.begun[name]?.why || "";
    this.ask({ do: "decide", file_name: name, action, value, why, seen: this.seen(name), names: this.names() });
    this.drawCards();
  }

  undo(name = "") {
    this.ask({ do: "decide", action: "undo", file_name: name, seen: this.seen(name), names: this.names() });
  }

  enlarge(name) {
    const { size, boxes, title, error, filters } = this.card(name);
    const propose = !boxes && !filters.decision.includes("boxes drawn");
    if (size) this.ask({ do: "enlarge", file_name: name, boxes, propose });
    else this.refuse(`No boxes can be drawn on ${title}, which cannot be shown: ${error}`);
  }

  turnBy(button) {
    if (button.disabled) this.refuse(`There are no ${button === this.later ? "later" : "earlier"} pictures.`);
    else button.click();
  }

  write(name) {
    this.writing = name;
    this.drawCards();
    this.find(name, "reason").focus();
  }

  press(event) {
    const key = event.key.toLowerCase(), name = this.current, types = event.target.matches("input") && key !== "enter";
    if (event.repeat && !types && /^(\w|enter|delete|backspace)$/.test(key)) return instead(event, () => {}); // held down
    if (this.editor.dialog.open) return this.editor.press(event);
    if (event.target.matches("input, select")) return key === "escape" && this.focus(name);
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return key === "z" && instead(event, () => this.undo());
    }
    const pose = this.page.poses[key - 1];
    const does = { u: () => this.undo(), n: () => this.turnBy(this.later), p: () => this.turnBy(this.earlier),
      "?": () => { this.keys.open = !this.keys.open; } }[key];
    const onPicture = ARROWS[event.key] ? () => this.move(...ARROWS[event.key]) : {
      k: () => this.decideAndGoOn("keep"), d: () => this.decideAndGoOn("drop"), b: () => this.enlarge(name),
      w: () => this.write(name) }[key] || /^[1-9]$/.test(key) && (() => pose ? this.decideAndGoOn("pose", pose) :
      this.refuse(`No pose has the number ${key}.`));
    if (!does && !onPicture) return;
    this.refuse("");
    instead(event, does || (this.card(name) ? onPicture : () => this.refuse("No picture is shown here to decide on.")));
  }

  decideAndGoOn(action, value) {
    const names = this.names(), place = names.indexOf(this.current);
    this.decide(this.current, action, value);
    const next = [...names.slice(place + 1), ...names.slice(0, place)].find(
      (name) => this.card(name).filters.decision[0] === "undecided" && !this.sent(name));
    if (next) this.focus(next);
    else if (this.page.later) this.later.focus();
  }

  move(right, down) {
    const perRow = getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
    const next = this.list.children[this.names().indexOf(this.current) + right + down * perRow];
    if (next) next.focus(); else this.refuse("The page ends here. N and P turn it.");
  }

  // What is shown.

  turn(page) {
    for (const card of page.cards) card.image = make("img", { alt: "", src: card.image || "" });
    this.page = page;
    if (!this.card(this.current)) this.current = this.names()[0];
    this.draw();
    const active = this.list.getRootNode().activeElement; // not from a filter, nor from a notebook around the board
    if ([document.body, null, this.earlier, this.later].includes(active) || this.list.contains(active)) {
      this.focus(this.current);
    }
  }

  draw() {
    const { counts, total, earlier, later, poses, cards } = this.page;
    const decided = total - (counts.decision.undecided || 0);
    this.done.textContent = `${shown(decided)} of ${shown(total)} decided`;
    Object.assign(this.progress, { max: total, value: decided });
    for (const [filter, select] of Object.entries(this.selects)) {
      const chosen = this.filters[filter], found = (value) => counts[filter][value] || 0;
      const values = { decision: STAGES, pose: poses }[filter] || Object.keys(counts[filter]).sort();
      const offered = values.filter((value) => value && (found(value) || value === chosen));
      select.replaceChildren(make("option", { value: "" }, ANY[filter]),
        ...offered.map((value) => make("option", { value }, `${value} (${shown(found(value))})`)));
      select.value = chosen;
      select.hidden = !offered.length;
    }
    Object.assign(this.earlier, { textContent: `‹ ${shown(earlier)} earlier`, disabled: !earlier });
    Object.assign(this.later, { textContent: `${shown(later)} later ›`, disabled: !later });
    this.drawCards();
    if (!cards.length) {
      this.list.append(make("li", { className: "none" }, decided === total ? "All pictures are decided. Choose above " +
        "which to look at again." : "No picture matches what is chosen above."));
    }
  }

  drawCards() {
    const active = this.list.getRootNode().activeElement, held = this.list.contains(active);
    const { control } = held ? active.dataset : {}, caret = active?.selectionStart;
    this.list.replaceChildren(...this.page.cards.map((card) => this.item(card)));
    this.mark(this.current);
    if (!held) return;
    const again = this.find(this.current, control) || this.find(this.current);
    again?.focus({ preventScroll: true });
    if (control === "reason") again.setSelectionRange(caret, caret);
  }

  find(name, control) {
    const item = [...this.list.children].find((other) => other.dataset.name === name);
    return control ? item?.querySelector(`[data-control=${control}]`) : item;
  }

  focus(name) { this.find(name)?.focus(); }

  mark(name) { // one stop for the Tab key, and from there to the controls of that picture
    this.current = name;
    for (const item of this.list.children) {
      const current = item.dataset.name === name;
      item.classList.toggle("current", current);
      for (const stop of [item, ...item.querySelectorAll("[data-control]")]) stop.tabIndex = current ? 0 : -1;
    }
  }

  item(card) {
    const { file_name: name, title, by } = card;
    const stage = card.filters.decision[0], { why, boxes } = this.begun[name] || {}, sent = this.sent(name);
    const button = (control, text, label, onclick) => makeButton(text, onclick,
      { "data-control": control, title: label, "aria-label": label });
    return make("li", { className: `card ${stage.replace(" ", "-")}`, "data-name": name,
      "aria-busy": Boolean(sent), "aria-label": [title, by, card.pose, ...card.filters.decision,
        ...card.flags.map((flag) => flag.kind)].filter(Boolean).join("; ") },
    make("button", { type: "button", className: "picture", "data-control": "picture", "aria-label": `Enlarge ${title}`,
      onclick: () => this.enlarge(name) }, this.picture(card, boxes)),
    make("div", { className: "stage" }, make("span", {}, !sent ? stage : sent.late ? "no answer" : "writing…"),
      card.decided.length ? button("undo", "↶", "Take back the last decision here", () => this.undo(name)) : null),
    make("p", { className: "title", title: name }, title), make("p", { className: "by" }, by),
    this.facts(card), make("p", { className: "flags" }, ...card.flags.map(({ kind, group, note }) =>
      make("span", { title: note }, group ? `${kind} ${group}` : kind))),
    make("div", { className: "controls" }, button("keep", "Keep", "Keep (K)", () => this.decide(name, "keep")),
      button("drop", "Drop", "Drop (D)", () => this.decide(name, "drop")),
      button("box", "Box", "Draw boxes (B)", () => this.enlarge(name)),
      button("why", "Why", "Write why (W)", () => this.write(name)), this.pose(card)),
    why || this.writing === name ? this.reason(name, why || "") : null,
    boxes === undefined ? null : make("p", { className: "begun" }, "Boxes begun, not accepted yet (B)"),
    make("ul", { className: "decided" }, ...card.decided.map((line) => make("li", {}, line))));
  }

  picture(card, begun) {
    if (card.error) return make("span", {}, card.error);
    return make("span", { className: "frame" }, card.image, makeSvg("svg", { viewBox: `0 0 ${card.size.join(" ")}`,
      preserveAspectRatio: "none", "aria-hidden": true, class: begun === undefined ? "" : "begun" },
    ...readBoxes(begun ?? card.boxes).map((box) => outline(box))));
  }

  facts({ source, page, licence }) {
    const link = (control, href, text) => make("a", { href, target: "_blank", rel: "noopener noreferrer", title: href,
      "data-control": control }, text);
    const parts = [isAddress(page) ? link("page", page, source || "page") : source,
      isAddress(licence) ? link("licence", licence, "licence") : licence].filter(Boolean);
    return make("p", { className: "facts", title: [source, licence].join(" · ") }, ...parts.flatMap((part) => [" · ", part]).slice(1));
  }

  pose(card) {
    const name = card.file_name;
    const field = make("input", { maxLength: 100, placeholder: "new pose, Enter", "aria-label": "New pose",
      onkeydown: (event) => { if (event.key === "Enter") this.decide(name, "pose", field.value.trim()); },
      onblur: () => setTimeout(() => this.drawCards()) });
    const choose = () => {
      if (select.value !== NEW_POSE) return this.decide(name, "pose", select.value);
      select.replaceWith(field);
      field.focus();
    };
    const options = this.page.poses.map((pose, place) =>
      make("option", { value: pose }, place < 9 ? `${place + 1} ${pose}` : pose));
    const select = make("select", { "data-control": "pose", "aria-label": "Pose", autocomplete: "off", onchange: choose,
      // Elsewhere each arrow key would at once choose, and so decide on, the next pose.
      onkeydown: (event) => { if (ARROWS[event.key]) instead(event, () => select.showPicker?.()); } }, ...options,
    make("option", { value: NEW_POSE }, "new pose…"));
    select.value = card.pose;
    return select;
  }

  reason(name, why) {
    return make("label", { className: "begun" }, "Why, for the next decision:", make("input", { value: why,
      maxLength: 1000, "data-control": "reason", autocomplete: "off",
      oninput: (event) => this.hold(name, { why: event.target.value }), onfocus: () => { this.writing = name; },
      onblur: () => { this.writing = ""; },
      onkeydown: (event) => { if (event.key === "Enter") instead(event, () => this.focus(name)); } }));
  }
}

export default {
  render({ model, el }) {
    const board = new Board(model, el), receive = (answer) => board.receive(answer);
    model.on("msg:custom", receive);
    return () => model.off("msg:custom", receive);
  },
};
