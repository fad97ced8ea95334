// Boxes around figures, and the enlarged picture on which a person draws them. board.py puts dom.js and this before board.js.
// A box is a list of x0, y0, x1, y1 in pixels of the whole picture; boxes as text are "x0 y0 x1 y1;…".

const BOX_HINT = "Drag: a new box · click or Tab: choose one · arrows: move it · Shift and arrows: resize it";
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
const writeBoxes = (boxes) => boxes.map((box) => box.join(" ")).join(";");
const readBoxes = (text) => [...text.matchAll(/(\d+) (\d+) (\d+) (\d+)/g)].map((box) => box.slice(1).map(Number));

function outline([x0, y0, x1, y1], attributes = {}) {
  return makeSvg("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, ...attributes });
}

// What is drawn stays with its picture, as begun, until it is accepted or cancelled.
class BoxEditor {
  // board: has `begun`, `hold`, `decide`, `drawCards` and `focus`.
  constructor(board) {
    this.board = board;
    this.boxes = [];
    this.svg = makeSvg("svg", { role: "group", "aria-label": "Boxes" });
    this.svg.addEventListener("pointerdown", (event) => this.drag(event));
    this.said = make("p", { role: "status" });
    this.dialog = make("dialog", { "aria-label": "Boxes around the figures",
      oncancel: (event) => instead(event, () => this.cancel()) },
    this.svg, this.said, make("p", {}, BOX_HINT),
    make("div", { className: "controls" }, makeButton("Accept (Enter)", () => this.accept()),
      makeButton("Cancel (Escape)", () => this.cancel()), makeButton("New box (N)", () => this.add()),
      makeButton("Remove box (Delete)", () => this.remove()), makeButton("Decide later", () => this.close())));
  }

  // name: the picture; size: its width and height; saved: its boxes as they are decided; image: the address of its JPEG;
  // proposed: boxes that a machine found where there are none.
  open(name, size, saved, image, proposed = "") {
    Object.assign(this, { name, size, saved, image, proposed });
    this.boxes = readBoxes(this.board.begun[name]?.boxes ?? (saved || proposed));
    this.chosen = this.boxes.length - 1;
    this.svg.setAttribute("viewBox", `0 0 ${size.join(" ")}`);
    this.dialog.showModal();
    this.draw();
  }

  close() {
    this.dialog.close();
    this.board.drawCards();
    this.board.focus(this.name);
  }

  accept() {
    if (writeBoxes(this.boxes) === this.saved) return this.cancel();
    this.board.decide(this.name, "box", writeBoxes(this.boxes));
    this.close();
  }

  cancel() {
    this.board.hold(this.name, { boxes: undefined });
    this.close();
  }

  press(event) {
    const step = Math.ceil(Math.max(...this.size) / 100), way = ARROWS[event.key];
    const does = way ? () => this.shift(way[0] * step, way[1] * step, event.shiftKey) : { n: () => this.add(),
      delete: () => this.remove(), backspace: () => this.remove(), enter: () => this.accept() }[event.key.toLowerCase()];
    if (does && !(event.key === "Enter" && event.target.matches("button"))) instead(event, does);
  }

  change(boxes, chosen) {
    [this.boxes, this.chosen] = [boxes, chosen];
    const drawn = writeBoxes(boxes);
    this.board.hold(this.name, { boxes: drawn === this.saved ? undefined : drawn });
    this.draw();
  }

  add(box = [1, 3].flatMap((quarters) => this.size.map((side) => Math.round(side * quarters / 4)))) {
    this.change([...this.boxes, box], this.boxes.length);
  }

  remove() {
    this.change(this.boxes.filter((_, place) => place !== this.chosen), this.boxes.length - 2);
  }

  shift(right, down, resizes) {
    if (!this.boxes.length) return;
    const [width, height] = this.size, [x0, y0, x1, y1] = this.boxes[this.chosen];
    const x = clamp(right, resizes ? x0 + 1 - x1 : -x0, width - x1);
    const y = clamp(down, resizes ? y0 + 1 - y1 : -y0, height - y1);
    const moved = resizes ? [x0, y0, x1 + x, y1 + y] : [x0 + x, y0 + y, x1 + x, y1 + y];
    this.change(this.boxes.with(this.chosen, moved), this.chosen);
  }

  point(event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [clamp(Math.round(x), 0, this.size[0]), clamp(Math.round(y), 0, this.size[1])];
  }

  drag(event) { // a drag draws a new box, also over another one; a click chooses the smallest box under it
    event.preventDefault();
    const [x0, y0] = this.point(event), least = Math.max(...this.size) / 100;
    const between = ([x, y]) => [Math.min(x0, x), Math.min(y0, y), Math.max(x0, x), Math.max(y0, y)];
    this.svg.append(outline([x0, y0, x0, y0]));
    this.svg.setPointerCapture(event.pointerId);
    this.svg.onpointermove = (move) => {
      this.svg.lastChild.replaceWith(outline(between(this.point(move)), { class: "drawn" }));
    };
    this.svg.onpointerup = this.svg.onpointercancel = (end) => {
      this.svg.onpointermove = this.svg.onpointerup = this.svg.onpointercancel = null;
      const box = between(this.point(end));
      if (box[2] - box[0] >= least && box[3] - box[1] >= least) this.add(box);
      else this.choose(x0, y0);
    };
  }

  choose(x, y) {
    const under = this.boxes.filter(([x0, y0, x1, y1]) => x0 <= x && x <= x1 && y0 <= y && y <= y1);
    const smallest = under.sort((left, right) => area(left) - area(right))[0];
    if (smallest) this.chosen = this.boxes.indexOf(smallest);
    this.draw();
  }

  draw() {
    const [width, height] = this.size, box = this.boxes[this.chosen];
    this.svg.replaceChildren(makeSvg("image", { href: this.image, width, height }), ...this.boxes.map((other, place) => {
      const rect = outline(other, { tabindex: 0, role: "img", "aria-label": `Box ${place + 1}: ${other.join(" ")}`,
        class: place === this.chosen ? "chosen" : "" });
      rect.addEventListener("focus", () => { if (place !== this.chosen) { this.chosen = place; this.draw(); } });
      return rect;
    }));
    this.svg.querySelector(".chosen")?.focus();
    this.said.textContent = box ? `Box ${this.chosen + 1} of ${this.boxes.length}: ${box[2] - box[0]} × ` +
      `${box[3] - box[1]} of ${width} × ${height} pixels` : "No box yet: drag over the figure, or press N.";
    if (box && writeBoxes(this.boxes) === this.proposed) this.said.textContent += ", found by a machine: accept or mend it";
  }
}
