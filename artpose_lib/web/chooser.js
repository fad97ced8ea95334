// One script for every choice of views; it stands last in its element, so a page may hold any number of them. (VS Code runs
// it at the end of the output instead.) Without it the views stand one below the other.
(function (output) {
  "use strict";

  const root = output.closest(".artpose-chooser") ?? output.querySelector(".artpose-chooser");
  const [controls, ...panels] = root.querySelectorAll(":scope > .artpose-controls, :scope > .artpose-panel");
  const select = controls.querySelector("select");

  function showPanel() {
    panels.forEach((panel, index) => { panel.hidden = index !== select.selectedIndex; });
  }

  controls.hidden = false;
  panels.forEach((panel) => { panel.querySelector(":scope > .artpose-name").hidden = true; });
  select.addEventListener("change", showPanel);
  showPanel();
})(document.currentScript.parentNode);
