// One script for every choice of views; it stands last in its element, so a page may hold any number of them. (VS Code runs
// it at the end of the output instead.) Without it the views stand one below the other.
(function (output) {
  "use strict";

  const root = output.closest(".artpose-chooser") ?? output.querySelector(".artpose-chooser");
  const [controls, ...panels] = root.querySelectorAll(":scope > .artpose-controls, :scope > .artpose-panel");
  const select = controls.querySelector("select");

  function showPanel() {
    panels.forEach((panel, index) => { panel.hidden = index !== select.selectedIndex; });
    drawFigures([...root.querySelectorAll(".plotly-graph-div:not(:has(*))")].filter((place) => place.offsetWidth));
  }

  // JupyterLab, where a notebook is opened again without its kernel, has Plotly in the extension that draws its figures.
  async function drawFigures(places) {
    const lab = window._JUPYTERLAB?.["jupyterlab-plotly"], type = "application/vnd.plotly.v1+json";
    if (!lab || !places.length) return;
    const { rendererFactory, RenderedPlotly } = (await lab.get("./mimeExtension"))();
    const empty = { data: { [type]: { data: [], layout: {} } }, setData() {} };
    await rendererFactory.createRenderer({ mimeType: type }).renderModel(empty); // which loads Plotly
    window.Plotly ??= RenderedPlotly.Plotly;
    places.forEach((place) => place.draw?.());
  }

  controls.hidden = false;
  panels.forEach((panel) => { panel.querySelector(":scope > .artpose-name").hidden = true; });
  select.addEventListener("change", showPanel);
  showPanel();
})(document.currentScript.parentNode);
