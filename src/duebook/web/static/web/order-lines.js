/* The lines of an order form: more rows, fewer rows, a product fills in its price. The form works without it. */
"use strict";

(() => {
  const form = document.querySelector("[data-order-form]");
  const lines = form?.querySelector("[data-lines]");
  if (!lines) return;
  const template = document.getElementById("line-template");
  const count = form.querySelector('[name="lines-TOTAL_FORMS"]');
  const changed = () => form.dispatchEvent(new CustomEvent("lines-changed"));

  const enable = (scope) => {
    for (const button of scope.querySelectorAll("[data-remove-line]")) button.hidden = false;
  };

  const blank = (line) =>
    [...line.querySelectorAll("input:not([type=checkbox]), select")].every(
      (control) => !/-(product|description|unit_price)$/.test(control.name) || !control.value,
    );

  const add = (kind) => {
    let line = [...lines.querySelectorAll(".line:not(.line-head)")].find(blank);
    if (!line || kind === "product") {
      const number = Number(count.value);
      const holder = document.createElement("div");
      holder.append(template.content.cloneNode(true));
      for (const node of holder.querySelectorAll("[name], [id], [for], [aria-describedby]")) {
        for (const name of ["name", "id", "for", "aria-describedby"]) {
          const value = node.getAttribute(name);
          if (value) node.setAttribute(name, value.replace("__prefix__", String(number)));
        }
      }
      line = holder.firstElementChild;
      lines.append(line);
      count.value = String(number + 1);
      enable(line);
    }
    line.querySelector('[name$="-kind"]').value = kind;
    const first = kind === "product" ? "-product" : "-unit_price";
    line.querySelector(`[name$="${first}"]`).focus();
  };

  /* Spare rows are for pages without scripts; here one empty row is enough, and none where there are items. */
  const rows = [...lines.querySelectorAll(".line:not(.line-head)")];
  const spare = rows.filter((line) => blank(line) && !line.querySelector(".field-error"));
  for (const line of rows.length === spare.length ? spare.slice(1) : spare) line.remove();

  enable(lines);
  for (const button of form.querySelectorAll("[data-add-line]")) {
    button.hidden = false;
    button.addEventListener("click", (event) => {
      event.preventDefault();
      add(button.dataset.addLine);
    });
  }
  /* A chosen product fills in its name and price, but never over something typed. */
  const products = JSON.parse(document.getElementById("products-offered").textContent);
  lines.addEventListener("change", (event) => {
    const select = event.target;
    if (!select.name?.endsWith("-product")) return;
    const line = select.closest(".line");
    const product = products[select.value];
    for (const [name, value] of [["description", product?.name], ["unit_price", product?.price]]) {
      const field = line.querySelector(`[name$="-${name}"]`);
      if (!field.value || field.value === field.dataset.filled) {
        field.value = value ?? "";
        field.dataset.filled = field.value;
      }
    }
    changed();
  });
  lines.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-line]");
    if (!button) return;
    const line = button.closest(".line");
    line.remove();
    changed();
    form.querySelector('[data-add-line="product"]').focus();
  });
})();
