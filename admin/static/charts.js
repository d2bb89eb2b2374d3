// A chart's values by hover, tap and arrow keys, in the reader's zone. They are read from the table behind it.
"use strict";
(function () {
  var clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  function stepsOf(chart) { return Array.from(chart.querySelectorAll(".steps a")); }

  // What a column is: when, and what of each series.
  function facts(chart, number) {
    var row = chart.querySelectorAll("tbody tr")[number];
    var heads = chart.querySelectorAll("thead th");
    return {
      when: row.cells[0].textContent,
      parts: Array.from(row.cells).slice(1).map(function (cell, index) {
        var head = heads[index + 1];
        return { label: head.textContent, style: head.dataset.style, value: cell.textContent };
      }),
    };
  }

  function element(name, text, style) {
    var made = document.createElement(name);
    if (text) made.textContent = text;
    if (style) made.className = style;
    return made;
  }

  function show(link, byTouch) {
    var chart = link.closest("[data-chart]");
    var steps = stepsOf(chart);
    var number = steps.indexOf(link);
    var readout = chart.querySelector(".readout");
    var fact = facts(chart, number);
    steps.forEach(function (other) { other.classList.toggle("shown", other === link); });
    readout.replaceChildren(element("strong", fact.when));
    fact.parts.forEach(function (part) {
      var line = element("span");
      line.append(element("i", "", part.style), element("span", part.label), element("b", part.value, "number"));
      readout.append(line);
    });
    readout.append(element("small", byTouch ? "Tap again for the requests" : "Click or Enter for the requests"));
    // Beside the column, on the side where there is more room.
    var middle = (number + 0.5) / steps.length * 100;
    readout.style.left = middle < 50 ? middle + "%" : "auto";
    readout.style.right = middle < 50 ? "auto" : 100 - middle + "%";
    readout.hidden = false;
  }

  function hide(chart) {
    chart.querySelector(".readout").hidden = true;
    stepsOf(chart).forEach(function (link) { link.classList.remove("shown"); });
  }

  function linkOf(event) { return event.target.closest && event.target.closest("[data-chart] .steps a"); }

  function prepare(chart) {
    stepsOf(chart).forEach(function (link, number) {
      var fact = facts(chart, number);
      var said = fact.parts.map(function (part) { return part.value + " " + part.label; });
      link.setAttribute("aria-label", [fact.when].concat(said).join(", "));
      link.removeAttribute("title");
      // Shown again by what takes the place of a chart while its column has the focus.
      if (link === document.activeElement) show(link);
    });
    var note = chart.querySelector("[data-zone]");
    if (!note || !zone || zone === "UTC") return;
    var begin = {};
    chart.querySelectorAll("tbody time").forEach(function (time) { begin[clock.format(new Date(time.dateTime))] = true; });
    var from = Object.keys(begin).join(" or ");
    if (note.dataset.zone === "clock") note.textContent = "times are " + zone + "’s";
    else if (from !== "00:00") note.textContent = "days are UTC’s: each begins at " + from + " in " + zone;
  }

  function prepareAll(within) {
    within.querySelectorAll("[data-chart]").forEach(prepare);
  }

  document.addEventListener("DOMContentLoaded", function () { prepareAll(document); });
  document.addEventListener("htmx:load", function (event) { prepareAll(event.target); });

  // A finger that touches a column asks what it is; where it is shown already, for its requests.
  var touch = false, before = null;
  document.addEventListener("pointerdown", function (event) {
    var link = linkOf(event);
    touch = event.pointerType === "touch";
    before = link && link.classList.contains("shown") ? link : null;
  }, true);
  document.addEventListener("click", function (event) {
    var link = linkOf(event);
    if (!link) { if (touch) document.querySelectorAll("[data-chart]").forEach(hide); return; }
    // A key's click has no place of its own.
    if (touch && event.detail && link !== before) { event.preventDefault(); show(link, true); }
  });

  document.addEventListener("pointerover", function (event) {
    var link = linkOf(event);
    if (link && event.pointerType !== "touch") show(link);
  });
  document.addEventListener("pointerout", function (event) {
    var chart = event.target.closest && event.target.closest("[data-chart]");
    var to = event.relatedTarget;
    if (!chart || event.pointerType === "touch" || (to && to.closest && to.closest(".steps") && chart.contains(to))) return;
    // The keyboard's column is shown again when the pointer leaves.
    var focused = chart.querySelector(".steps a:focus-visible");
    if (focused) show(focused); else hide(chart);
  });

  document.addEventListener("focusin", function (event) {
    var link = linkOf(event);
    if (!link) return;
    stepsOf(link.closest("[data-chart]")).forEach(function (other) { other.tabIndex = other === link ? 0 : -1; });
    show(link, touch);
  });
  document.addEventListener("focusout", function (event) {
    var link = linkOf(event);
    if (link) hide(link.closest("[data-chart]"));
  });

  document.addEventListener("keydown", function (event) {
    touch = false;
    if (event.key === "Escape") document.querySelectorAll("[data-chart]").forEach(hide);
    var link = linkOf(event);
    if (!link || event.altKey || event.ctrlKey || event.metaKey) return;
    var steps = stepsOf(link.closest("[data-chart]"));
    var at = steps.indexOf(link);
    var to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: steps.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (steps[to]) steps[to].focus();
  });
})();
