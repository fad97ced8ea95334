// One script for every choice of views; it stands last in its element, so a page may hold any number of them.
// Nothing here is needed to see the views: without it they stand one below the other.
(function (root) {
  "use strict";

  var select = root.querySelector(":scope > .artpose-controls select");
  var panels = Array.from(root.querySelectorAll(":scope > .artpose-panel"));

  function showPanel() {
    panels.forEach(function (panel, index) { panel.hidden = index !== select.selectedIndex; });
  }

  root.querySelector(":scope > .artpose-controls").hidden = false;
  root.querySelectorAll(":scope > .artpose-panel > .artpose-name").forEach(function (name) { name.hidden = true; });
  select.addEventListener("change", showPanel);
  showPanel();
})(document.currentScript.parentNode);
