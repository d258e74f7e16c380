// Keeps the bar of an import up to date and loads the page anew when its state changes. Without it the page does so itself.
(() => {
  "use strict";
  const PAUSE = 1500;

  function watch(box) {
    const bar = box.querySelector("progress");
    const text = box.querySelector("[data-text]");

    async function look() {
      try {
        const answer = await fetch(box.dataset.importProgress, { headers: { Accept: "application/json" } });
        if (answer.redirected || answer.status === 404) return location.reload(); // signed out, or forgotten
        const progress = await answer.json();
        if (progress.state !== box.dataset.state || String(progress.has_stalled) !== box.dataset.stalled) return location.reload();
        if (progress.total) {
          bar.max = progress.total;
          bar.value = progress.rows;
        }
        if (text.textContent !== progress.text) text.textContent = progress.text;
      } catch {
        // The server is away for a moment.
      }
      setTimeout(look, PAUSE);
    }

    setTimeout(look, PAUSE);
  }

  document.querySelectorAll("[data-import-progress]").forEach(watch);
})();
