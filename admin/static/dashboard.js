// Keeps the dashboard fresh: asks for its live part while somebody looks, and says when it cannot.
"use strict";
(function () {
  var clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  var moment = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  var asking = false;
  var asked = Date.now();

  function live() { return document.getElementById("live"); }

  function say(level, word) {
    var state = document.getElementById("fresh");
    if (!state || state.querySelector("[data-word]").textContent === word) return;
    state.querySelector(".dot").className = "dot " + level;
    state.querySelector("[data-word]").textContent = word;
  }

  // The columns' times in the reader's zone.
  function localise(within) {
    within.querySelectorAll("g[data-at] > title").forEach(function (title) {
      var lines = title.textContent.split("\n");
      lines[0] = moment.format(new Date(title.parentNode.dataset.at));
      title.textContent = lines.join("\n");
    });
  }

  function look() {
    var part = live();
    var seconds = part ? Number(part.dataset.seconds) : 0;
    if (!seconds || document.hidden || asking || Date.now() - asked < seconds * 1000) return;
    // What is selected, or about to be read in a tooltip, stays where it is.
    if (String(getSelection()) || part.querySelector(".timeline g:hover")) return;
    asking = true;
    asked = Date.now();
    var done = function () { asking = false; };
    htmx.ajax("GET", part.dataset.fresh, { source: part, target: part, swap: "outerHTML" }).then(done, done);
  }

  document.addEventListener("DOMContentLoaded", function () { localise(document); });
  document.addEventListener("htmx:load", function (event) { localise(event.target); });
  document.addEventListener("visibilitychange", look);
  setInterval(look, 1000);

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
