"use strict";
(() => {
  const added = (attributes) => document.body.appendChild(Object.assign(document.createElement("div"), attributes));
  const tip = added({ id: "tip", hidden: true, ariaHidden: "true" });
  const live = added({ className: "skip", ariaLive: "polite" });
  const show = (words, x, y) => {
    tip.textContent = words;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(8, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
    tip.style.top = (y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18) + "px";
  };
  const hide = () => { tip.hidden = true; };

  // marks: what they stand for, by pointer or by arrow keys
  document.querySelectorAll(".chart:not([data-curves])").forEach((chart) => {
    const marks = [...chart.querySelectorAll("[data-t]")];
    let at = -1;
    chart.addEventListener("pointermove", (event) => {
      const mark = event.target.closest("[data-t]");
      if (mark) show(mark.dataset.t, event.clientX, event.clientY); else hide();
    });
    chart.addEventListener("pointerleave", hide);
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step || !marks.length) { if (event.key === "Escape") hide(); return; }
      event.preventDefault();
      if (marks[at]) marks[at].classList.remove("here");
      at = (at + step + marks.length) % marks.length;
      marks[at].classList.add("here");
      const box = marks[at].getBoundingClientRect();
      show(marks[at].dataset.t, box.right, box.bottom);
      live.textContent = marks[at].dataset.t;
    });
    chart.addEventListener("blur", () => { hide(); marks.forEach((mark) => mark.classList.remove("here")); });
  });

  // curves: all arms at one epoch
  document.querySelectorAll("[data-curves]").forEach((chart) => {
    const { percent, series } = JSON.parse(chart.dataset.curves);
    const start = +chart.dataset.left, end = +chart.dataset.right, last = +chart.dataset.last;
    const cross = chart.querySelector(".cross");
    const epochs = [...new Set(series.flatMap((one) => Object.keys(one.at).map(Number)))].sort((a, b) => a - b);
    const said = (value) => percent ? (100 * value).toFixed(2) + " %" : value.toPrecision(4);
    let at = epochs.length - 1;
    const place = (index, x, y) => {
      at = index;
      const epoch = epochs[at], where = start + (end - start) * epoch / last;
      cross.setAttribute("x1", where); cross.setAttribute("x2", where); cross.style.visibility = "visible";
      const lines = series.filter((one) => one.at[epoch]).map((one) => {
        const [mean, low, high] = one.at[epoch];
        return one.name + "  " + said(mean) + (low === high ? "" : "  (" + said(low) + " to " + said(high) + ")");
      });
      const words = "epoch " + epoch + "\n" + lines.join("\n");
      show(words, x, y);
      return words;
    };
    const clear = () => { hide(); cross.style.visibility = "hidden"; };
    chart.addEventListener("pointermove", (event) => {
      const box = chart.getBoundingClientRect(), scale = chart.viewBox.baseVal.width / box.width;
      const epoch = ((event.clientX - box.left) * scale - start) / (end - start) * last;
      let best = 0;
      epochs.forEach((one, index) => { if (Math.abs(one - epoch) < Math.abs(epochs[best] - epoch)) best = index; });
      place(best, event.clientX, event.clientY);
    });
    chart.addEventListener("pointerleave", clear);
    chart.addEventListener("blur", clear);
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) { if (event.key === "Escape") clear(); return; }
      event.preventDefault();
      const box = chart.getBoundingClientRect();
      const index = Math.max(0, Math.min(epochs.length - 1, at + step));
      live.textContent = place(index, box.left + box.width * (start + (end - start) * epochs[index] / last) / chart.viewBox.baseVal.width, box.top + 30);
    });
  });

  // the legend fades series
  document.querySelectorAll("[data-series]").forEach((button) => button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    document.querySelectorAll(".chart .series-" + button.dataset.series).forEach((mark) => mark.classList.toggle("off", !on));
  }));

  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
})();
