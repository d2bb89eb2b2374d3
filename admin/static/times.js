// Times in the reader's zone. The server writes <time datetime="…Z" data-shown="ago|moment|clock|day|stretch" title="… UTC">.
"use strict";
(function () {
  var full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  var clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  var day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
  var date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  var spans = [[86400, "day"], [3600, "hour"], [60, "minute"]];
  var relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });

  function ago(moment) {
    var seconds = (moment.getTime() - Date.now()) / 1000;
    for (var i = 0; i < spans.length; i++) {
      if (Math.abs(seconds) >= spans[i][0]) {
        return relative.format(Math.trunc(seconds / spans[i][0]), spans[i][1]).replace(".", "");
      }
    }
    return seconds > 0 ? "in a moment" : "just now";
  }

  // From when to when, in the words of the server's filter of this name.
  function stretch(start, end) {
    var begins = date.format(start), last = date.format(end - 1), at = clock.format(start), until = clock.format(end);
    if (at === "00:00" && until === "00:00") return begins === last ? begins : begins + " to " + last;
    if (begins === last) return begins + ", " + at + " to " + (until === "00:00" ? "24:00" : until);
    return begins + ", " + at + " to " + date.format(end) + ", " + until;
  }

  function show(element) {
    var moment = new Date(element.dateTime);
    if (isNaN(moment)) return;
    if (element.dataset.shown === "ago") element.textContent = ago(moment);
    else if (element.dataset.shown === "moment") element.textContent = full.format(moment);
    else if (element.dataset.shown === "clock") element.textContent = clock.format(moment);
    else if (element.dataset.shown === "day") element.textContent = day.format(moment);
    else if (element.dataset.shown === "stretch") element.textContent = stretch(moment, new Date(element.dataset.until));
  }

  function showAll(within) {
    within.querySelectorAll("time[data-shown]").forEach(show);
  }

  document.addEventListener("DOMContentLoaded", function () { showAll(document); });
  document.addEventListener("htmx:load", function (event) { showAll(event.target); });
  setInterval(function () {
    if (!document.hidden) document.querySelectorAll('time[data-shown="ago"]').forEach(show);
  }, 30000);
})();
