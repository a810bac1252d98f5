//! `/docs`: one page that shows the operations of a service and tries them.
//!
//! Everything is in the page: the document, the style and the program. The
//! policy that comes with it lets the browser run nothing else and talk to
//! nobody but the service, so that a text in a document cannot become code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page/page.css");
/// One program; what a file names, those below it use.
const SCRIPT: &str = concat!(
    include_str!("page/elements.js"),
    include_str!("page/types.js"),
    include_str!("page/answer.js"),
    include_str!("page/request.js"),
    include_str!("page/page.js"),
);

/// The policy of an answer that is no page.
pub(super) const NO_CONTENT: &str = "default-src 'none'; frame-ancestors 'none'";

/// The page, and the value of the header `content-security-policy`.
pub(super) struct Page {
    pub(super) html: String,
    pub(super) policy: String,
}

/// Writes the page for a document.
pub(super) fn write(document: &Value) -> Page {
    let title = document["info"]["title"].as_str().unwrap_or_default();
    let title = escape(title);
    // Inside a script element only `<` has a meaning.
    let data = document.to_string().replace('<', "\\u003c");
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
<body>
<main id="main"><noscript>This page shows <a href="openapi.json">the document</a> with JavaScript.</noscript></main>
<script type="application/json" id="document">{data}</script>
<script>{SCRIPT}</script>
</body>
</html>
"#
    );
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    Page { html, policy }
}

fn hash(text: &str) -> String {
    let digest = STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!("sha256-{digest}")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_text_of_the_document_becomes_markup() {
        let document = json!({ "info": { "title": "</title><script>a()</script>" },
            "paths": { "/": { "get": { "summary": "</script><img src=x onerror=b()><!--" } } } });
        let html = write(&document).html;
        let without = write(&json!({ "info": { "title": "" } })).html;
        assert_eq!(html.matches('<').count(), without.matches('<').count());
        assert!(html.contains("\\u003c/script>\\u003cimg"), "{html}");
    }

    #[test]
    fn the_page_fetches_nothing_from_elsewhere() {
        let page = write(&json!({}));
        for forbidden in [
            "http://", "https://", "//cdn", "@import", "url(", "style=\"", "onclick=",
        ] {
            assert!(!page.html.contains(forbidden), "{forbidden}");
        }
        assert!(
            page.policy
                .starts_with("default-src 'none'; script-src 'sha256-")
        );
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("</"));
    }
}
