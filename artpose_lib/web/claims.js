// Shows the claims of one verdict and one section. It stands last in its element; without it all claims are seen.
(function (output) {
  "use strict";

  var root = output.closest(".artpose-claims") ?? output.querySelector(".artpose-claims");
  var rows = Array.from(root.querySelectorAll("tbody tr"));
  var section = root.querySelector("select");

  function show() {
    var verdict = root.querySelector("input:checked").value;
    rows.forEach(function (row) {
      row.hidden = Boolean((verdict && row.dataset.verdict !== verdict) || (section.value && row.dataset.section !== section.value));
    });
    root.querySelector("output").textContent = rows.filter(function (row) { return !row.hidden; }).length + " shown";
  }

  root.classList.add("artpose-ready");
  root.addEventListener("change", show);
  show();
})(document.currentScript.parentNode);
