// Names for what Django leaves without one: boxes that suggest while one types, and inputs in the cells of a table.
(() => {
  "use strict";

  const clean = (text) => (text ?? "").replace(/\s+/g, " ").replace(/[:?]\s*$/, "").trim();

  // The name of a table's column, for screen readers the name of each input in it.
  function columnOf(cell) {
    const place = [...cell.parentElement.children].indexOf(cell);
    return clean(cell.closest("table").querySelector(`thead th:nth-child(${place + 1})`)?.textContent);
  }

  function nameOf(input) {
    const cell = input.closest(".tabular td");
    return cell ? columnOf(cell) : clean(input.labels?.[0]?.textContent);
  }

  function nameSuggestions(select) {
    const box = select.nextElementSibling;
    const name = nameOf(select);
    if (!name || !box?.matches(".select2")) return;
    box.querySelector(".select2-search__field")?.setAttribute("aria-label", name);
    box.querySelector("ul.select2-selection__rendered")?.setAttribute("role", "none");
    box.querySelector("span.select2-selection__rendered")?.removeAttribute("role");
    const single = box.querySelector(".select2-selection--single");
    if (single && !single.id) {
      single.id = `${select.id}-box`;
      single.setAttribute("aria-label", name);
      single.setAttribute("aria-labelledby", `${single.id} ${single.getAttribute("aria-labelledby") ?? ""}`.trim());
    }
  }

  function nameAll(container) {
    container.querySelectorAll("select.admin-autocomplete").forEach(nameSuggestions);
    container.querySelectorAll(".tabular td :is(input, select, textarea):not([type=hidden], .select2-search__field)").forEach((input) => {
      const name = nameOf(input);
      if (name) input.setAttribute("aria-label", name);
    });
  }

  // Django makes the boxes when the page is ready, and again for rows that are added.
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => nameAll(document)));
  window.addEventListener("load", () => nameAll(document));
  document.addEventListener("formset:added", () => setTimeout(() => nameAll(document)));
})();
