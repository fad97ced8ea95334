// plotly.js weighs 4.8 MB, more than all the rest of a page. It is loaded when the first figure comes near the screen, or
// the page is printed; until then this stands in its place and keeps what the figures ask for.
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
  window.addEventListener("beforeprint", load);

  function load() {
    observer.disconnect();
    window.removeEventListener("beforeprint", load);
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => waiting.splice(0).forEach(([element, ...rest]) => window.Plotly.newPlot(element, ...rest));
    document.head.append(script);
  }
})(document.currentScript.src.replace(/plotly_lazy\.js.*$/, "plotly.min.js"));
