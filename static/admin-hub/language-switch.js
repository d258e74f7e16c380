// One bar of buttons decides which language's fields a form shows. Without this script all of them are visible.
(() => {
  "use strict";
  const REMEMBERED = "hub-admin-language";

  function remembered() {
    try {
      return localStorage.getItem(REMEMBERED);
    } catch {
      return null; // Storage may be forbidden; then each page starts anew.
    }
  }

  function remember(language) {
    try {
      localStorage.setItem(REMEMBERED, language);
    } catch {
      // As above.
    }
  }

  function start(bar) {
    const form = bar.closest("form");
    const buttons = [...bar.querySelectorAll("button")];
    const languages = buttons.map((button) => button.dataset.language).filter((language) => language !== "all");
    const fieldOf = new Map();
    for (const name of bar.dataset.allFields.split(" ")) {
      for (const language of languages) fieldOf.set(`${name}_${language}`, { name, language });
    }
    const own = new Set(bar.dataset.fields.split(" "));
    const counted = bar.dataset.counted.split(" ");
    let shown = "all";

    // Rows of a field set, boxes in a row of several fields, cells and headings of a tabular inline.
    function places() {
      const found = [];
      for (const place of form.querySelectorAll('.form-row[class*="field-"], .fieldBox[class*="field-"], td[class*="field-"], th[class*="column-"]')) {
        for (const name of place.classList) {
          const field = fieldOf.get(name.replace(/^(field|column)-/, ""));
          if (field && /^(field|column)-/.test(name) && !(place.matches(".form-row") && place.querySelector(".fieldBox"))) {
            found.push({ place, ...field });
          }
        }
      }
      return found;
    }

    function isEmpty(place) {
      const input = place.querySelector("input, textarea");
      return input ? !input.value.trim() : !place.querySelector(".readonly")?.textContent.replace(/[-–]/g, "").trim();
    }

    function note() {
      const rows = places();
      for (const button of buttons) {
        const language = button.dataset.language;
        if (language === "all") continue;
        const mine = rows.filter((row) => row.language === language);
        const texts = mine.filter((row) => own.has(row.name) && row.place.matches(".form-row, .fieldBox") && !isEmpty(row.place));
        const names = new Set(texts.map((row) => row.name));
        const state = counted.every((name) => names.has(name)) ? "full" : names.size ? "part" : "none";
        const hasErrors = mine.some((row) => row.place.querySelector(".errorlist") || row.place.matches(".errors"));
        button.dataset.state = state;
        button.classList.toggle("has-errors", hasErrors);
        const words = [bar.dataset[`text${state[0].toUpperCase()}${state.slice(1)}`]];
        if (hasErrors) words.push(bar.dataset.textErrors);
        button.querySelector("[data-language-state]").textContent = `(${words.join(", ")})`;
        button.title = words.join(", ");
      }
    }

    function show(language) {
      shown = language;
      for (const row of places()) row.place.classList.toggle("other-language", language !== "all" && row.language !== language);
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.language === language));
      form.dispatchEvent(new CustomEvent("language:shown", { detail: { language } }));
    }

    // What was chosen last, then the record's own language; but where something is wrong, what is wrong.
    function first() {
      const wanted = [remembered(), bar.dataset.initial, languages[0]].find((language) => language === "all" || languages.includes(language));
      const faulty = buttons.filter((button) => button.classList.contains("has-errors")).map((button) => button.dataset.language);
      return wanted === "all" || !faulty.length || faulty.includes(wanted) ? wanted : faulty[0];
    }

    bar.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      remember(button.dataset.language);
      show(button.dataset.language);
    });

    // A new record is written in the language that is said to be its own, until somebody chooses another.
    const source = bar.dataset.follows ? form.elements[bar.dataset.follows] : null;
    source?.addEventListener("change", () => {
      if (languages.includes(source.value) && shown !== "all") show(source.value);
    });

    let timer = 0;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(note, 300);
    });
    document.addEventListener("formset:added", () => show(shown));

    bar.hidden = false;
    note();
    show(first());
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-language-switch]").forEach(start));
})();
