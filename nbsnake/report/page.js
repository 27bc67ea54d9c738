"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
for (const each of all(".tools")) each.hidden = false;

const theme = document.getElementById("theme");
theme.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.classList.contains("dark") ||
    (!root.classList.contains("light") && matchMedia("(prefers-color-scheme: dark)").matches);
  root.className = dark ? "light" : "dark";
});

const search = document.getElementById("search");
const boxes = all("input[name=state]");
const count = document.getElementById("count");
function filter() {
  const word = search.value.trim().toLowerCase();
  const states = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const fits = (each) => states.has(each.dataset.state) &&
    (each.dataset.text || each.textContent).toLowerCase().includes(word);
  let shown = 0;
  for (const each of all(".filtered")) {
    each.hidden = !fits(each);
    if (!each.hidden && each.tagName === "TR") shown += 1;
  }
  for (const each of all(".g .node")) each.classList.toggle("dim", !fits(each));
  count.textContent = shown + " shown";
}
search.addEventListener("input", filter);
for (const box of boxes) box.addEventListener("change", filter);

for (const table of all("table.sorted")) {
  all("thead th", table).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        const numbers = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
        return numbers ? x - y : x.localeCompare(y);
      };
      const rows = [...table.tBodies[0].rows].sort(order);
      table.tBodies[0].append(...(down ? rows.reverse() : rows));
    });
  });
}

const first = all(".g .node").find((each) => each.dataset.state !== "fresh") || all(".g .node")[0];
if (first) {
  const region = first.closest(".scroll");
  const [outer, inner] = [region.getBoundingClientRect(), first.getBoundingClientRect()];
  region.scrollLeft = Math.max(0, inner.left - outer.left - outer.width / 4);
  region.scrollTop = Math.max(0, inner.top - outer.top - outer.height / 3);
}

function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
  if (target) target.scrollIntoView();
}
addEventListener("hashchange", openTarget);
openTarget();
