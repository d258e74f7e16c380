// Writing without losing a word: autosave, a copy on this device while something is not saved, and what somebody else
// wrote shown beside one's own. Without this script the form saves when its button is pressed.
(() => {
  "use strict";
  const form = document.querySelector("form[data-writing]");
  if (!form) return;
  document.getElementById("problems")?.focus();
  const said = form.dataset;
  const status = form.querySelector("[data-status]");
  const EVERY = 3000;
  const HOLD = 15000; // After a fault of the server, which may be busy.
  const copyKey = `hub-writing:${said.user}:${said.practice}:${said.step}`;
  const blocks = new Map([...form.querySelectorAll("[data-field]")].map((block) => [block.dataset.field, block]));
  const stored = new Map(); // field: its inputs as the server has them
  const tried = new Map(); // field: inputs that the server would not take as they are
  const known = new Map(); // field: digest of what somebody else wrote and was shown
  const open = new Set(); // fields whose two texts wait for a choice
  let running = false;
  let timer = 0;
  let signedOut = false;
  let isLeaving = false;
  let heldUntil = 0; // The server asked to wait; until then nothing is sent.

  // What is taken out comes back no more, so that waits for the button.
  const isTakingOut = (name) => /^(images|documents)-\d+-remove$/.test(name);
  const isOwn = (name) => name && !/^(was-|seen-)/.test(name) && name !== "take" && !isTakingOut(name);

  function inputsOf(block) {
    return [...block.querySelectorAll("input, textarea, select")].filter((input) => isOwn(input.name));
  }

  function pairsOf(block) {
    return inputsOf(block)
      .filter((input) => input.type !== "file" && (!/^(checkbox|radio)$/.test(input.type) || input.checked))
      .map((input) => [input.name, input.value]);
  }

  const textOf = (block) => JSON.stringify(pairsOf(block));

  function setPairs(block, pairs) {
    const values = new Map();
    for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value]);
    const rows = block.querySelector(".link-rows");
    while (rows && (values.get(`${block.dataset.field}-url`)?.length ?? 0) > rows.children.length) addRow(rows);
    for (const input of inputsOf(block)) {
      if (input.type === "file") continue;
      const left = values.get(input.name) ?? [];
      if (/^(checkbox|radio)$/.test(input.type)) input.checked = left.includes(input.value) || (!left.length && input.value === "");
      else input.value = left.shift() ?? "";
      if (input.matches("textarea.rich-text")) input.dispatchEvent(new Event("rich-text:set"));
    }
    block.dispatchEvent(new Event("writing:set"));
  }

  const hidden = (block, name) => block.querySelector(`input[name="${name}"]`);
  const was = (block) => hidden(block, `was-${block.dataset.field}`);

  function setSeen(block, counter) {
    const name = `seen-${block.dataset.field}`;
    let input = hidden(block, name);
    if (!input) {
      input = Object.assign(document.createElement("input"), { type: "hidden", name });
      block.prepend(input);
    }
    input.value = counter;
  }

  const isDirty = (name) => stored.get(name) !== textOf(blocks.get(name));
  const dirty = () => [...blocks.keys()].filter(isDirty);

  function say(text, link = "") {
    if (status.dataset.told === text) return;
    status.dataset.told = text;
    status.textContent = text;
    if (!link) return;
    const anchor = Object.assign(document.createElement("a"), { href: link, target: "_blank", textContent: said.signInText });
    status.append(" ", anchor);
  }

  // The copy on this device

  function readCopy() {
    try {
      return JSON.parse(localStorage.getItem(copyKey)) ?? {};
    } catch {
      return {};
    }
  }

  function keepCopy() {
    const copy = {};
    for (const name of dirty()) copy[name] = { pairs: pairsOf(blocks.get(name)), was: was(blocks.get(name)).value };
    try {
      if (Object.keys(copy).length) localStorage.setItem(copyKey, JSON.stringify(copy));
      else localStorage.removeItem(copyKey);
    } catch {
      // No room, or storage is forbidden: saving goes on.
    }
  }

  // Copies of steps that were sent whole are needed no more once the server has led on.
  function dropSentCopies() {
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(`hub-sent:${said.user}:${said.practice}:`)) continue;
        const step = localStorage.getItem(key);
        localStorage.removeItem(key);
        if (!(step === said.step && "refused" in said)) {
          localStorage.removeItem(`hub-writing:${said.user}:${said.practice}:${step}`);
        }
      }
    } catch {
      // As above.
    }
  }

  function restore() {
    let wasRestored = false;
    for (const [name, copy] of Object.entries(readCopy())) {
      const block = blocks.get(name);
      if (!block || JSON.stringify(copy.pairs) === textOf(block)) continue;
      if (copy.was === was(block).value) {
        setPairs(block, copy.pairs);
        wasRestored = true;
      } else {
        const theirs = { inputs: pairsOf(block), text: readable(block), was: was(block).value, counter: form.elements.seen.value };
        setPairs(block, copy.pairs);
        choose(name, theirs, said.stored);
      }
    }
    if (wasRestored) say(said.restored);
  }

  function readable(block) {
    return inputsOf(block)
      .filter((input) => !/^(hidden|file)$/.test(input.type) && (!/^(checkbox|radio)$/.test(input.type) || input.checked))
      .map((input) => {
        if (/^(checkbox|radio)$/.test(input.type)) return input.labels[0]?.textContent.trim() ?? "";
        return input.matches(".rich-text") ? plain(input.value) : input.value;
      })
      .filter(Boolean)
      .join("\n");
  }

  function plain(html) {
    return new DOMParser().parseFromString(html.replace(/<\/(p|li|h\d)>/g, "$&\n"), "text/html").body.textContent.trim();
  }

  // Two texts of one field

  function choose(name, theirs, heading) {
    const block = blocks.get(name);
    block.querySelector(".conflict")?.remove();
    open.add(name);
    const box = document.createElement("div");
    box.className = "conflict";
    box.setAttribute("role", "group");
    const title = document.createElement("p");
    title.append(Object.assign(document.createElement("strong"), { textContent: heading }));
    const text = Object.assign(document.createElement("div"), { className: "theirs", textContent: theirs.text || "–", dir: "auto" });
    const buttons = Object.assign(document.createElement("p"), { className: "choices" });
    const button = (label, act) => {
      const made = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small", textContent: label });
      made.addEventListener("click", () => {
        known.set(name, theirs.was);
        setSeen(block, theirs.counter);
        was(block).value = theirs.was;
        open.delete(name);
        box.remove();
        act();
        inputsOf(block).find((input) => input.offsetParent)?.focus();
        changed();
      });
      buttons.append(made);
    };
    button(said.keep, () => stored.set(name, null));
    button(said.take, () => {
      if (block.querySelector(".attached")) return location.reload();
      setPairs(block, theirs.inputs);
      stored.set(name, textOf(block));
    });
    box.append(title, text, buttons);
    (block.querySelector(".help") ?? block.firstElementChild).after(box);
    title.setAttribute("role", "alert");
  }

  function showTheirs(name, theirs) {
    const block = blocks.get(name);
    if (known.get(name) === theirs.was || open.has(name)) return;
    if (isDirty(name)) return choose(name, theirs, said.theirs.replace("%s", theirs.by));
    known.set(name, theirs.was);
    if (block.querySelector(".attached")) return;
    setPairs(block, theirs.inputs);
    stored.set(name, textOf(block));
    was(block).value = theirs.was;
    setSeen(block, theirs.counter);
    block.querySelector(".shown-now")?.remove();
    const note = Object.assign(document.createElement("p"), {
      className: "note shown-now",
      textContent: said.nowShown.replace("%s", theirs.by),
    });
    note.setAttribute("role", "status");
    (block.querySelector(".help") ?? block.firstElementChild).after(note);
  }

  function showErrors(errors) {
    for (const [name, block] of blocks) {
      const shown = block.querySelector(":scope > .error, :scope > fieldset > .error");
      const input = inputsOf(block).find((candidate) => candidate.type !== "hidden");
      const text = errors[name]?.join(" ");
      if (!text) {
        if (tried.has(name) && !isDirty(name)) {
          shown?.remove();
          input?.removeAttribute("aria-invalid");
        }
        continue;
      }
      const error = shown ?? document.createElement("p");
      error.className = "error";
      error.id = `id_${name}_error`;
      error.textContent = text;
      if (!shown) (block.querySelector(".help") ?? block.firstElementChild).after(error);
      input?.setAttribute("aria-invalid", "true");
      input?.setAttribute("aria-describedby", `id_${name}_helptext ${error.id}`);
    }
  }

  // Saving

  function changed() {
    keepCopy();
    clearTimeout(timer);
    timer = setTimeout(save, EVERY);
  }

  async function freshToken() {
    const answer = await fetch(said.save, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.status === 401) return "signed-out";
    if (!answer.ok) return "closed";
    const { token, user } = await answer.json();
    if (String(user) !== said.user) return "stranger";
    form.elements.csrfmiddlewaretoken.value = token;
    return "";
  }

  function bodyOf(names) {
    const body = new URLSearchParams();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.set("step", said.step);
    body.set("seen", form.elements.seen.value);
    body.set("window", form.elements.window.value);
    for (const name of names) {
      const block = blocks.get(name);
      body.set(`was-${name}`, was(block).value);
      const seen = hidden(block, `seen-${name}`);
      if (seen) body.set(seen.name, seen.value);
      for (const [key, value] of pairsOf(block)) body.append(key, value);
    }
    return body;
  }

  const toSend = () => dirty().filter((name) => !open.has(name) && tried.get(name) !== textOf(blocks.get(name)));

  async function save() {
    clearTimeout(timer);
    if (running || isLeaving) return;
    if (Date.now() < heldUntil) return later();
    const names = toSend();
    if (!names.length) return;
    running = true;
    const sent = new Map(names.map((name) => [name, textOf(blocks.get(name))]));
    try {
      if (signedOut) {
        const problem = await freshToken();
        if (problem) return tell(problem);
        signedOut = false;
      }
      let answer = await post(names);
      if (answer.status === 403 && (await answer.clone().json()).problem === "token") {
        const problem = await freshToken();
        if (problem) return tell(problem);
        answer = await post(names);
      }
      if (answer.status === 401) return tell("signed-out");
      if (answer.status === 403 || answer.status === 404) return tell("closed");
      if (answer.status === 429) {
        heldUntil = Date.now() + 1000 * (Number(answer.headers.get("Retry-After")) || 60);
        return tell("tooOften");
      }
      if (answer.status === 400 || answer.status === 413) {
        for (const [name, text] of sent) tried.set(name, text);
        return tell("tooLarge");
      }
      if (!answer.ok) {
        heldUntil = Date.now() + HOLD;
        return tell("failed");
      }
      take(await answer.json(), sent);
    } catch {
      tell("offline");
    } finally {
      running = false;
      if (toSend().length) later();
    }
  }

  function later() {
    timer = setTimeout(save, Math.max(EVERY, heldUntil - Date.now()));
  }

  const post = (names) => fetch(said.save, { method: "POST", body: bodyOf(names), headers: { Accept: "application/json" } });

  function tell(problem) {
    signedOut = problem === "signed-out" || problem === "stranger";
    if (problem === "signed-out") say(said.signedOut, said.signIn);
    else say(said[problem]);
  }

  function take(answer, sent) {
    for (const [name, text] of sent) {
      const block = blocks.get(name);
      if (answer.conflicts[name]) continue;
      if (answer.errors[name] || answer.pending.includes(name)) {
        tried.set(name, text);
        continue;
      }
      if (answer.saved[name]) was(block).value = answer.saved[name];
      stored.set(name, text);
    }
    for (const [name, theirs] of Object.entries(answer.conflicts)) choose(name, theirs, said.theirs.replace("%s", theirs.by));
    for (const [name, theirs] of Object.entries(answer.others)) showTheirs(name, theirs);
    showErrors(answer.errors);
    document.getElementById("completeness").value = answer.completeness;
    document.getElementById("percent").textContent = document
      .getElementById("percent")
      .textContent.replace(/[\d٠-٩]+/, answer.completeness);
    keepCopy();
    if (Object.keys(answer.errors).length || open.size) say(said.wrong);
    else if (answer.pending.length) say(said.pending);
    else say(toSend().length ? said.saving : said.saved);
  }

  // On leaving, what is not saved yet goes on its way while the page ends.
  function leave() {
    keepCopy();
    const names = signedOut ? [] : toSend();
    if (names.length && !isLeaving) {
      fetch(said.save, { method: "POST", body: bodyOf(names), keepalive: true }).catch(() => {});
    }
  }

  // Improvements of single inputs

  function count(input) {
    const limit = Number(input.dataset.limit);
    const told = document.createElement("small");
    told.className = "counter";
    const segmenter = window.Intl?.Segmenter ? new Intl.Segmenter() : null;
    const length = (text) => (segmenter ? [...segmenter.segment(text)].length : [...text].length);
    const show = () => {
      const left = limit - length(input.matches(".rich-text") ? plain(input.value) : input.value);
      told.textContent = said.left.replace("%s", left.toLocaleString(document.documentElement.lang));
      told.classList.toggle("over-limit", left < 0);
    };
    (input.closest(".prose-editor") ?? input).after(told);
    input.addEventListener("input", show);
    input.closest("[data-field]")?.addEventListener("writing:set", show);
    show();
  }

  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();

  // Of lists to tick and of selects; what is chosen stays in sight.
  function narrow(list) {
    const isKept = (item) => (item.matches("option") ? item.selected || !item.value : item.querySelector("input").checked);
    const input = Object.assign(document.createElement("input"), { type: "search", autocomplete: "off" });
    const label = Object.assign(document.createElement("label"), { className: "narrow-list", textContent: said.narrow });
    label.append(" ", input);
    list.before(label);
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      const words = folded(input.value).split(/\s+/).filter(Boolean);
      for (const item of list.querySelectorAll("li, option")) {
        const text = folded(`${item.textContent} ${item.dataset.search ?? ""}`);
        item.hidden = !isKept(item) && !words.every((word) => text.includes(word));
      }
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
  }

  function addRow(rows) {
    const row = rows.lastElementChild.cloneNode(true);
    for (const input of row.querySelectorAll("input")) input.value = "";
    rows.append(row);
    return row;
  }

  function growing(rows) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small", textContent: said.addRow });
    button.addEventListener("click", () => addRow(rows).querySelector("input").focus());
    rows.after(button);
  }

  let lists = 0;
  function complete(target) {
    const list = Object.assign(document.createElement("datalist"), { id: `names-${++lists}` });
    let input = target;
    if (target.tagName === "TEXTAREA") {
      input = Object.assign(document.createElement("input"), { type: "text", autocomplete: "off" });
      const label = Object.assign(document.createElement("label"), { className: "narrow-list", textContent: said.addName });
      const button = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small", textContent: said.add });
      label.append(" ", input);
      button.addEventListener("click", () => {
        if (!input.value.trim()) return;
        target.value = [target.value.trim(), input.value.trim()].filter(Boolean).join("\n");
        input.value = "";
        target.dispatchEvent(new Event("input", { bubbles: true }));
      });
      target.before(label, button);
    }
    input.setAttribute("list", list.id);
    input.after(list);
    let request = null;
    input.addEventListener("input", async () => {
      request?.abort();
      if (input.value.trim().length < 2) return;
      request = new AbortController();
      try {
        const address = `${target.dataset.complete}?q=${encodeURIComponent(input.value.trim())}`;
        const answer = await fetch(address, { signal: request.signal });
        if (!answer.ok) return;
        const { names } = await answer.json();
        list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
      } catch {
        // Names can be typed in full.
      }
    });
  }

  for (const [name, block] of blocks) {
    stored.set(name, textOf(block));
    if (block.querySelector(".conflict")) open.add(name);
    block.querySelector("[name=take]")?.addEventListener("change", keepCopy);
  }
  form.querySelectorAll("[data-complete]").forEach(complete);
  form.querySelectorAll("[data-filter]").forEach(narrow);
  form.querySelectorAll(".link-rows").forEach(growing);
  form.querySelectorAll("[data-limit]").forEach(count);
  dropSentCopies();
  restore();
  if (toSend().length) timer = setTimeout(save, 500);

  form.addEventListener("input", changed);
  form.addEventListener("change", (event) => {
    changed();
    if (isTakingOut(event.target.name)) say(event.target.checked ? said.takenOut : "");
  });
  form.addEventListener("submit", (event) => {
    keepCopy();
    if (!navigator.onLine) {
      event.preventDefault();
      return say(said.offline);
    }
    isLeaving = true;
    clearTimeout(timer);
    try {
      localStorage.setItem(`hub-sent:${said.user}:${said.practice}:${said.step}`, said.step);
    } catch {
      // As above.
    }
  });
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : save()));
  addEventListener("focus", save);
  addEventListener("online", save);
  addEventListener("offline", () => dirty().length && tell("offline"));
  addEventListener("pageshow", (event) => event.persisted && location.reload());
})();
