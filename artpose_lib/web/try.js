// The page "Try a picture": a picture is chosen, the network of lite0.js looks at it, and what it says stands in the
// page. Weights are loaded with the first picture, which never leaves the page. It is made with dom.js.

const BASE = document.currentScript.src.replace(/[^/]*$/, ""); // the folder of all that is loaded
const READER = "chapters/09_feature_maps.html"; // from this page
const DRAWN = 7; // places of the maps of the drawings, either way
const GREY = 0xff7f7f7f; // of the square, RGBA: 127, what the network's preprocessing makes zero
const LARGEST = 500e6, MOST_PIXELS = 80e6, FEWEST = 16; // bytes, pixels, and pixels either way
const NARROWEST = 8; // times as long as high, or as high as long: a frieze is, no figure
const SHOWN = 720; // pixels of the longer side, as it is shown
const VEIL = "26, 242, 242"; // as the explorer of feature maps has it: turquoise is rare in paintings
const UNSURE = 0.5, STRANGE = 0.95; // a probability below which no pose is called surest; unlike from here on
const STEP = 0.05, REST = 600; // of the square, a part of the picture; milliseconds until a voice tells what changed

const LAYOUT = `
  <div data-part="drop" class="try-drop">
    <label class="try-button">
      <input data-part="file" class="try-unseen" type="file" accept="image/*">Choose a picture</label>
    <label class="try-button try-camera"><input data-part="camera" class="try-unseen" type="file" accept="image/*"
      capture="environment">Take a photograph</label>
    <span class="try-quiet">or drop one here, or paste one, or take a drawing:</span>
    <div data-part="samples" class="try-samples" role="group" aria-label="Drawings to try"></div>
    <span data-part="note" class="try-quiet"></span></div>
  <p data-part="alert" role="alert" class="try-alert"></p>
  <p data-part="status" role="status" class="try-unseen"></p>
  <div data-part="result" class="try-result" hidden>
    <div class="try-seen">
      <div data-part="frame" class="try-frame"><canvas data-part="picture" role="img"></canvas>
        <canvas data-part="veil" class="try-veil" aria-hidden="true"></canvas>
        <button data-part="square" type="button" class="try-square" hidden></button></div>
      <p data-part="where" class="try-quiet"></p></div>
    <div class="try-said">
      <p data-part="verdict" class="try-verdict"></p>
      <p data-part="unlike"></p>
      <fieldset data-part="poses"><legend>How probable each pose is. Choose one to see where it is seen.</legend>
      </fieldset>
      <p data-part="effect" class="try-quiet" hidden></p></div>
    <div class="try-tools">
      <label class="try-slider">Map over the picture
        <input data-part="strength" type="range" min="0" max="100" value="60" autocomplete="off"></label>
      <label class="try-check"><input data-part="hide" type="checkbox" autocomplete="off"> Hide a part behind a grey
        square</label>
      <label data-part="sizing" class="try-slider" hidden>Size of the square
        <input data-part="size" type="range" min="10" max="60" value="30" autocomplete="off"></label></div>
  </div>
  <fieldset data-part="heads" class="try-heads"><legend>What the network learned the poses from</legend></fieldset>
  <section data-part="spoke" class="try-spoke" hidden aria-labelledby="try-spoke">
    <p id="try-spoke" data-part="loudest" class="try-verdict"></p>
    <p class="try-quiet">Left, where each answers in the picture; right, the drawings in which it answers most, and
      where.</p>
    <ol data-part="filters"></ol></section>`;

const percent = (share) => share > 0.995 ? "over 99%" : share < 0.005 ? "below 1%" : `${Math.round(100 * share)}%`;
const percentOf = (share) => `${Math.round(1000 * share) / 10}%`;
const decode = (uri) => Uint8Array.from(atob(uri.split(",")[1]), (letter) => letter.charCodeAt(0));

// What a script beside this one gives as a property of the window.
function load(name, key) {
  if (window[key]) return Promise.resolve(window[key]);
  return new Promise((resolve, reject) => document.head.append(make("script", { src: BASE + name,
    onload: () => resolve(window[key]),
    onerror: () => reject(new Error(`${name}, a part of this page, is missing.`)) })));
}

