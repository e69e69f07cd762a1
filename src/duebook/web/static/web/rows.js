/* Rows of a form that one may add and remove. Without this file spare rows and the button do. */
"use strict";

(() => {
  const form = document.querySelector("[data-row-form]");
  const rows = form?.querySelector("[data-rows]");
  if (!rows) return;
  const template = form.querySelector("[data-row-template]");
  const count = form.querySelector('[name$="-TOTAL_FORMS"]');
  const button = form.querySelector("[data-add-row]");
  const changed = () => form.dispatchEvent(new CustomEvent("rows-changed"));

  const enable = (scope) => {
    for (const remove of scope.querySelectorAll("[data-remove-row]")) remove.hidden = false;
  };

  const isBlank = (row) =>
    [...row.querySelectorAll("input, select")].every(
      (control) => !/-(product|partner|percent|fixed_amount)$/.test(control.name) || !control.value,
    );

  const add = () => {
    const number = Number(count.value);
    const holder = document.createElement("div");
    holder.append(template.content.cloneNode(true));
    for (const node of holder.querySelectorAll("[name], [id], [for]")) {
      for (const name of ["name", "id", "for"]) {
        const value = node.getAttribute(name);
        if (value) node.setAttribute(name, value.replace("__prefix__", String(number)));
      }
    }
    const row = holder.firstElementChild;
    rows.append(row);
    count.value = String(number + 1);
    enable(row);
    row.querySelector("select, input")?.focus();
  };

  /* Spare rows are for pages without scripts; here one empty row is enough, and none where there are others. */
  const all = [...rows.querySelectorAll("[data-row]")];
  const spare = all.filter((row) => isBlank(row) && !row.querySelector(".field-error"));
  for (const row of all.length === spare.length ? spare.slice(1) : spare) row.remove();

  enable(rows);
  button.addEventListener("click", (event) => {
    event.preventDefault();
    add();
  });
  rows.addEventListener("click", (event) => {
    const remove = event.target.closest("[data-remove-row]");
    if (!remove) return;
    remove.closest("[data-row]").remove();
    changed();
    button.focus();
  });
})();
