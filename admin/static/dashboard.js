// Keeps the dashboard fresh: asks for its live part while somebody looks, and says when it cannot.
"use strict";
(function () {
  var clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  var asking = false;
  var asked = Date.now();

  function live() { return document.getElementById("live"); }

  function say(level, word) {
    var state = document.getElementById("fresh");
    if (!state || state.querySelector("[data-word]").textContent === word) return;
    state.querySelector(".dot").className = "dot " + level;
    state.querySelector("[data-word]").textContent = word;
  }

  function look() {
    var part = live();
    var seconds = part ? Number(part.dataset.seconds) : 0;
    if (!seconds || document.hidden || asking || Date.now() - asked < seconds * 1000) return;
    // What is selected or being read stays where it is.
    if (String(getSelection()) || part.querySelector(".steps a:hover, .behind[open]:hover, .behind[open]:focus-within")) return;
    asking = true;
    asked = Date.now();
    var done = function () { asking = false; };
    htmx.ajax("GET", part.dataset.fresh, { source: part, target: part, swap: "outerHTML" }).then(done, done);
  }

  document.addEventListener("visibilitychange", look);
  setInterval(look, 1000);

  // Tables that are open stay open, at the row that is being read.
  var opened = {};
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target.id !== "live") return;
    opened = {};
    event.detail.target.querySelectorAll(".behind[open]").forEach(function (table) {
      opened[table.id] = table.querySelector(".table-box").scrollTop;
    });
  });
  document.addEventListener("htmx:load", function (event) {
    if (event.target.id !== "live") return;
    Object.keys(opened).forEach(function (id) {
      var table = document.getElementById(id);
      if (!table) return;
      table.open = true;
      table.querySelector(".table-box").scrollTop = opened[id];
    });
  });

  // A refresh that fails is no news for a toast each time: the page says since when it stands.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.requestConfig.elt.id !== "live") return;
    if (event.detail.xhr.status < 300) { say("", "Live"); return; }
    event.detail.shouldSwap = false;
    say("warning", "Not updated since " + clock.format(new Date()));
  });
  document.addEventListener("htmx:sendError", function (event) {
    if (event.detail.requestConfig.elt.id !== "live") return;
    event.stopImmediatePropagation();
    say("bad", "The proxy cannot be reached");
  }, true);
})();
