// The answer to a request, shown while it comes.

const LIMIT = 200000;

const isText = (type) => type === "" || /^text\/|json|xml|javascript|urlencoded/.test(type);

// On lines of its own when it is JSON, and small enough to show.
const pretty = (text, type) => {
  if (/json/.test(type) && !/ndjson/.test(type) && text.length <= LIMIT) {
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  }
  return text;
};

const answerView = () => {
  const said = make("p", { role: "status", "aria-live": "polite" });
  const shown = make("pre", { tabindex: "0", hidden: true });
  const fail = (error) => {
    const text = error.name === "AbortError" ? "stopped" : String(error);
    said.append(make("strong", { class: "bad" }, " " + text));
  };
  const show = async (url, send) => {
    said.replaceChildren("…");
    shown.hidden = true;
    shown.textContent = "";
    const begun = performance.now();
    let response;
    try {
      response = await send();
    } catch (error) {
      said.replaceChildren();
      return fail(error);
    }
    const type = response.headers.get("content-type") || "";
    const size = make("span", {});
    said.replaceChildren(
      make("strong", { class: response.ok ? "good" : "bad" }, response.status + " " + response.statusText),
      make("span", { class: "soft" }, "  " + [type, Math.round(performance.now() - begun) + " ms", url].filter(Boolean).join("  ·  "), size));
    if (!response.body) return;
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        bytes += value.length;
        if (isText(type) && text.length < LIMIT) {
          text += decoder.decode(value, { stream: true });
          shown.textContent = text;
          shown.hidden = false;
        }
      }
      shown.textContent = pretty(text, type);
    } catch (error) {
      fail(error);
    }
    if (bytes > 0 && (!isText(type) || text.length >= LIMIT)) size.textContent = "  ·  " + bytes + " bytes";
  };
  return { element: make("div", {}, said, shown), show, fail };
};
