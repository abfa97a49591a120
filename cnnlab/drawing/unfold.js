"use strict";
// A block opens where it is clicked, and closes by its frame; what is pointed at lights up in the table and the YAML.
const shown = (part) => part.findIndex((svg) => !svg.hasAttribute("hidden"));

function show(part, depth) {
  const last = Math.max(0, Math.min(depth, part.length - 1));
  part.forEach((svg, i) => svg.toggleAttribute("hidden", i !== last));
}

document.querySelectorAll(".flow").forEach((flow) => {
  const parts = [...flow.querySelectorAll(".part")].map((part) => [...part.children]);

  function align() {
    const axes = parts.map((part) => Number(part[shown(part)].dataset.axis));
    parts.forEach((part, i) => { part[shown(part)].style.marginLeft = `${Math.max(...axes) - axes[i]}px`; });
  }

  function toggle(target) {
    const box = target.closest(".opens");
    const part = box && parts.find((one) => one.includes(box.closest("svg")));
    if (!part) return;
    show(part, shown(part) + (box.querySelector(":scope > .frame") ? -1 : 1));
    align();
    const after = part[shown(part)].querySelector(`[data-block="${CSS.escape(box.dataset.block)}"].opens`);
    if (after) after.focus({ preventScroll: true });
  }

  flow.querySelectorAll(".opens").forEach((box) => { box.setAttribute("tabindex", "0"); box.setAttribute("role", "button"); });
  flow.addEventListener("click", (event) => toggle(event.target));
  flow.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(event.target); }
  });
  flow.closest(".pane").querySelectorAll("[data-all]").forEach((button) => button.addEventListener("click", () => {
    parts.forEach((part) => show(part, Number(button.dataset.all)));
    align();
  }));
});

let lit = null;
function light(block, from) {
  if (block === lit) return;
  lit = block;
  document.querySelectorAll(".on").forEach((one) => one.classList.remove("on"));
  if (!block) return;
  const all = [...document.querySelectorAll(`[data-block="${CSS.escape(block)}"]`)];
  all.forEach((one) => one.classList.add("on"));
  document.querySelectorAll(".pane").forEach((pane) => {
    if (pane.contains(from)) return;
    const first = all.find((one) => pane.contains(one) && one.getClientRects().length);
    const scroll = first?.closest(".scroll");
    if (!scroll) return;
    const [a, b] = [first.getBoundingClientRect(), scroll.getBoundingClientRect()];
    if (a.top < b.top + 30 || a.bottom > b.bottom) scroll.scrollTop += a.top - b.top - b.height / 3;
  });
}
document.addEventListener("pointerover", (event) => {
  const one = event.target.closest("[data-block]");
  if (one) light(one.dataset.block, one);
});
