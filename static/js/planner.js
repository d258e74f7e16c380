// Drag a participant to another group: the same form as its button sends. Without this script the select does it.
(() => {
  "use strict";
  let dragged = null;

  for (const person of document.querySelectorAll("[data-person]")) {
    person.draggable = true;
    person.addEventListener("dragstart", (event) => {
      dragged = person;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", person.id);
    });
    person.addEventListener("dragend", () => {
      dragged = null;
    });
  }

  for (const group of document.querySelectorAll("[data-group]")) {
    const marks = (isOver) => group.classList.toggle("over-group", isOver);
    group.addEventListener("dragover", (event) => {
      if (!dragged || group.contains(dragged)) return;
      event.preventDefault();
      marks(true);
    });
    group.addEventListener("dragleave", (event) => {
      if (!group.contains(event.relatedTarget)) marks(false);
    });
    group.addEventListener("drop", (event) => {
      if (!dragged) return;
      event.preventDefault();
      marks(false);
      const form = dragged.querySelector("form");
      form.elements.group.value = group.dataset.group;
      form.requestSubmit(form.querySelector('button:not([name="unfix"])'));
    });
  }
})();
