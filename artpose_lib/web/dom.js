// What the reader of feature maps and the curation board share; their Python puts this before their own scripts.

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value; else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null)); // text becomes text, never markup
  return element;
}

function makeButton(text, onclick, properties = {}) {
  return make("button", { type: "button", onclick, ...properties }, text);
}

function makeSvg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Does something in the place of what the browser, or a notebook around it, makes of an event.
function instead(event, does) {
  event.preventDefault();
  event.stopPropagation();
  does();
}
