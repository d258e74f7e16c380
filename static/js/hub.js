// Small improvements of pages that work without them: suggestions, sharing, printing, a facet panel that opens itself.
(() => {
  "use strict";
  document.documentElement.classList.add("js");

  // Suggestions: the ARIA combobox pattern with a list box.
  function combobox(box) {
    const input = box.querySelector("input");
    const list = document.createElement("ul");
    list.className = "suggestions";
    list.id = `${input.id}-suggestions`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");
    list.hidden = true;
    box.append(list);
    Object.entries({
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": list.id,
    }).forEach(([name, value]) => input.setAttribute(name, value));

    let timer = 0;
    let request = null;

    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function show(found) {
      list.replaceChildren(
        ...found.map((suggestion, number) => {
          const option = document.createElement("li");
          option.id = `${list.id}-${number}`;
          option.setAttribute("role", "option");
          option.dataset.url = suggestion.url;
          const label = document.createElement("span");
          label.textContent = suggestion.label;
          if (suggestion.language) label.lang = suggestion.language;
          label.dir = suggestion.direction;
          const kind = document.createElement("small");
          kind.textContent = suggestion.kind;
          option.append(label, kind);
          return option;
        }),
      );
      list.hidden = found.length === 0;
      input.setAttribute("aria-expanded", String(found.length > 0));
      input.removeAttribute("aria-activedescendant");
    }

    async function ask() {
      const typed = input.value.trim();
      request?.abort();
      if (typed.length < 2) return close();
      request = new AbortController();
      try {
        const answer = await fetch(`${box.dataset.suggest}?q=${encodeURIComponent(typed)}`, { signal: request.signal });
        if (answer.ok && document.activeElement === input) show((await answer.json()).suggestions);
      } catch {
        close(); // Without suggestions the search still works.
      }
    }

    function select(option) {
      list.querySelector("[aria-selected]")?.removeAttribute("aria-selected");
      if (!option) return input.removeAttribute("aria-activedescendant");
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", option.id);
    }

    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 120);
    });
    input.addEventListener("keydown", (event) => {
      const options = [...list.children];
      const current = options.findIndex((option) => option.hasAttribute("aria-selected"));
      if (event.key === "ArrowDown" && !list.hidden) select(options[(current + 1) % options.length]);
      else if (event.key === "ArrowUp" && !list.hidden) select(options[(current - 1 + options.length) % options.length]);
      else if (event.key === "Escape" && !list.hidden) close();
      else if (event.key === "Enter" && current >= 0 && !list.hidden) location.assign(options[current].dataset.url);
      else return;
      event.preventDefault();
    });
    list.addEventListener("pointerdown", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) {
        event.preventDefault();
        location.assign(option.dataset.url);
      }
    });
    input.addEventListener("blur", () => setTimeout(close, 150));
    input.form?.addEventListener("submit", () => {
      clearTimeout(timer);
      request?.abort();
      close();
    });
  }

  function share(button) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const { title, url, done } = button.dataset;
      if (navigator.share) return navigator.share({ title, url }).catch(() => {});
      await navigator.clipboard.writeText(url);
      button.textContent = done;
    });
  }

  // Beside a wide list the facets are always open; on a phone they wait behind one control.
  function narrowing(panel) {
    const wide = matchMedia("(min-width: 60rem)");
    const fit = () => panel.toggleAttribute("open", wide.matches);
    fit();
    wide.addEventListener("change", fit);
  }

  // Addresses stay short: what is empty is not part of the question.
  function askWithoutBlanks(event) {
    const { parameters } = event.detail;
    for (const [name, value] of [...parameters.entries()]) if (value === "") parameters.delete(name);
  }

  // Long forms without autosave: leaving with words that were not sent is asked about.
  function guard(form) {
    let holdsWords = false;
    form.addEventListener("input", () => (holdsWords = true));
    form.addEventListener("submit", () => (holdsWords = false));
    addEventListener("beforeunload", (event) => holdsWords && event.preventDefault());
  }

  function start() {
    document.querySelectorAll("form[data-guarded]").forEach(guard);
    document.addEventListener("htmx:configRequest", askWithoutBlanks);
    document.querySelectorAll("[data-suggest]").forEach(combobox);
    document.querySelectorAll("[data-share]").forEach(share);
    document.querySelectorAll("[data-print]").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => print());
    });
    document.querySelectorAll("#narrowing").forEach(narrowing);
    document.addEventListener("click", (event) => {
      document.querySelectorAll("details.languages[open]").forEach((menu) => {
        if (!menu.contains(event.target)) menu.open = false;
      });
    });
    document.addEventListener("keydown", (event) => {
      const menu = event.key === "Escape" && document.querySelector("details.languages[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
