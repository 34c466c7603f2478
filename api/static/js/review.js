/** Says on the button how many are ticked. Everything else on the review page is plain HTML. */

import { fill } from "./texts.js";

const button = document.querySelector("[data-part=ticked]");
const ticks = document.querySelectorAll("input[name=tick]");

function count() {
  const n = [...ticks].filter((tick) => tick.checked).length;
  button.textContent = fill(button.dataset.text, { n });
}

if (button) {
  document.addEventListener("change", ({ target }) => target.name === "tick" && count());
  count();
}