// How large a PNG says that it is, which a browser does not tell of what it cannot decode; 0 by 0 of all else.
async function measure(blob) {
  const head = new DataView(await blob.slice(0, 24).arrayBuffer());
  const isPng = head.byteLength === 24 && head.getUint32(0) === 0x89504e47;
  return isPng ? { width: head.getUint32(16), height: head.getUint32(20) } : { width: 0, height: 0 };
}

// A picture's pixels, upright, or an error that says in a sentence why there are none.
async function open(blob, name) {
  if (!blob.size) throw new Error(`${name} is empty.`);
  if (blob.size > LARGEST) throw new Error(`${name} is too large: over ${LARGEST / 1e6} MB.`);
  const bitmap = await createImageBitmap(blob).catch(() => null);
  const { width, height } = bitmap ?? await measure(blob), measured = `${name} has ${width} × ${height} pixels`;
  if (!bitmap && width * height <= MOST_PIXELS) throw new Error(`${name} is damaged, or no picture that this browser can `
    + "read. JPEG, PNG, WebP, GIF and BMP it can.");
  if (width * height > MOST_PIXELS) throw new Error(`${measured}, too many: take a smaller copy.`);
  if (Math.min(width, height) < FEWEST) throw new Error(`${measured}: too few to show a figure.`);
  if (Math.max(width, height) > NARROWEST * Math.min(width, height))
    throw new Error(`${measured}: too narrow a strip to show a figure. Cut out the figure.`);
  return bitmap;
}

// The mean of arrays of equal length.
function average(arrays) {
  if (arrays.length < 2) return arrays[0];
  return arrays[0].map((_, place) => arrays.reduce((sum, one) => sum + one[place], 0) / arrays.length);
}

// Draws the values of a map's places as a veil, the denser the higher, scaled by the highest. Returns whether any is
// above 0.
function drawVeil(canvas, values) {
  const context = canvas.getContext("2d"), highest = Math.max(...values), side = Math.sqrt(values.length);
  canvas.width = canvas.height = side;
  values.forEach((value, place) => {
    context.fillStyle = `rgb(${VEIL}, ${Math.max(value, 0) / (highest > 0 ? highest : 1)})`;
    context.fillRect(place % side, Math.floor(place / side), 1, 1);
  });
  return highest > 0;
}

class TryPage {
  constructor(root) {
    Object.assign(this, { root, pose: null, looked: new Map(), squares: new Map() });
    root.innerHTML = LAYOUT;
    root.querySelectorAll("[data-part]").forEach((part) => { this[part.dataset.part] = part; });
    this.listen();
    this.strength.oninput();
    Promise.all([load("drawings.js", "ARTPOSE_TRY"), load("try_heads.js", "ARTPOSE_HEADS")])
      .then(([given, heads]) => this.begin(given, heads)).catch((error) => this.complain(error));
  }

  begin({ colours, samples, note }, heads) {
    Object.assign(this, { colours, all: heads, head: heads[0] });
    this.note.textContent = note;
    this.drop.hidden = this.heads.hidden = !heads.length;
    if (!heads.length) return this.complain(new Error("This book was made without a network for this page: it takes "
      + "the weights of EfficientNet-Lite0."));
    this.samples.append(...samples.map(({ title, picture }) => makeButton("",
      () => this.take(new Blob([decode(picture)], { type: "image/jpeg" }), title), { className: "try-sample" })));
    samples.forEach(({ title, picture }, place) => this.samples.children[place].append(
      make("img", { src: picture, alt: "" }), make("span", {}, title)));
    this.heads.append(...heads.map((head, place) => this.makeHead(head, place)));
    this.heads.onchange = ({ target }) => {
      this.head = heads[target.value];
      this.pose = null;
      if (this.squares.size) this.look();
    };
    this.root.dataset.ready = "true";
  }

  // A choice of what the network learned from, with its card.
  makeHead({ title, card }, place) {
    const radio = make("input", { type: "radio", name: "try-head", value: place, checked: !place,
      autocomplete: "off" });
    return make("div", { className: "try-head" }, make("label", { className: "try-check" }, radio, ` ${title}`),
      make("ul", { className: "try-quiet" }, ...card.sentences.map((said) => make("li", {}, said))));
  }

