"use strict";
// What all parts of the page need: the document, and elements made of it.

const doc = JSON.parse(document.getElementById("document").textContent);
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

// Text goes in as text nodes only.
const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  for (const child of children.flat(9)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
};
const paragraph = (text) => text ? make("p", {}, text) : null;
const code = (...children) => make("code", {}, ...children);
const table = (heads, rows) => make("table", {},
  make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))),
  make("tbody", {}, rows.map((row) => make("tr", {}, row.map((cell) => make("td", {}, cell))))));
const field = (text, input) => make("label", {}, make("span", {}, text), input);
const textInput = (attributes) => make("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
const textArea = (attributes) => make("textarea", { spellcheck: "false", ...attributes });

const security = doc.components && doc.components.securitySchemes && doc.components.securitySchemes.key;
const key = textInput({ type: "password" });
