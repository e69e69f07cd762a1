/* What CSS alone cannot do for the pages. Every page works without this file. */
"use strict";

(() => {
  const wide = window.matchMedia("(min-width: 992px)");

  /* Menus: CSS opens them; this adds tap, Escape and aria-expanded. */
  for (const opener of document.querySelectorAll(".opens-list")) {
    const item = opener.parentElement;
    const isOpen = () => item.matches(":hover, :focus-within, .is-open") && !item.classList.contains("is-shut");
    const tell = () => opener.setAttribute("aria-expanded", String(!wide.matches || isOpen()));
    let lastPointer = "";
    let wasOpen = false;
    tell();
    for (const name of ["mouseenter", "mouseleave", "focusin", "focusout"]) {
      item.addEventListener(name, (event) => {
        const left = name === "mouseleave" || (name === "focusout" && !item.contains(event.relatedTarget));
        if (left) item.classList.remove("is-shut");
        setTimeout(tell);
      });
    }
    opener.addEventListener("pointerdown", (event) => {
      lastPointer = event.pointerType;
      wasOpen = item.classList.contains("is-open");
    });
    opener.addEventListener("click", (event) => {
      const byTouch = lastPointer === "touch";
      lastPointer = "";
      if (!wide.matches) return;
      if (opener.tagName === "A" && (!byTouch || wasOpen)) return;
      event.preventDefault();
      item.classList.remove("is-shut");
      item.classList.toggle("is-open", byTouch ? !wasOpen : true);
      tell();
    });
    item.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !wide.matches || !isOpen()) return;
      event.stopPropagation();
      item.classList.remove("is-open");
      item.classList.add("is-shut");
      opener.focus();
      tell();
    });
  }
  /* Someone who was signed out meanwhile gets the sign-in page; it does not belong into a part of this one. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (new URL(event.detail.xhr.responseURL).pathname.startsWith("/accounts/")) event.detail.shouldSwap = false;
  });

  document.addEventListener("pointerdown", (event) => {
    for (const item of document.querySelectorAll(".has-list.is-open")) {
      if (!item.contains(event.target)) item.classList.remove("is-open");
    }
    for (const menu of document.querySelectorAll("details.who[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const found = document.getElementById("found");
    if (found && !found.parentElement.contains(event.target)) found.replaceChildren();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.who[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    document.getElementById("found")?.replaceChildren();
  });

  /* Lists of links under a search field: arrow keys move, Enter follows. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const area = event.target.closest("[data-arrows], .finder");
    if (!area) return;
    const links = [...area.querySelectorAll("a[href]")];
    if (!links.length) return;
    const step = event.key === "ArrowDown" ? 1 : -1;
    const next = links.indexOf(document.activeElement) + step;
    event.preventDefault();
    if (next < 0) area.querySelector("input")?.focus();
    else links[Math.min(next, links.length - 1)].focus();
  });

  /* One key for the main action of a page: <a data-key="p">. */
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    if (event.key === "/") {
      const finder = document.getElementById("finder");
      if (finder && finder.offsetParent) {
        event.preventDefault();
        finder.focus();
      }
      return;
    }
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (target) {
      event.preventDefault();
      target.click();
    }
  });

  /* A form is sent once: the second click of a double click does nothing. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // Not form.method: a field of that name would stand in its place.
    if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 3000);
  });

  /* Back to a form that was sent: it stands there as it was sent, with its request key, so sending it again is
     the same request. A browser that kept the page does this by itself; one that asks anew gets a new key. */
  const place = `sent ${location.href}`;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.elements.request_key || form.querySelector("[type=password]")) return;
    const isKept = ([name, value]) => name !== "csrfmiddlewaretoken" && typeof value === "string";
    sessionStorage.setItem(place, JSON.stringify([...new FormData(form)].filter(isKept)));
  });
  const putBack = (form, sent) => {
    const values = new Map([...sent].reverse());
    /* A form that has changed meanwhile gets only the key: the server then says what was done with it. */
    const isSame = [...values.keys()].every((name) => form.elements[name]);
    for (const control of form.elements) {
      if (!values.has(control.name) || (!isSame && control.name !== "request_key")) continue;
      if (control.type === "radio" || control.type === "checkbox") control.checked = false;
      else if (control.tagName !== "SELECT" || control.querySelector(`[value="${CSS.escape(values.get(control.name))}"]`)) {
        control.value = values.get(control.name);
      }
      if (control.type === "text") control.dispatchEvent(new Event("input", { bubbles: true }));
    }
    for (const [name, value] of isSame ? sent : []) {
      const selector = `[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`;
      for (const control of form.querySelectorAll(selector)) if ("checked" in control) control.checked = true;
    }
    form.dispatchEvent(new Event("change", { bubbles: true }));
  };
  window.addEventListener("pageshow", (event) => {
    const sent = sessionStorage.getItem(place);
    const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    const form = [...document.forms].find((one) => one.elements.request_key);
    if (sent && isBack && form && !event.persisted) putBack(form, JSON.parse(sent));
  });

  /* data-select on a field selects all of it, ready to be copied. */
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-select]")) event.target.select();
  });

  /* data-print on a button prints the page. */
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
})();
