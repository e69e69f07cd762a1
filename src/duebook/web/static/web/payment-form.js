/* What the payment form does while one fills it in. The form works without this file: the server does the same. */
"use strict";

(() => {
  const form = () => document.getElementById("payment-form");
  const amount = () => document.getElementById("id_amount");
  const invoice = () => document.getElementById("id_invoice");
  const chosen = (select) => select?.selectedOptions[0];
  const changed = (control) => control.dispatchEvent(new Event("change", { bubbles: true }));
  let isTyped = false;
  let isAnswered = false;

  const fillAmount = (text) => {
    amount().value = text;
    isTyped = false;
  };

  /* Another invoice: its balance stands beside the amount, and in it unless someone typed another. */
  const showInvoice = () => {
    const option = chosen(invoice());
    const balance = option?.dataset.balance ?? "";
    const line = form().querySelector("[data-balance-line]");
    if (line) {
      line.hidden = !balance;
      line.querySelector("[data-balance]").textContent = option?.dataset.shown ?? "";
    }
    if (option?.dataset.sign) amount().parentElement.querySelector(".input-group-text").textContent = option.dataset.sign;
    form().elements.prefilled.value = option?.value ?? "";
    if (balance && !isTyped) amount().value = balance;
    if (!balance && !isTyped) amount().value = "";
  };

  const showType = () => {
    const option = chosen(document.getElementById("id_payment_type"));
    if (!option) return;
    document.getElementById("id_payment_type_helptext").textContent = option.dataset.hint ?? "";
    document.getElementById("id_reference_helptext").textContent = option.dataset.referenceHint ?? "";
    form().classList.toggle("has-no-reference", option.dataset.reference === "");
    form().classList.toggle("charges", option.dataset.charges === "yes");
    if (option.dataset.button) form().querySelector("[data-apply]").textContent = option.dataset.button;
  };

  const takeOverDefault = () => {
    const option = chosen(document.getElementById("id_payment_type"));
    const answer = option?.dataset.commissions;
    if (!answer || isAnswered) return;
    const button = form().querySelector(`[name="apply_to_commissions"][value="${answer}"]`);
    if (button) button.checked = true;
  };

  const showDay = () => {
    const words = form().querySelector("[data-day-words]");
    words.hidden = document.getElementById("id_received_on").value !== words.dataset.dayToday;
  };

  const start = () => {
    if (!form()) return;
    isTyped = Boolean(invoice()) && amount().value !== "" && amount().value !== (chosen(invoice())?.dataset.balance ?? "");
    showType();
    showDay();
  };

  document.addEventListener("input", (event) => {
    if (event.target.id === "id_amount") isTyped = event.target.value.trim() !== "";
  });

  document.addEventListener("change", (event) => {
    if (!form()?.contains(event.target)) return;
    if (event.target.id === "id_invoice") showInvoice();
    if (event.target.id === "id_received_on") showDay();
    if (event.target.name === "apply_to_commissions") isAnswered = true;
    if (event.target.id === "id_payment_type") {
      showType();
      takeOverDefault();
    }
    if (event.target.name === "surplus" && event.target.dataset.lowerTo) {
      fillAmount(event.target.dataset.lowerTo);
      amount().focus();
    }
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-pay-in-full]")) return;
    const balance = chosen(invoice())?.dataset.balance;
    if (!balance) return;
    event.preventDefault();
    fillAmount(balance);
    changed(amount());
    amount().focus();
  });

  /* The panel is long; a screen reader hears only what matters of it. */
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "payment") start();
    const status = document.querySelector("[data-preview-status]");
    const summary = document.querySelector("#preview [data-summary]");
    if (status && status.textContent !== (summary?.dataset.summary ?? "")) {
      status.textContent = summary?.dataset.summary ?? "";
    }
  });

  /* Where one goes on: the first field that was refused, else the amount, else the invoice. Enter saves. */
  const focusFirst = () => {
    const refused = form()?.querySelector(".is-invalid");
    if (refused) refused.focus();
    else if (form() && window.matchMedia("(pointer: fine)").matches && !document.querySelector("[role=alert]")) {
      const next = invoice() && !invoice().value ? invoice() : amount();
      next.focus({ preventScroll: true });
      if (next === amount()) next.select();
    }
  };

  start();
  focusFirst();
})();
