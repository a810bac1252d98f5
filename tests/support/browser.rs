//! A real browser: Chromium without a window, driven over WebDriver
//! (<https://www.w3.org/TR/webdriver2/>) by `chromedriver`.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Process, Program};
use crate::{port, wait};

/// Makes a missing browser a failure.
const REQUIRED: &str = "MFHM_REQUIRE_BROWSER";

/// How WebDriver names an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Whether the tests with a browser must run: without one they fail then, instead
/// of being skipped.
pub fn is_required() -> bool {
    std::env::var_os(REQUIRED).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Why there is no browser, if there is none.
///
/// # Errors
///
/// What is missing, as a phrase.
pub fn is_installed() -> Result<(), String> {
    for name in ["chromium", "chromedriver"] {
        let found = std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
        });
        if !found {
            return Err(format!(
                "no {name} (Debian's packages are `chromium` and `chromium-driver`)"
            ));
        }
    }
    Ok(())
}

/// A browser with one window.
///
/// End it with [`close`](Self::close): the driver takes the browser with it only
/// when it is told to.
#[derive(Debug)]
pub struct Browser {
    url: String,
    client: reqwest::Client,
    driver: Process,
    _profile: TempDir,
}

impl Browser {
    /// Starts one with a profile of its own.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start() -> Self {
        let port = port::free();
        let profile = tempfile::tempdir().expect("a folder");
        let driver = Program::new("chromedriver", "chromedriver")
            .arg(format!("--port={port}"))
            .start();
        // The driver does not close connections when it is asked to, so this client
        // is one that goes by the length of an answer.
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.expect("a client");
        let url = format!("http://127.0.0.1:{port}");
        let status = format!("{url}/status");
        wait::until("the driver", async || client.get(&status).send().await.ok()).await;
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1100,1400",
        ];
        let mut arguments: Vec<String> = arguments.map(String::from).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } });
        let mut browser = Self {
            url: format!("{url}/session"),
            client,
            driver,
            _profile: profile,
        };
        let made = browser.ask("POST", "", &wanted).await;
        let session = made["sessionId"].as_str().expect("a session");
        browser.url = format!("{}/{session}", browser.url);
        browser
    }

    /// Loads a page.
    pub async fn open(&self, url: &str) {
        self.ask("POST", "/url", &json!({ "url": url })).await;
    }

    /// The result of a function's body; `arguments[0]` is `argument`.
    pub async fn run(&self, script: &str, argument: Value) -> Value {
        let script = json!({ "script": script, "args": [argument] });
        self.ask("POST", "/execute/sync", &script).await
    }

    /// Clicks on what a CSS selector finds.
    pub async fn click(&self, selector: &str) {
        let path = format!("/element/{}/click", self.find(selector).await);
        self.ask("POST", &path, &json!({})).await;
    }

    /// Empties an input and types into it, key by key.
    pub async fn write(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        let path = format!("/element/{element}/clear");
        self.ask("POST", &path, &json!({})).await;
        self.press(selector, text).await;
    }

    /// Types into an element, key by key.
    pub async fn press(&self, selector: &str, text: &str) {
        let path = format!("/element/{}/value", self.find(selector).await);
        self.ask("POST", &path, &json!({ "text": text })).await;
    }

    /// What an element shows; nothing when it is not there (yet).
    pub async fn text(&self, selector: &str) -> String {
        let script = "const element = document.querySelector(arguments[0]);
            return element ? element.innerText : '';";
        let text = self.run(script, json!(selector)).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an element shows this text, and tells all that it shows.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub async fn shows(&self, selector: &str, text: &str) -> String {
        wait::until(format!("{text:?} in {selector}"), async || {
            Some(self.text(selector).await).filter(|shown| shown.contains(text))
        })
        .await
    }

    /// What the page's console said since it was asked last.
    pub async fn console(&self) -> Vec<String> {
        let lines = self.log("browser").await;
        let text = |line: &Value| line["message"].as_str().map(str::to_owned);
        lines.iter().filter_map(text).collect()
    }

    /// The URLs that were asked of somebody since it was asked last: those of the
    /// browser's own pages and data that stand in a URL are none.
    pub async fn requests(&self) -> Vec<String> {
        let lines = self.log("performance").await;
        let events = lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line["message"].as_str()?).ok());
        let url = |event: Value| {
            let message = &event["message"];
            let is_request = message["method"] == "Network.requestWillBeSent";
            let url = message["params"]["request"]["url"].as_str();
            let url =
                url.filter(|url| is_request && (url.starts_with("http") || url.starts_with("ws")));
            url.map(str::to_owned)
        };
        events.filter_map(url).collect()
    }

    /// A picture of the window, as PNG in base64.
    pub async fn picture(&self) -> String {
        let picture = self.ask("GET", "/screenshot", &Value::Null).await;
        picture.as_str().unwrap_or_default().to_owned()
    }

    /// Ends the browser.
    pub async fn close(mut self) {
        self.ask("DELETE", "", &Value::Null).await;
        self.driver.kill();
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let answer = self.ask("POST", "/se/log", &json!({ "type": kind })).await;
        answer.as_array().cloned().unwrap_or_default()
    }

    async fn find(&self, selector: &str) -> String {
        let query = json!({ "using": "css selector", "value": selector });
        let element = self.ask("POST", "/element", &query).await;
        element[ELEMENT].as_str().expect("an element").to_owned()
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.url);
        let method = method.parse().expect("a method");
        let request = self.client.request(method, &url);
        let request = match body {
            Value::Null => request,
            body => request.body(body.to_string()),
        };
        let answer = request.send().await.expect("an answer of the driver");
        let status = answer.status();
        let text = answer.text().await.expect("the whole of it");
        assert!(status.is_success(), "{url} {body}: {text}");
        let mut answer: Value = serde_json::from_str(&text).expect("JSON");
        answer["value"].take()
    }
}
