// The request log as it grows: new rows on top, without moving what is being read. A reader who
// has scrolled, points at a row, has one open or paused gets a button that says how many wait.
"use strict";
(function () {
  var box = document.querySelector("[data-tail]");
  var button = box && box.querySelector("[data-pause]");
  var arrivals = document.querySelector("[data-arrivals]");
  if (!box || !window.EventSource) return;

  var MOST = 500;
  var source = null;
  var address = null;
  var paused = false;
  var missed = false;
  var pointing = false;
  var waiting = [];
  var retry = 0;

  function rows() { return document.getElementById("rows"); }

  function say(level, word) {
    var text = box.querySelector("[data-word]");
    if (text.textContent !== word) text.textContent = word;
    box.querySelector(".dot").className = "dot " + level;
  }

  // A page of older rows, or of a range that has ended, does not grow; nor is a refusal in the stream.
  function wanted() {
    var query = new URLSearchParams(location.search);
    if (query.get("before") || query.get("to") || query.get("outcome") === "refused") return null;
    query.delete("sort");
    return "/admin/requests/tail" + (String(query) ? "?" + query : "");
  }

  function disconnect() {
    clearTimeout(retry);
    if (source) source.close();
    source = null;
  }

  function connect() {
    var to = wanted();
    box.hidden = !to;
    if (source && to === address && source.readyState !== EventSource.CLOSED) return;
    disconnect();
    address = to;
    if (!to || document.hidden) { missed = missed || Boolean(to); return; }
    var opened = source = new EventSource(to);
    opened.onopen = function () {
      say(paused ? "quiet" : "", paused ? "Paused" : "Live");
      // What came while nobody listened is in no event.
      if (missed) { missed = false; reload(); }
    };
    opened.onerror = function () {
      missed = true;
      say("warning", "Reconnecting");
      if (opened.readyState === EventSource.CLOSED) {
        clearTimeout(retry);
        retry = setTimeout(connect, 5000);
      }
    };
    opened.addEventListener("row", function (event) { arrive(event.lastEventId, event.data); });
    opened.addEventListener("gone", function () { disconnect(); location.reload(); });
  }

  function reload() {
    waiting = [];
    announce();
    return htmx.ajax("GET", location.pathname + location.search, { target: "#results", swap: "outerHTML" });
  }

  function isShown(id) {
    return Boolean(document.querySelector('#rows a[href="/admin/requests/' + id + '"]'));
  }

  function arrive(id, html) {
    if (isShown(id) || waiting.some(function (each) { return each.id === id; })) return;
    waiting.push({ id: id, html: html });
    if (waiting.length > MOST) waiting.shift();
    if (reading()) announce();
    else show();
  }

  function reading() {
    var list = rows();
    return paused || pointing || Boolean(document.querySelector("dialog[open]"))
      || Boolean(list && (list.contains(document.activeElement) || list.getBoundingClientRect().top < 0));
  }

  function announce() {
    arrivals.hidden = waiting.length === 0;
    arrivals.textContent = waiting.length === 1 ? "1 new request" : waiting.length + " new requests";
  }

  function show() {
    if (!waiting.length) return;
    var list = rows();
    // The first request of all, or of a filter, takes the place of the empty list.
    if (!list) { reload(); return; }
    waiting.splice(0).forEach(function (each) {
      var template = document.createElement("template");
      template.innerHTML = each.html;
      var row = template.content.querySelector("tr");
      if (!row || isShown(each.id)) return;
      row.classList.add("arrived");
      list.prepend(row);
      htmx.process(row);
      htmx.trigger(row, "htmx:load", { elt: row });
    });
    while (list.rows.length > MOST) list.lastElementChild.remove();
    announce();
  }

  function catchUp() { if (waiting.length && !reading()) show(); }

  button.addEventListener("click", function () {
    paused = !paused;
    button.setAttribute("aria-pressed", paused ? "true" : "false");
    button.querySelector("span").textContent = paused ? "Resume" : "Pause";
    say(paused ? "quiet" : "", paused ? "Paused" : "Live");
    catchUp();
  });
  arrivals.addEventListener("click", function () {
    scrollTo({ top: 0 });
    show();
  });
  document.addEventListener("pointerover", function (event) {
    pointing = event.pointerType === "mouse" && Boolean(event.target.closest("#rows"));
    catchUp();
  });
  document.addEventListener("scroll", catchUp, { passive: true });
  document.addEventListener("close", catchUp, true);
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.target.id !== "results" && !event.detail.target.querySelector("#rows")) return;
    if (wanted() !== address) { waiting = []; announce(); }
    connect();
  });
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { disconnect(); missed = true; } else connect();
  });
  window.addEventListener("pagehide", disconnect);
  connect();
})();
