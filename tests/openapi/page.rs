//! `/docs` as a person uses it, in a real browser.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use libtest_mimic::Failed;
use serde_json::{Value, json};
use support::browser::Browser;

/// Set to a folder, the test leaves pictures of the page there.
const PICTURES: &str = "MFHM_TEST_PICTURES";

pub(crate) fn test() -> Result<(), Failed> {
    let (runtime, app) = crate::serve()?;
    let base = app.services()[0].url();
    runtime.block_on(async {
        let browser = Browser::start().await;
        let tried = AssertUnwindSafe(try_page(&browser, &base));
        let tried = tried.catch_unwind().await;
        browser.close().await;
        app.stop().await;
        if let Err(panic) = tried {
            std::panic::resume_unwind(panic);
        }
    });
    Ok(())
}

async fn try_page(browser: &Browser, base: &str) {
    browser.open(&format!("{base}/docs")).await;
    assert_eq!(browser.text("h1").await, "library");
    let header = browser.text("header").await;
    assert!(header.contains(env!("CARGO_PKG_VERSION")), "{header}");
    assert!(header.contains("Books and their readers."), "{header}");
    every_operation_is_listed(browser, base).await;
    picture(browser, "page").await;

    what_is_declared_is_shown(browser).await;
    a_body_is_sent(browser).await;
    a_path_parameter_is_sent(browser).await;
    fields_and_cookies_are_sent(browser).await;
    streams_are_shown(browser).await;
    the_list_is_searched(browser).await;

    let console = browser.console().await;
    let unexpected: Vec<_> = console
        .iter()
        // The browser reports the errors that were provoked, too.
        .filter(|line| !line.contains("the server responded with a status of 4"))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    for url in browser.requests().await {
        assert!(url.starts_with(base), "{url}");
    }
}

async fn every_operation_is_listed(browser: &Browser, base: &str) {
    let script = "const document = await (await fetch(arguments[0])).json();
        return Object.values(document.paths).flatMap(Object.values).map((one) => one.operationId).sort();";
    let declared = browser
        .run(script, json!(format!("{base}/openapi.json")))
        .await;
    let script =
        "return [...document.querySelectorAll('details.operation')].map((one) => one.id).sort();";
    let shown = browser.run(script, Value::Null).await;
    assert_eq!(declared, shown);
    assert!(
        shown.as_array().is_some_and(|ids| ids.len() > 10),
        "{shown}"
    );
}

/// Opens an operation with the keyboard alone.
async fn open(browser: &Browser, operation: &str) {
    browser
        .press(&format!("#{operation} > summary"), "\u{E007}")
        .await;
    browser
        .shows(&format!("#{operation} .inside"), "Answers")
        .await;
}

async fn what_is_declared_is_shown(browser: &Browser) {
    open(browser, "lend").await;
    let lend = browser.text("#lend .inside").await;
    for text in [
        "For how many days; two weeks unless something else is said.",
        "201",
        "lent",
        "Somebody has it.",
        "Who has it.",
        "No book has this number.",
    ] {
        assert!(lend.contains(text), "{text}: {lend}");
    }
    picture(browser, "operation").await;
    open(browser, "sum").await;
    let sum = browser.text("#sum > summary").await;
    assert!(sum.contains("deprecated"), "{sum}");
    // A type without a schema says so.
    open(browser, "note").await;
    let note = browser.text("#note .inside").await;
    assert!(note.contains("any (Note)"), "{note}");
    open(browser, "titles").await;
    let titles = browser.text("#titles .inside").await;
    assert!(
        titles.contains("application/x-ndjson, each item: Title"),
        "{titles}"
    );
    // A type is a link to what it is.
    browser.click("#titles .media a").await;
    let title = browser.shows("#type-Title", "The title.").await;
    assert!(title.contains("required"), "{title}");
}

async fn a_body_is_sent(browser: &Browser) {
    open(browser, "add").await;
    // It begins with an example that fits.
    let script = "return JSON.parse(document.querySelector('#add [name=body]').value);";
    let example = browser.run(script, Value::Null).await;
    assert!(example["title"].is_string(), "{example}");
    browser
        .write("#add [name=body]", r#"{"title": "Emma"}"#)
        .await;
    browser.click("#add [type=submit]").await;
    browser.shows("#add [role=status]", "200").await;
    let shown = browser.shows("#add form pre", "Emma").await;
    assert!(shown.contains("\n"), "JSON on lines of its own: {shown}");

    browser.write("#add [name=body]", "{}").await;
    browser.click("#add [type=submit]").await;
    browser.shows("#add [role=status]", "422").await;
    browser
        .shows("#add form pre", "missing field `title`")
        .await;
}

async fn a_path_parameter_is_sent(browser: &Browser) {
    open(browser, "book").await;
    browser.write("#book [name='path.id']", "1").await;
    // Enter sends, as in every form.
    browser.press("#book [name='path.id']", "\u{E007}").await;
    browser.shows("#book [role=status]", "200").await;
    browser.shows("#book form pre", "Emma").await;
    browser.write("#book [name='path.id']", "7").await;
    browser.click("#book [type=submit]").await;
    let status = browser.shows("#book [role=status]", "404").await;
    assert!(status.contains("application/problem+json"), "{status}");
    browser.shows("#book form pre", "no book 7").await;
}

async fn fields_and_cookies_are_sent(browser: &Browser) {
    browser.write("#lend [name='form.book']", "1").await;
    browser.write("#lend [name='form.reader']", "A & B").await;
    browser.click("#lend [type=submit]").await;
    browser.shows("#lend [role=status]", "201").await;
    browser.click("#lend [type=submit]").await;
    browser.shows("#lend [role=status]", "409").await;
    browser.shows("#lend form pre", "\"by\": \"A & B\"").await;

    open(browser, "search").await;
    browser.write("#search [name='query.part']", "mm").await;
    browser.write("#search [name='query.id']", "3\n1").await;
    browser.click("#search [type=submit]").await;
    browser.shows("#search form pre", "Emma").await;
    // The service sees the cookie: it refuses one that is no number.
    browser
        .write("#search [name='cookie.reader']", "nobody")
        .await;
    browser.click("#search [type=submit]").await;
    browser.shows("#search [role=status]", "400").await;
    browser
        .shows("#search form pre", "\"name\": \"reader\"")
        .await;
    let left = browser.run("return document.cookie;", Value::Null).await;
    assert_eq!(left, "");

    open(browser, "scan").await;
    browser.write("#scan [name='path.name']", "a/b").await;
    browser.write("#scan [name=body]", "four").await;
    browser.click("#scan [type=submit]").await;
    browser.shows("#scan form pre", "\"sum\": 4").await;
}

async fn streams_are_shown(browser: &Browser) {
    browser.click("#titles [type=submit]").await;
    browser
        .shows("#titles form pre", "{\"title\":\"Emma\"}")
        .await;
    open(browser, "news").await;
    browser.click("#news [type=submit]").await;
    browser.shows("#news form pre", "data:").await;
}

async fn the_list_is_searched(browser: &Browser) {
    browser.write("[type=search]", "/books remove").await;
    let script = "return [...document.querySelectorAll('details.operation:not([hidden])')].map((one) => one.id);";
    let left = browser.run(script, Value::Null).await;
    assert_eq!(left, json!(["remove"]));
}

/// Leaves a picture for people, if they want one.
async fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os(PICTURES) {
        let file = std::path::Path::new(&folder).join(format!("{name}.png.base64"));
        std::fs::write(file, browser.picture().await).expect("the folder is there");
    }
}
