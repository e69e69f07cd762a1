/* Puts the card processor's own fields on the page and, once it has saved the card, tells our server to ask. */
"use strict";

(() => {
  const form = document.getElementById("card-form");
  const problem = document.getElementById("card-problem");
  const button = form.querySelector("button[type=submit]");
  if (typeof window.Stripe !== "function") {
    problem.textContent = form.dataset.missing;
    button.disabled = true;
    return;
  }
  const processor = window.Stripe(form.dataset.publicKey);
  const card = processor.elements().create("card");
  card.mount("#card-fields");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    const answer = await processor.confirmCardSetup(form.dataset.clientSecret, { payment_method: { card } });
    if (answer.error) {
      problem.textContent = answer.error.message;
      button.disabled = false;
      return;
    }
    /* The server asks the processor what became of it; nothing of the answer is sent. */
    form.submit();
  });
})();
