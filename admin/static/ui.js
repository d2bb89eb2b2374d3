// What plain HTML cannot do: theme switch, dialogs, copying, tabs, toasts. Pages work without it.
"use strict";
(function () {
  var root = document.documentElement;

  // Theme: the other one than what is shown, remembered; back to the system's by choosing it again.
  function toggleTheme() {
    var dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch (error) { /* not kept */ }
  }

  // Toasts
  function toast(text) {
    var item = document.createElement("div");
    item.className = "toast";
    item.textContent = text;
    document.getElementById("toasts").append(item);
    settle(item);
  }
  function settle(item) {
    if (item.dataset.settled) return;
    item.dataset.settled = "yes";
    setTimeout(function () { item.remove(); }, item.classList.contains("bad") ? 12000 : 6000);
  }

  // Copying; over plain http browsers offer no clipboard, so the text is selected instead.
  function copy(button) {
    var source = document.getElementById(button.dataset.copy);
    var text = source.textContent.trim();
    var done = function () {
      var label = button.querySelector("span") || button;
      var before = label.textContent;
      label.textContent = "Copied";
      button.classList.add("done");
      setTimeout(function () { label.textContent = before; button.classList.remove("done"); }, 2000);
    };
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text).then(done, function () { select(source, done); });
    } else {
      select(source, done);
    }
  }
  function select(source, done) {
    var range = document.createRange();
    range.selectNodeContents(source);
    var selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    if (document.execCommand && document.execCommand("copy")) done();
    else toast("Press Ctrl+C to copy what is selected.");
  }

  // Tabs (WAI-ARIA): arrows move between them. Without a script all panels are open.
  function showTab(tab) {
    var list = tab.closest("[role=tablist]");
    list.querySelectorAll("[role=tab]").forEach(function (other) {
      var chosen = other === tab;
      other.setAttribute("aria-selected", chosen ? "true" : "false");
      other.tabIndex = chosen ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
    });
  }
  function prepareTabs(within) {
    within.querySelectorAll("[role=tablist]").forEach(function (list) {
      var chosen = list.querySelector("[aria-selected=true]") || list.querySelector("[role=tab]");
      showTab(chosen);
    });
  }

  // A field that belongs to one choice of a group: <div data-when="expiry=custom">.
  function showDependents(form) {
    form.querySelectorAll("[data-when]").forEach(function (part) {
      var pair = part.dataset.when.split("=");
      var input = form.querySelector('[name="' + pair[0] + '"]:checked');
      part.hidden = !input || input.value !== pair[1];
    });
  }

  // Rows that are ticked, and the button that acts on them.
  function countTicked(form) {
    var boxes = form.querySelectorAll("input[data-row]");
    var ticked = form.querySelectorAll("input[data-row]:checked").length;
    var bar = form.querySelector("[data-bulk]");
    var all = form.querySelector("input[data-all]");
    if (bar) {
      bar.hidden = ticked === 0;
      bar.querySelector("[data-count]").textContent = ticked === 1 ? "1 selected" : ticked + " selected";
    }
    if (all) { all.checked = ticked > 0 && ticked === boxes.length; all.indeterminate = ticked > 0 && !all.checked; }
  }

  function prepare(within) {
    prepareTabs(within);
    within.querySelectorAll("form").forEach(function (form) { showDependents(form); countTicked(form); });
    within.querySelectorAll(".toast").forEach(settle);
    if (within.matches && within.matches(".toast")) settle(within);
    var wrong = within.querySelector("[aria-invalid=true]");
    if (wrong) wrong.focus();
  }

  document.addEventListener("DOMContentLoaded", function () { prepare(document); });
  document.addEventListener("htmx:load", function (event) { if (event.target !== document.body) prepare(event.target); });

  document.addEventListener("click", function (event) {
    var target = event.target.closest("[data-theme-switch], [data-copy], [role=tab], [data-close]");
    var dialog = event.target.closest("dialog");
    if (!target) {
      // A click beside the dialog's box is a click on the dialog itself.
      if (dialog && event.target === dialog) dialog.close();
      return;
    }
    if (target.matches("[data-theme-switch]")) toggleTheme();
    else if (target.matches("[data-copy]")) copy(target);
    else if (target.matches("[role=tab]")) showTab(target);
    else if (dialog) { event.preventDefault(); dialog.close(); }
  });

  document.addEventListener("keydown", function (event) {
    var tab = event.target.closest && event.target.closest("[role=tab]");
    if (!tab || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
    var tabs = Array.from(tab.closest("[role=tablist]").querySelectorAll("[role=tab]"));
    var next = tabs[(tabs.indexOf(tab) + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length];
    showTab(next);
    next.focus();
  });

  document.addEventListener("change", function (event) {
    var form = event.target.form;
    if (!form) return;
    if (event.target.matches("[data-all]")) {
      form.querySelectorAll("input[data-row]").forEach(function (box) { box.checked = event.target.checked; });
    }
    showDependents(form);
    countTicked(form);
  });

  // Dialogs: a link with hx-target="#dialog" fills it, and then it opens.
  document.addEventListener("htmx:afterSwap", function (event) {
    var dialog = event.detail.target.closest("dialog");
    // An error goes to the toasts, which an open dialog would cover.
    if (event.detail.target.id === "toasts") document.querySelectorAll("dialog[open]").forEach(function (open) { open.close(); });
    if (dialog && dialog.childElementCount && !dialog.open) dialog.showModal();
  });
  document.addEventListener("htmx:sendError", function () {
    toast("The proxy could not be reached. Check the connection and try again.");
  });

  // The "More" menu closes when the reader turns elsewhere.
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details[data-menu][open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
})();
