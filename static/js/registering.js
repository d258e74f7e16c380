// Tells the form which clock the reader's browser keeps, so that mails can name the reader's own time too.
(() => {
  "use strict";
  const field = document.querySelector("[data-time-zone]");
  if (field && !field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
})();
