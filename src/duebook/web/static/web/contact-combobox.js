/* The field Name as a combobox: type, arrow keys, Enter takes the person, Enter again (or OK) goes on. */
"use strict";

(() => {
  const form = document.querySelector("[data-combobox]");
  if (!form) return;
  const input = form.querySelector("[data-combobox-input]");
  const list = document.getElementById("name-options");
  const status = form.querySelector("[data-combobox-status]");
  const contact = form.querySelector("[data-combobox-contact]");
  const invoice = form.querySelector("[data-combobox-invoice]");
  let active = -1;

  const options = () => [...list.querySelectorAll('[role="option"]:not([aria-disabled])')];

  const open = (isOpen) => {
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) mark(-1);
  };

  const mark = (position) => {
    active = position;
    options().forEach((option, i) => option.setAttribute("aria-selected", String(i === position)));
    const option = options()[position];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };

  const choose = (option) => {
    input.value = option.dataset.name;
    contact.value = option.dataset.contact;
    contact.disabled = false;
    invoice.value = option.dataset.invoice;
    invoice.disabled = !option.dataset.invoice;
    open(false);
    list.replaceChildren();
    input.focus();
  };

  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-controls": list.id,
    "aria-expanded": "false",
  })) {
    input.setAttribute(name, value);
  }

  input.addEventListener("input", () => {
    contact.disabled = true;
    invoice.disabled = true;
    if (!input.value.trim()) open(false);
  });

  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "Escape") {
      open(false);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      event.stopPropagation();
      open(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(active < 0 ? (step > 0 ? 0 : count - 1) : (active + step + count) % count);
    } else if (event.key === "Enter" && !list.hidden && active >= 0) {
      event.preventDefault();
      choose(options()[active]);
    }
  });

  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest('[role="option"]:not([aria-disabled])');
    if (option) choose(option);
  });
  document.addEventListener("pointerdown", (event) => {
    if (!form.contains(event.target)) open(false);
  });

  /* An answer that comes after the person was chosen is not shown. */
  list.addEventListener("htmx:beforeSwap", (event) => {
    if (!contact.disabled || !input.value.trim()) event.detail.shouldSwap = false;
  });
  list.addEventListener("htmx:afterSwap", () => {
    const count = options().length;
    open(list.childElementCount > 0 && document.activeElement === input);
    mark(-1);
    status.textContent = count ? `${count} ${status.dataset.found}` : status.dataset.none;
  });

  /* Someone who types faster than the page loads is not made to type again. */
  document.addEventListener("DOMContentLoaded", () => {
    if (input.value !== input.defaultValue) setTimeout(() => input.dispatchEvent(new Event("input", { bubbles: true })));
  });
})();
