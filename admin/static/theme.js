// Runs before the first paint: the chosen theme, and the mark that a script runs at all.
"use strict";
(function () {
  var root = document.documentElement;
  root.classList.add("scripted");
  try {
    var chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch (error) {
    // Storage can be forbidden; the system's choice holds then.
  }
})();
