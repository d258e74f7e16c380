// Textareas with sanitised HTML become editors, but only those that come into sight: a form may have dozens of them,
// most in a language that nobody is looking at. Without this script they stay textareas with HTML in them.
import {
  BulletList,
  Blockquote,
  Bold,
  Document,
  Dropcursor,
  Editor,
  Gapcursor,
  HardBreak,
  Heading,
  History,
  Italic,
  Link,
  ListItem,
  Menu,
  OrderedList,
  Paragraph,
  Text,
} from "django-prose-editor/editor";

// The tags that the server keeps.
const EXTENSIONS = [
  Document,
  Dropcursor,
  Gapcursor,
  Paragraph,
  HardBreak,
  Text,
  History,
  Bold,
  Italic,
  Heading.configure({ levels: [3, 4] }),
  BulletList,
  OrderedList.configure({ enableListAttributes: false }),
  ListItem,
  Blockquote,
  Link.configure({ enableTarget: false }),
  Menu.configure({
    groups: [
      { group: "marks" },
      { group: "blockType -lists" },
      { group: "lists" },
      { group: "nodes -blockType -lists" },
      { group: "link" },
      { group: "history" },
    ],
  }),
];

const EMPTY = /^(<p>\s*<\/p>)*$/;
const nonce = document.querySelector("script[nonce]")?.nonce;
const words = JSON.parse(document.getElementById("rich-text-words")?.textContent ?? "{}");

function nameOf(textarea) {
  return (textarea.labels[0]?.textContent ?? "").replace(/\s+/g, " ").replace(/:\s*$/, "").trim();
}

function nameButtons(element) {
  for (const button of element.querySelectorAll(".prose-menubar__button")) {
    const word = words[button.title];
    if (word) {
      button.title = word;
      button.setAttribute("aria-label", word);
    }
  }
}

function edit(textarea) {
  const element = document.createElement("div");
  element.className = "prose-editor";
  textarea.before(element);
  element.append(textarea);
  const attributes = { role: "textbox", "aria-multiline": "true", "aria-label": nameOf(textarea), spellcheck: "true" };
  for (const name of ["lang", "dir", "aria-describedby", "aria-invalid"]) {
    if (textarea.hasAttribute(name)) attributes[name] = textarea.getAttribute(name);
  }
  const editor = new Editor({
    element,
    extensions: EXTENSIONS,
    content: textarea.value,
    editable: !textarea.disabled,
    injectNonce: nonce,
    editorProps: { attributes },
    onCreate() {
      setTimeout(() => nameButtons(element)); // once the menu is there
    },
    onUpdate() {
      const html = editor.getHTML();
      textarea.value = EMPTY.test(html) ? "" : html;
      textarea.dispatchEvent(new Event("input", { bubbles: true }));
    },
  });
  textarea.addEventListener("rich-text:set", () => editor.commands.setContent(textarea.value));
  // The label belongs to the hidden textarea; a click on it is meant for the editor.
  textarea.labels[0]?.addEventListener("click", (event) => {
    event.preventDefault();
    editor.commands.focus();
  });
}

const sight = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        sight.unobserve(target);
        edit(target);
      }
    }
  },
  { rootMargin: "400px" },
);

function watch(container) {
  for (const textarea of container.querySelectorAll("textarea.rich-text")) {
    if (!textarea.name.includes("__prefix__")) sight.observe(textarea);
  }
}

watch(document);
document.addEventListener("formset:added", (event) => watch(event.target));
