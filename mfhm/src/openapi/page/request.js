// The form of an operation: from its fields to a request.

// One input for each value that may be sent under a name.
const valueField = (name, place, schema, isRequired, isMany) => {
  const attributes = { name: place + "." + name };
  const input = isMany ? textArea({ ...attributes, rows: "2" }) : textInput({ ...attributes, required: isRequired });
  const hint = [place, ", ", ...short(schema), isMany ? ", one value a line" : ""];
  const values = () => {
    if (isMany) return input.value.split("\n").filter((line) => line !== "");
    return input.value === "" && !isRequired ? [] : [input.value];
  };
  return { name, place, values, label: field([name + (isRequired ? " * (" : " ("), ...hint, ")"], input) };
};

const parameterFields = (parameter) => {
  const schema = follow(parameter.schema);
  if (parameter.in === "query" && parameter.explode && schema.properties) {
    const isRequired = (name) => parameter.required && (schema.required || []).includes(name);
    return Object.entries(schema.properties).map(([name, property]) =>
      valueField(name, "query", property, isRequired(name), isList(property)));
  }
  const isMany = (parameter.in === "query" && isList(schema)) || parameter["x-mfhm-repeated"];
  return [valueField(parameter.name, parameter.in, parameter.schema, parameter.required, isMany)];
};

// Each kind of body: its elements, and what is sent: { type, body }.
const jsonBody = (type, media) => {
  const input = textArea({ name: "body" });
  input.value = JSON.stringify(example(media.schema), null, 2);
  return {
    elements: [field("body (" + type + ")", input)],
    read: () => input.value === "" ? {} : { type, body: input.value },
  };
};
const formBody = (type, media) => {
  const schema = follow(media.schema);
  const fields = Object.entries(schema.properties || {}).map(([name, property]) =>
    valueField(name, "form", property, (schema.required || []).includes(name), isList(property)));
  return {
    elements: fields.map((one) => one.label),
    read: () => ({ type, body: new URLSearchParams(fields.flatMap((one) => one.values().map((value) => [one.name, value]))).toString() }),
  };
};
const bytesBody = (type) => {
  const file = make("input", { type: "file", name: "file" });
  const input = textArea({ name: "body" });
  return {
    elements: [field("body, as text", input), field("or a file", file)],
    read: () => {
      if (file.files.length) return { type: file.files[0].type || "application/octet-stream", body: file.files[0] };
      return input.value === "" ? {} : { type: type.includes("*") ? "text/plain" : type, body: input.value };
    },
  };
};
const multipartBody = () => {
  const rows = make("div", {});
  const parts = [];
  const add = () => {
    const part = { name: textInput({}), text: textInput({}), file: make("input", { type: "file" }) };
    parts.push(part);
    rows.append(make("fieldset", {}, make("legend", {}, "part " + parts.length),
      field("name", part.name), field("text", part.text), field("or a file", part.file)));
  };
  add();
  const more = make("button", { type: "button" }, "One more part");
  more.addEventListener("click", add);
  return {
    elements: [rows, more],
    read: () => {
      const data = new FormData();
      for (const { name, text, file } of parts.filter((part) => part.name.value !== "")) {
        data.append(name.value, file.files.length ? file.files[0] : text.value);
      }
      // The browser writes the content type, with its boundary.
      return { body: data };
    },
  };
};
const bodyOf = (operation) => {
  const [type, media] = Object.entries(operation.requestBody && operation.requestBody.content || {})[0] || [];
  if (!type) return { elements: [], read: () => ({}) };
  if (type.startsWith("multipart/")) return multipartBody();
  if (type === "application/x-www-form-urlencoded") return formBody(type, media);
  return /json/.test(type) ? jsonBody(type, media) : bytesBody(type);
};

const requestForm = (method, path, operation) => {
  const fields = (operation.parameters || []).flatMap(parameterFields);
  const body = bodyOf(operation);
  const send = make("button", { type: "submit" }, "Send");
  const stop = make("button", { type: "button", disabled: true }, "Stop");
  const output = answerView();
  const element = make("form", {}, fields.map((one) => one.label), body.elements,
    make("p", {}, send, " ", stop), output.element);

  const request = () => {
    let target = path;
    const query = new URLSearchParams();
    const headers = new Headers();
    const cookies = [];
    for (const one of fields) {
      for (const value of one.values()) {
        if (one.place === "query") query.append(one.name, value);
        else if (one.place === "header") headers.append(one.name, value);
        else if (one.place === "cookie") cookies.push([one.name, value]);
        else target = target.replace("{" + one.name + "}", () => encodeURIComponent(value));
      }
    }
    const { type, body: content } = body.read();
    if (security && key.value) headers.set(security.name, key.value);
    if (type) headers.set("content-type", type);
    const text = query.toString();
    // Relative to this page, so that a proxy may put the service below a path.
    const base = location.pathname.replace(/\/docs\/?$/, "");
    return { url: base + target + (text ? "?" + text : ""), headers, cookies, body: content };
  };

  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const abort = new AbortController();
    stop.onclick = () => abort.abort();
    send.disabled = true;
    stop.disabled = false;
    let cookies = [];
    try {
      const made = request();
      cookies = made.cookies;
      // A page may not write the header itself.
      for (const [name, value] of cookies) document.cookie = name + "=" + value + "; path=/; samesite=strict";
      await output.show(made.url, () => fetch(made.url, {
        method: method.toUpperCase(), headers: made.headers, body: made.body, signal: abort.signal,
      }));
    } catch (error) {
      output.fail(error);
    }
    for (const [name] of cookies) document.cookie = name + "=; path=/; max-age=0";
    send.disabled = false;
    stop.disabled = true;
  });
  return element;
};
