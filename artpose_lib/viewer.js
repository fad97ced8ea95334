// One script for every viewer; it stands last in its viewer's element, so a page may hold any number of them.
// Nothing here is needed to see the views: without it they stand one below the other.
(function (root) {
  "use strict";

  var select = root.querySelector(":scope > .artpose-controls select");
  var panels = Array.from(root.querySelectorAll(":scope > .artpose-panel"));

  function reveal(selector) {
    root.querySelectorAll(selector).forEach(function (element) { element.hidden = false; });
  }

  // A figure that was laid out while hidden, or before the window changed, has the wrong width.
  function resizeFigures(panel) {
    panel.querySelectorAll(".js-plotly-plot").forEach(function (figure) { window.Plotly.Plots.resize(figure); });
  }

  function showPanel() {
    panels.forEach(function (panel, index) { panel.hidden = index !== select.selectedIndex; });
    resizeFigures(panels[select.selectedIndex]);
  }

  function startChooser() {
    root.querySelectorAll(":scope > .artpose-panel > .artpose-name").forEach(function (name) { name.hidden = true; });
    select.addEventListener("change", showPanel);
  }

  function startReader() {
    var blocks = JSON.parse(root.querySelector(":scope > script[type='application/json']").textContent);
    var slider = root.querySelector("input[type=range]");
    var canvas = root.querySelector("canvas");

    function drawMap() {
      var block = blocks[select.selectedIndex], panel = panels[select.selectedIndex];
      var index = slider.value - 1, count = block.low.length, rows = Math.ceil(count / block.columns);
      var column = index % block.columns, row = Math.floor(index / block.columns);

      canvas.width = canvas.height = block.tile;
      canvas.getContext("2d").drawImage(panel.querySelector("img"), column * block.tile, row * block.tile,
        block.tile, block.tile, 0, 0, block.tile, block.tile);
      var position = "filter " + slider.value + " of " + count;
      root.querySelector("output").textContent = position;
      canvas.setAttribute("aria-label", "Feature map of " + block.name + ", " + position);
      root.querySelector(".artpose-range").textContent = block.side + " × " + block.side + ", from " +
        block.low[index] + " (black) to " + block.high[index] + " (white)";

      var mark = panel.querySelector(".artpose-mark").style;
      mark.left = 100 * column / block.columns + "%";
      mark.top = 100 * row / rows + "%";
      mark.width = 100 / block.columns + "%";
      mark.height = 100 / rows + "%";
    }

    function showBlock() {
      slider.max = blocks[select.selectedIndex].low.length;
      slider.value = 1;
      drawMap();
    }

    function pickTile(event) {
      var block = blocks[select.selectedIndex], count = block.low.length;
      var box = event.currentTarget.getBoundingClientRect();
      var column = Math.floor((event.clientX - box.left) / box.width * block.columns);
      var row = Math.floor((event.clientY - box.top) / box.height * Math.ceil(count / block.columns));
      var index = row * block.columns + column;
      if (index < count) {
        slider.value = index + 1;
        drawMap();
      }
    }

    panels.forEach(function (panel) {
      panel.querySelector(".artpose-grid").addEventListener("click", pickTile);
      panel.querySelector("img").addEventListener("load", drawMap);
    });
    select.addEventListener("change", function () { showPanel(); showBlock(); });
    slider.addEventListener("input", drawMap);
    reveal(".artpose-map, .artpose-mark");
    showBlock();
  }

  reveal(":scope > .artpose-controls");
  if (root.classList.contains("artpose-reader")) startReader(); else startChooser();
  showPanel();
})(document.currentScript.parentNode);