  listen() {
    const { file, camera, drop, frame, square } = this;
    file.onchange = camera.onchange = ({ target }) => {
      if (target.files[0]) this.take(target.files[0], target.files[0].name);
      target.value = ""; // so that the same file can come again
    };
    // Anywhere: a browser leaves the page for a file that is dropped beside.
    document.ondragover = (event) => { event.preventDefault(); drop.classList.add("try-over"); };
    document.ondragleave = () => drop.classList.remove("try-over");
    document.ondrop = (event) => {
      event.preventDefault();
      drop.classList.remove("try-over");
      this.takeGiven(event.dataTransfer);
    };
    document.addEventListener("paste", ({ clipboardData, target }) => {
      if (!target.closest?.("input[type=search], textarea")) this.takeGiven(clipboardData);
    });
    this.strength.oninput = () => this.root.style.setProperty("--strength", this.strength.value / 100);
    this.poses.onchange = ({ target }) => { this.pose = Number(target.value); this.show(); };
    this.hide.onchange = () => {
      this.place ??= [0.5, 0.3]; // of the middle, where many a head is
      this.move();
    };
    this.size.oninput = () => this.move();
    frame.onclick = (event) => event.target !== square && this.moveTo(event);
    square.onpointerdown = (event) => square.setPointerCapture(event.pointerId);
    square.onpointermove = (event) => square.hasPointerCapture(event.pointerId) && this.moveTo(event);
    square.onkeydown = (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
      instead(event, () => { this.place = this.place.map((at, axis) => at + STEP * way[axis]); this.move(); });
    };
  }

  complain(error) {
    this.alert.textContent = error.message;
    this.alert.scrollIntoView({ block: "nearest" });
    this.root.ariaBusy = null;
  }

  takeGiven({ files }) {
    if (files.length) return this.take(files[0], files[0].name);
    this.complain(new Error("That is no file of a picture: save the picture first, and choose it here."));
  }

  // Shows a picture and lets the network look at it.
  async take(blob, name) {
    const ticket = this.ticket = {};
    this.alert.textContent = "";
    this.root.ariaBusy = "true";
    try {
      const [bitmap] = await Promise.all([open(blob, `“${name}”`), this.start()]);
      if (ticket !== this.ticket) return; // another was chosen meanwhile
      this.drawPicture(bitmap, name);
      this.result.classList.add("try-waiting"); // what is said of the last picture is hidden
      this.squares = new Map(this.all.map(({ size }) => [size, this.lite0.shrink(bitmap, size)]));
      bitmap.close();
      this.looked = new Map();
      [this.pose, this.hide.checked] = [null, false];
      this.square.hidden = this.sizing.hidden = true;
      await this.look();
      if (ticket === this.ticket) this.reveal();
    } catch (error) {
      if (ticket === this.ticket) this.complain(error);
    }
  }

