// plotly.js weighs 4.8 MB, more than all the rest of a page. Where a figure has a still picture, that stands until a reader
// points at it; Plotly is loaded when one is near the screen and the page has nothing else to do, unless the reader saves
// data. Where no still was made, Plotly is loaded when the first figure comes near the screen, or the page is printed; until
// then this stands in its place and keeps what the figures ask for. A browser does not wait with printing for a script,
// so the keys and the button that print wait here.
(function (source) {
  const NEAR = "600px"; // less than a screen away
  const waiting = []; // what Plotly.newPlot was given

  const observer = new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) load();
  }, { rootMargin: NEAR });

  window.Plotly = {
    newPlot(element, data, layout, config) {
      element.style.minHeight = `${layout.height}px`; // so that nothing moves when it is drawn
      waiting.push([element, data, layout, config]);
      observer.observe(element);
    },
  };
  const idle = window.requestIdleCallback ?? setTimeout; // which Safari lacks
  const ahead = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    ahead.disconnect();
    idle(load);
  }, { rootMargin: NEAR });
  if (!navigator.connection?.saveData) window.addEventListener("load", () => {
    document.querySelectorAll("[data-figure]").forEach((place) => ahead.observe(place));
  });
  document.addEventListener("pointerover", (event) => {
    const place = event.target.closest("[data-figure]");
    if (!place || place.dataset.asked) return;
    place.dataset.asked = true;
    place.ariaBusy = "true";
    const ended = () => { place.ariaBusy = null; };
    load().then(() => {
      if (!window.Plotly.version) return ended(); // it could not be loaded
      place.style.height = `${place.offsetHeight}px`;
      const script = document.createElement("script"); // which finds its place by the figure that it stands in
      Object.assign(script, { src: place.dataset.figure, onload: ended, onerror: ended });
      place.parentElement.append(script);
    });
  });
  window.addEventListener("beforeprint", print); // by the browser's menu: too late for this time
  const printNow = window.print.bind(window);
  window.print = () => print().then(printNow);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "p") return;
    event.preventDefault();
    window.print();
  });

  async function print() {
    if (waiting.length) await load();
  }

  let loaded;
  function load() {
    observer.disconnect();
    return loaded ??= new Promise((resolve) => {
      const { dataset } = document.documentElement;
      dataset.figures = "loading"; // seen at once: while the script runs, a page answers to nothing
      const script = document.createElement("script");
      script.src = source;
      script.onload = () => {
        delete dataset.figures;
        waiting.splice(0).forEach((asked) => window.Plotly.newPlot(...asked));
        resolve();
      };
      script.onerror = () => { delete dataset.figures; resolve(); }; // printing goes on without figures
      document.head.append(script);
    });
  }
})(document.currentScript.src.replace(/plotly_lazy\.js.*$/, "plotly.min.js"));
