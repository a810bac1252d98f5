// Schemas as people read them.

const PREFIX = "#/components/schemas/";
const ITEM = "x-mfhm-item";

const follow = (schema) => {
  for (let steps = 0; schema && typeof schema.$ref === "string" && steps < 20; steps += 1) {
    if (!schema.$ref.startsWith(PREFIX)) break;
    schema = doc.components.schemas[schema.$ref.slice(PREFIX.length)];
  }
  return schema || {};
};

const isList = (schema) => [].concat(follow(schema).type || []).includes("array");

// An error that an operation declares: a problem document with its code.
const isProblem = (schema) => Boolean(schema && schema.properties && schema.properties.code && schema.properties.code.const);

const between = (parts, text) => parts.flatMap((part, index) => index ? [text, part] : [part]);

// A type in a few words; definitions are links.
const short = (schema) => {
  if (schema === undefined || schema === true) return ["any"];
  if (schema === false) return ["nothing"];
  if (schema["x-mfhm-untyped"]) return ["any (" + schema["x-mfhm-untyped"] + ")"];
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return [make("a", { href: "#type-" + name }, name)];
  }
  if ("const" in schema) return [JSON.stringify(schema.const)];
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" | ")];
  const choices = schema.oneOf || schema.anyOf;
  if (choices) return between(choices.map(short), " | ").flat();
  if (schema.allOf && schema.allOf.length === 1 && !schema.properties) return short(schema.allOf[0]);
  if (isProblem(schema)) return [schema.properties.code.const];
  if (schema.properties && schema.title) return [schema.title];
  const types = [].concat(schema.type || (schema.properties ? "object" : "any")).map((type) => {
    if (type === "array") return ["[", ...short(schema.items), "]"];
    if (type === "object" && schema.additionalProperties) return ["{ *: ", ...short(schema.additionalProperties), " }"];
    return [type === schema.type && schema.format ? schema.format : type];
  });
  return between(types, " | ").flat();
};

const LIMITS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
  "minItems", "maxItems", "pattern", "multipleOf"];
// Limits that every number of its format has are no news.
const limits = (schema) => schema && typeof schema === "object" && !/^u?int/.test(schema.format || "")
  ? LIMITS.filter((limit) => limit in schema).map((limit) => limit + " " + schema[limit]) : [];

const remarks = (schema, isRequired) => [
  make("span", { class: "soft" }, [isRequired ? "required" : "optional", ...limits(schema),
    schema && schema.default !== undefined && schema.default !== null ? "default " + JSON.stringify(schema.default) : null,
    schema && schema.deprecated ? "deprecated" : null].filter(Boolean).join(", ")),
  paragraph(schema && schema.description),
];

// The fields of an object, or the choices of something else.
const details = (schema) => {
  // What all problems have needs no telling.
  if (isProblem(schema)) return schema.properties.data ? [make("p", { class: "soft" }, "its data:"), details(schema.properties.data)] : null;
  const fields = Object.entries(schema.properties || {});
  const choices = schema.oneOf || schema.anyOf;
  return [
    fields.length ? table(["Field", "Type", ""], fields.map(([name, property]) =>
      [code(name), code(short(property)), [remarks(property, (schema.required || []).includes(name)),
        property && property.properties ? details(property) : null]])) : null,
    choices ? make("ul", {}, choices.map((choice) => make("li", {}, code(short(choice)),
      paragraph(choice.description), choice.properties ? details(choice) : null))) : null,
  ];
};

// One type of a body.
const showMedia = (type, media) => {
  const schema = media.schema;
  const item = media[ITEM];
  const shown = item || schema;
  const isOwn = shown && shown.$ref && !shown.$ref.includes("/mfhm.");
  return make("div", { class: "media" },
    make("p", {}, code(type), shown ? [item ? ", each item: " : ": ", code(short(shown))] : ", bytes"),
    shown && !shown.$ref ? [paragraph(shown.description), details(shown)] : null,
    isOwn ? details(follow(shown)) : null);
};

const showType = (name, schema) => make("details", { id: "type-" + name },
  make("summary", {}, make("h3", {}, make("span", { class: "path" }, name),
    make("span", { class: "soft" }, (schema.description || "").split("\n")[0]))),
  make("div", { class: "inside" }, paragraph(schema.description),
    schema.properties || schema.oneOf || schema.anyOf ? details(schema) : make("p", {}, code(short(schema)), " ", limits(schema).join(", ")),
    make("details", {}, make("summary", {}, "JSON Schema"),
      make("div", { class: "inside" }, make("pre", { tabindex: "0" }, JSON.stringify(schema, null, 2))))));

// A value to begin with.
const example = (schema, depth = 0) => {
  schema = follow(schema);
  if (schema.default !== undefined) return schema.default;
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
