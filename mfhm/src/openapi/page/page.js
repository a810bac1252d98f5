// The page: its head, the operations, and the types they use.

const showAnswer = ([status, response]) => {
  const media = Object.entries(response.content || {});
  // Declared errors say themselves what they are.
  const errors = media.flatMap(([, one]) => one.schema && one.schema.oneOf || [one.schema]);
  const isTold = errors.length > 0 && errors.every(isProblem);
  return [code(status), [isTold ? null : paragraph(response.description), media.map(([type, one]) => showMedia(type, one))]];
};

const section = (title, content) => [make("h4", {}, title), content];

const showOperation = (method, path, operation) => {
  const parameters = operation.parameters || [];
  const media = Object.entries(operation.requestBody && operation.requestBody.content || {});
  const optional = operation.requestBody && !operation.requestBody.required;
  const element = make("details", { id: operation.operationId, class: operation.deprecated ? "operation gone" : "operation" },
    make("summary", {}, make("h3", {},
      make("span", { class: "method" }, method.toUpperCase()), make("span", { class: "path" }, path),
      make("span", { class: "soft" }, operation.summary || operation.operationId),
      operation.deprecated && make("span", { class: "warn" }, "deprecated"))));
  const fill = () => {
    if (element.childElementCount > 1) return;
    element.append(make("div", { class: "inside" },
      paragraph(operation.description),
      make("p", { class: "soft" }, "operation ", make("a", { href: "#" + operation.operationId }, code(operation.operationId)),
        operation["x-mfhm-idempotent"] ? ", may be repeated" : ""),
      parameters.length ? section("Parameters", table(["Name", "In", "Type", ""], parameters.map((parameter) =>
        [code(parameter.name), parameter.in, code(short(parameter.schema)),
          [remarks(parameter.schema, parameter.required), paragraph(parameter.description)]]))) : null,
      media.length ? section(optional ? "Body (optional)" : "Body", media.map(([type, one]) => showMedia(type, one))) : null,
      section("Answers", table(["Status", ""], Object.entries(operation.responses || {}).map(showAnswer))),
      METHODS.includes(method) && method !== "trace" ? section("Try it", requestForm(method, path, operation)) : null));
  };
  element.addEventListener("toggle", () => { if (element.open) fill(); });
  return element;
};

const operations = Object.entries(doc.paths).flatMap(([path, item]) => [
  ...METHODS.filter((method) => item[method]).map((method) => showOperation(method, path, item[method])),
  ...Object.entries(item["x-mfhm-methods"] || {}).map(([method, operation]) => showOperation(method, path, operation)),
]);
const types = Object.entries(doc.components && doc.components.schemas || {});

const search = textInput({ type: "search", placeholder: "path, name or words" });
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/);
  for (const element of operations) {
    const text = (element.id + " " + element.querySelector("summary").textContent).toLowerCase();
    element.hidden = !words.every((word) => text.includes(word));
  }
});

document.getElementById("main").replaceChildren(
  make("header", {}, make("div", { class: "top" }, make("h1", {}, doc.info.title),
    make("span", { class: "soft" }, doc.info.version), make("a", { href: "openapi.json" }, "openapi.json")),
  make("div", {}, paragraph(doc.info.summary), paragraph(doc.info.description)),
  make("div", { class: "tools" }, operations.length > 5 && field("find an operation", search),
    security && field("key (" + security.name + ")", key))),
  make("h2", {}, "Operations"),
  ...(operations.length ? operations : [make("p", {}, "This service has no operation.")]),
  ...(types.length ? [make("h2", {}, "Types"), ...types.map(([name, schema]) => showType(name, schema))] : []));

const openChosen = () => {
  const chosen = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!chosen || chosen.tagName !== "DETAILS") return;
  chosen.open = true;
  chosen.scrollIntoView();
};
window.addEventListener("hashchange", openChosen);
openChosen();
