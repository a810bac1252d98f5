
"use strict";
(() => {
  const doc = JSON.parse(document.getElementById("document").textContent);
  const main = document.getElementById("main");
  const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
  const LIMIT = 200000;

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
  const PREFIX = "#/components/schemas/";
  const follow = (schema) => {
    for (let steps = 0; schema && typeof schema.$ref === "string" && steps < 20; steps += 1) {
      if (!schema.$ref.startsWith(PREFIX)) break;
      schema = doc.components.schemas[schema.$ref.slice(PREFIX.length)];
    }
    return schema || {};
  };

  // A type in a few words.
  const short = (schema) => {
    if (schema === undefined || schema === true) return "any";
    if (schema === false) return "nothing";
    if (schema["x-mfhm-untyped"]) return "any (" + schema["x-mfhm-untyped"] + ")";
    if (schema.$ref) return schema.$ref.split("/").pop();
    if ("const" in schema) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    const choices = schema.oneOf || schema.anyOf;
    if (choices) return choices.map(short).join(" | ");
    const types = [].concat(schema.type || "any").map((type) => {
      if (type === "array") return "[" + short(schema.items) + "]";
      return type === schema.type && schema.format ? schema.format : type;
    });
    return types.join(" | ");
  };

  // A schema with its definitions put in; what holds itself is named.
  const expand = (schema, above) => {
    if (Array.isArray(schema)) return schema.map((item) => expand(item, above));
    if (schema === null || typeof schema !== "object") return schema;
    if (typeof schema.$ref === "string") {
      if (above.includes(schema.$ref) || above.length > 6) return short(schema);
      return expand(follow({ $ref: schema.$ref }), above.concat(schema.$ref));
    }
    return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, expand(value, above)]));
  };

  // A value to begin with.
  const example = (schema, depth = 0) => {
    schema = follow(schema);
    if ("default" in schema) return schema.default;
    if ("const" in schema) return schema.const;
    if (schema.examples && schema.examples.length) return schema.examples[0];
    if (schema.enum) return schema.enum[0];
    const choices = schema.oneOf || schema.anyOf || schema.allOf;
    if (choices && !schema.properties) return depth > 5 ? null : example(choices[0], depth + 1);
    const type = [].concat(schema.type || [])[0];
    if (type === "object" || schema.properties) {
      const value = {};
      if (depth > 5) return value;
      for (const [name, property] of Object.entries(schema.properties || {})) {
        if ((schema.required || []).includes(name)) value[name] = example(property, depth + 1);
      }
      return value;
    }
    if (type === "array") return [];
    if (type === "integer" || type === "number") return schema.minimum > 0 ? schema.minimum : 0;
    if (type === "boolean") return false;
    if (type === "string") return "";
    return null;
  };

  const cells = (tag, ...values) => make("tr", {}, values.map((value) => make(tag, {}, value)));
  const paragraph = (text) => text ? make("p", {}, text) : null;
  const showSchema = (name, schema) => {
    if (!schema) return null;
    const text = JSON.stringify(expand(schema, []), null, 2);
    return make("details", {},
      make("summary", {}, make("code", {}, name + ": " + short(schema))),
      make("div", { class: "inside" }, make("pre", { tabindex: "0" }, text)));
  };

  const key = make("input", { type: "password", autocomplete: "off", spellcheck: "false" });
  const security = doc.components && doc.components.securitySchemes && doc.components.securitySchemes.key;

  // Small enough to show, and on lines of its own when it is JSON.
  const pretty = (text, type) => {
    if (/json/.test(type) && text.length <= LIMIT) {
      try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
    }
    return text.length > LIMIT ? text.slice(0, LIMIT) + "…" : text;
  };

  const form = (method, path, operation) => {
    const fields = (operation.parameters || []).map((parameter) => {
      const schema = follow(parameter.schema);
      const many = [].concat(schema.type || []).includes("array") || parameter["x-mfhm-repeated"];
      const name = parameter.name + (parameter.required ? " *" : "");
      const input = many
        ? make("textarea", { rows: "2", spellcheck: "false" })
        : make("input", { type: "text", autocomplete: "off", spellcheck: "false", required: parameter.required });
      const hint = parameter.in + ", " + short(parameter.schema) + (many ? ", one value a line" : "");
      return { parameter, input, many, label: make("label", {}, make("span", {}, name + " (" + hint + ")"), input) };
    });
    const media = operation.requestBody && operation.requestBody.content || {};
    const contentType = Object.keys(media)[0];
    const body = contentType && make("textarea", { spellcheck: "false" });
    if (body) body.value = JSON.stringify(example(media[contentType].schema), null, 2);
    const send = make("button", { type: "submit" }, "Send");
    const output = make("div", { role: "status", "aria-live": "polite" });
    const element = make("form", {},
      fields.map((field) => field.label),
      body && make("label", {}, make("span", {}, "body (" + contentType + ")"), body),
      send, output);

    element.addEventListener("submit", async (event) => {
      event.preventDefault();
      let target = path;
      const query = new URLSearchParams();
      const headers = new Headers();
      send.disabled = true;
      output.replaceChildren(make("p", { class: "soft" }, "…"));
      const begun = performance.now();
      try {
        for (const { parameter, input, many } of fields) {
          if (input.value === "" && !parameter.required) continue;
          const values = many ? input.value.split("\n").filter((line) => line !== "") : [input.value];
          for (const value of values) {
            if (parameter.in === "query") query.append(parameter.name, value);
            else if (parameter.in === "header") headers.append(parameter.name, value);
            else target = target.replace("{" + parameter.name + "}", () => encodeURIComponent(value));
          }
        }
        if (security && key.value) headers.set(security.name, key.value);
        if (body && body.value !== "") headers.set("content-type", contentType);
        const text = query.toString();
        // Relative to this page, so that a proxy may put the service below a path.
        const base = location.pathname.replace(/\/docs\/?$/, "");
        const url = base + target + (text ? "?" + text : "");
        const response = await fetch(url, {
          method: method.toUpperCase(), headers, body: body && body.value !== "" ? body.value : undefined,
        });
        const answer = await response.text();
        const took = Math.round(performance.now() - begun) + " ms";
        const type = response.headers.get("content-type") || "";
        output.replaceChildren(
          make("p", {}, make("strong", { class: response.ok ? "good" : "bad" }, response.status + " " + response.statusText),
            make("span", { class: "soft" }, "  " + [type, took, url].filter(Boolean).join("  ·  "))),
          answer ? make("pre", { tabindex: "0" }, pretty(answer, type)) : "");
      } catch (error) {
        output.replaceChildren(make("p", { class: "bad" }, String(error)));
      }
      send.disabled = false;
    });
    return element;
  };

  const show = (method, path, operation) => {
    const responses = Object.entries(operation.responses || {});
    const parameters = operation.parameters || [];
    const media = Object.entries(operation.requestBody && operation.requestBody.content || {});
    const element = make("details", { id: operation.operationId, class: operation.deprecated ? "gone" : undefined },
      make("summary", {}, make("h3", {},
        make("span", { class: "method" }, method.toUpperCase()), make("span", { class: "path" }, path),
        make("span", { class: "soft" }, operation.summary || operation.operationId),
        operation.deprecated && make("span", { class: "warn" }, "deprecated"))));
    const fill = () => {
      if (element.childElementCount > 1) return;
      element.append(make("div", { class: "inside" },
        paragraph(operation.description),
        make("p", { class: "soft" }, "operation ", make("code", {}, operation.operationId),
          operation["x-mfhm-idempotent"] ? ", may be repeated" : ""),
        parameters.length ? [make("h2", {}, "Parameters"), make("table", {}, make("thead", {}, cells("th", "Name", "In", "Type", "")),
          make("tbody", {}, parameters.map((parameter) => cells("td",
            make("code", {}, parameter.name), parameter.in, make("code", {}, short(parameter.schema)),
            [parameter.required ? "required" : "optional", paragraph(parameter.description)]))))] : null,
        media.length ? [make("h2", {}, "Body"), media.map(([type, content]) => showSchema(type, content.schema))] : null,
        make("h2", {}, "Answers"),
        make("table", {}, make("thead", {}, cells("th", "Status", "")), make("tbody", {}, responses.map(([status, response]) =>
          cells("td", make("code", {}, status), [paragraph(response.description),
            Object.entries(response.content || {}).map(([type, content]) => showSchema(type, content.schema))])))),
        METHODS.includes(method) && method !== "trace"
          ? [make("h2", {}, "Try it"), form(method, path, operation)] : null));
    };
    element.addEventListener("toggle", () => { if (element.open) fill(); });
    return element;
  };

  const operations = [];
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of METHODS) if (item[method]) operations.push(show(method, path, item[method]));
    for (const [method, operation] of Object.entries(item["x-mfhm-methods"] || {})) operations.push(show(method, path, operation));
  }
  main.replaceChildren(
    make("div", { class: "top" }, make("h1", {}, doc.info.title),
      make("span", { class: "soft" }, doc.info.version), make("a", { href: "openapi.json" }, "openapi.json"),
      security && make("label", {}, make("span", {}, "key (" + security.name + ")"), key)),
    ...(operations.length ? operations : [make("p", {}, "This service has no operation.")]));
  const chosen = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (chosen && chosen.tagName === "DETAILS") chosen.open = true;
})();
