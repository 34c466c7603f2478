/** Fills the fence's centre with where this device is. Without script, or permission, it is typed. */

const form = document.querySelector(".honesty__rules");
const field = (name) => form.elements.namedItem(name);

function say(text) {
  const note = form.querySelector("[data-part=said]") ?? form.appendChild(document.createElement("p"));
  note.dataset.part = "said";
  note.setAttribute("role", "status");
  note.textContent = text;
}

function fillIn({ coords }) {
  field("latitude").value = coords.latitude.toFixed(6);
  field("longitude").value = coords.longitude.toFixed(6);
  field("fenced").checked = true;
  say(`± ${Math.round(coords.accuracy)} m`);
}

function offer() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = form.dataset.position;
  button.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(fillIn, () => say(form.dataset.unknown), { enableHighAccuracy: true, timeout: 10_000 });
  });
  field("radiusMeters").closest(".honesty__form").append(button);
}

if (form && "geolocation" in navigator && !field("latitude").matches(":disabled")) offer();