  drawPicture(bitmap, name) {
    const { picture, frame } = this, scale = Math.min(1, SHOWN / Math.max(bitmap.width, bitmap.height));
    const size = [bitmap.width, bitmap.height].map((side) => Math.max(Math.round(scale * side), 1));
    [picture.width, picture.height] = size;
    const context = picture.getContext("2d");
    context.fillStyle = "white"; // under what is transparent
    context.fillRect(0, 0, ...size);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, ...size);
    picture.ariaLabel = name;
    this.ratio = bitmap.width / bitmap.height;
    frame.style.setProperty("--aspect", this.ratio);
  }

  // The network, several times, so that a picture, its mirror image and both in grey are looked at at the same time.
  start() {
    return this.starting ??= Promise.all([load("lite0.js", "ArtposeLite0"), load("try_weights.js", "ARTPOSE_LITE0"),
      load("filters.js", "ARTPOSE_FILTERS")]).then(([lite0, weights, filters]) => {
      const length = Math.min(4, navigator.hardwareConcurrency || 2);
      Object.assign(this, { lite0, drawn: filters, engines: Array.from({ length }, () => lite0.start(weights)) });
    });
  }

  // What the network says of some pixels, by all of its head's views of them, or in haste by the first.
  async answer(pixels, hasty) {
    const { head, looked, lite0, engines, ratio } = this, kept = pixels === this.squares.get(head.size);
    const see = (mirrored) => head.views.slice(0, hasty ? 1 : 4).map(async (view, place) => {
      const key = `${view} ${mirrored} ${head.size}`;
      if (kept && looked.has(key)) return looked.get(key);
      const shown = lite0.show(view, pixels, ratio), engine = engines[(2 * place + mirrored) % engines.length];
      const { maps } = await engine.run(mirrored ? lite0.mirror(shown) : shown), found = lite0.place(view, maps, ratio);
      if (kept) looked.set(key, found);
      return found;
    });
    const sides = await Promise.all([0, 1].slice(0, 1 + head.mirrored).map((mirrored) => Promise.all(see(mirrored))));
    return { ...lite0.answer(head, ...sides.map(average)), maps: average(sides[0]) };
  }

  // Looks at the whole picture, and at what the square leaves of it: in haste while it moves, once more where it has
  // moved meanwhile, and in every view when it rests.
  async look() {
    if (this.looking) return this.again = true;
    [this.looking, this.again] = [true, false];
    this.root.ariaBusy = "true";
    try {
      const { squares, head, hide, hasty } = this, pixels = squares.get(head.size);
      const covers = hide.checked && this.cover(pixels);
      const whole = await this.answer(pixels), now = covers ? await this.answer(covers, hasty) : whole;
      const said = whole.probabilities, order = [...said.keys()].sort((one, other) => said[other] - said[one]);
      if (squares === this.squares && head === this.head) {
        Object.assign(this, { whole, now, order, pose: this.pose ?? order[0] });
        this.show();
      }
    } finally {
      this.looking = false;
    }
    if (this.again) return this.look();
    this.root.ariaBusy = null;
    if (this.hasty) this.resting = setTimeout(() => { this.hasty = false; this.look(); }, REST);
  }

  // Pixels with the square over them.
  cover(pixels) {
    const covered = pixels.slice(), side = Math.sqrt(pixels.length / 4);
    const [left, top, width, height] = this.corners().map((at) => Math.round(at * side));
    for (let row = top; row < top + height; row++)
      new Uint32Array(covered.buffer).fill(GREY, row * side + left, row * side + left + width);
    return covered;
  }

  // Left, top, width and height of the square as parts of the picture's.
  corners() {
    const { width, height } = this.picture, side = this.size.value / 100 * Math.min(width, height);
    const extent = [side / width, side / height];
    return [...this.place.map((at, axis) => at - extent[axis] / 2), ...extent];
  }

  moveTo({ clientX, clientY }) {
    if (!this.hide.checked) return;
    const { left, top, width, height } = this.frame.getBoundingClientRect();
    this.place = [(clientX - left) / width, (clientY - top) / height];
    this.move();
  }

  // Keeps the square inside the picture, and looks.
  move() {
    const { square, hide } = this;
    square.hidden = this.sizing.hidden = !hide.checked;
    const [, , ...extent] = this.corners();
    this.place = this.place.map((at, axis) => Math.min(Math.max(at, extent[axis] / 2), 1 - extent[axis] / 2));
    const [left, top, width, height] = this.corners().map(percentOf);
    Object.assign(square.style, { left, top, width, height });
    square.ariaLabel = `Grey square, its middle ${this.place.map(percentOf).join(" from the left, ")} from the top; `
      + "arrow keys move it";
    clearTimeout(this.resting);
    this.hasty = true;
    this.look();
  }

  // All that is said of the picture.
  show() {
    const { head: { classes }, whole, now, order: [first, second], pose, hide } = this;
    const told = (place, { probabilities } = whole) => `${classes[place]}, ${percent(probabilities[place])}`;
    this.result.hidden = this.spoke.hidden = false;
    this.result.classList.remove("try-waiting");
    const strange = whole.unlike >= STRANGE, unsure = whole.probabilities[first] < UNSURE;
    this.verdict.textContent = (strange ? "Perhaps no pose that it knows: " : unsure ? "Not sure: " : "") + told(first)
      + (unsure ? `, or ${told(second)}` : "");
    this.sayUnlike(whole.unlike, strange);
    this.drawPoses(classes, whole.probabilities, now.probabilities);
    const places = now.cams.length / classes.length;
    const speaks = drawVeil(this.veil, now.cams.slice(pose * places, (pose + 1) * places));
    this.where.textContent = speaks ? `Where it is turquoise, the picture speaks for ${classes[pose]}.`
      : `Nothing in the picture speaks for ${classes[pose]}.`;
    this.effect.hidden = !hide.checked;
    this.effect.textContent = hide.checked ? `Behind the square: ${told(first, now)}; without it, `
      + `${percent(whole.probabilities[first])}, the thin mark.` : "";
    if (now === whole) this.drawFilters(classes[first]);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => { this.status.textContent = [this.verdict, this.unlike, this.where, this.effect]
      .map((part) => part.textContent).join(" "); }, REST);
  }

  sayUnlike(unlike, strange) {
    const share = Math.round(100 * (1 - unlike));
    this.unlike.hidden = unlike === null;
    this.unlike.classList.toggle("try-alert", strange);
    this.unlike.textContent = (strange ? "Unlike what it learned from, so that the answer means little: "
      : "Not unlike what it learned from: ") + `of 100 pictures of that kind, ${share < 1 ? "less than one" : share} `
      + "would be as unlike.";
  }

  drawPoses(classes, before, now) {
    const rows = [...this.poses.querySelectorAll("label")];
    if (rows.map(({ title }) => title).join() !== classes.join()) {
      rows.forEach((row) => row.remove());
      this.poses.append(...classes.map((name, place) => make("label", { className: "try-row", title: name },
        make("input", { type: "radio", name: "try-pose", value: place, autocomplete: "off" }), make("span", {}, name),
        make("span", { className: "try-bar", "aria-hidden": "true" },
          make("span", { className: "try-fill", style: `background: ${this.colours[place % this.colours.length]}` }),
          make("span", { className: "try-before" })),
        make("span", { className: "try-number" }))));
    }
    this.poses.querySelectorAll("label").forEach((row, place) => {
      row.querySelector("input").checked = place === this.pose;
      row.querySelector(".try-fill").style.width = percentOf(now[place]);
      row.querySelector(".try-before").style.left = percentOf(before[place]);
      row.querySelector(".try-before").hidden = now === before;
      row.querySelector(".try-number").textContent = percent(now[place]).replace("over", ">").replace("below", "<");
    });
  }

  // The filters that spoke loudest.
  drawFilters(surest) {
    const filters = this.whole.filters.filter(({ part }) => part > 0);
    this.loudest.textContent = `The filters that spoke loudest for ${surest}`;
    this.filters.replaceChildren(...filters.map(({ channel, part }) => {
      const title = make("b", {}, `Filter ${channel + 1}`), address = this.drawn.addresses[channel];
      return make("li", {}, make("p", {}, address ? make("a", { href: READER + address, target: "_blank", rel: "noopener" }, title) : title,
        `, ${percent(part)} of what speaks for ${surest}`), this.drawFilter(channel));
    }));
  }

  // A filter's map over the picture, and the drawings in which it answers most.
  drawFilter(channel) {
    const { picture, whole: { maps }, drawn: { drawings, channels } } = this, count = channels.length;
    const small = make("canvas", { width: picture.width / 4, height: picture.height / 4, role: "img",
      ariaLabel: "Where it answers in the picture" });
    const veil = make("canvas", { className: "try-veil" }), at = (number) => percentOf(number / DRAWN);
    small.getContext("2d").drawImage(picture, 0, 0, small.width, small.height);
    drawVeil(veil, Array.from({ length: maps.length / count }, (_, place) => maps[place * count + channel]));
    const shown = channels[channel].map(([number, place]) => [
      make("img", { alt: `Drawn ${drawings[number].title}`, src: drawings[number].picture }),
      make("span", { className: "try-place",
        style: `left: ${at(place % DRAWN)}; top: ${at(Math.floor(place / DRAWN))}` })]);
    return make("div", { className: "try-thumbs" },
      ...[[small, veil], ...shown].map((layers) => make("span", { className: "try-thumb" }, ...layers)));
  }

  // Brings the answer into sight, as on a phone.
  reveal() {
    const { top, bottom } = this.frame.getBoundingClientRect();
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
    if (top < 0 || bottom > innerHeight) this.result.scrollIntoView({ block: "start", behavior });
  }
}

new TryPage(document.querySelector(".artpose-try"));
