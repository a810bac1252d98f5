//! What the real Python centers answered, against what these functions answer
//! (`tests/python/record.py` records it), and inputs that nobody thought of.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value as Json;

use super::coerce::float_text;
use super::text::parse_int;
use super::text::strip;
use super::validate::Online;
use super::*;

#[derive(Deserialize)]
struct Recording {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default)]
    before: Vec<Request>,
    request: Request,
    answer: Answer,
    differs: Option<Answer>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Body>,
    body_hex: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Text(String),
    Parts(Vec<(String, usize)>),
}

#[derive(Debug, Deserialize, PartialEq)]
struct Answer {
    status: u16,
    body: String,
}

impl Request {
    fn content_type(&self) -> Option<&str> {
        let header = self.headers.iter().find(|(name, _)| name == "content-type");
        header.map(|(_, value)| value.trim())
    }

    fn body(&self) -> Vec<u8> {
        match (&self.body, &self.body_hex) {
            (Some(Body::Text(text)), _) => text.clone().into_bytes(),
            (Some(Body::Parts(parts)), _) => parts
                .iter()
                .map(|(text, times)| text.repeat(*times))
                .collect::<String>()
                .into_bytes(),
            (None, Some(digits)) => unhex(digits),
            (None, None) => Vec::new(),
        }
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(2).map(byte).collect()
}

/// Just enough of a center to hold the functions together: a list of what is
/// registered, all of it on 127.0.0.1.
#[derive(Default)]
struct Registered(Vec<Online>);

impl Registered {
    fn answer(&mut self, request: &Request) -> Answer {
        match self.respond(request) {
            Ok((status, body)) => Answer { status, body },
            Err(refusal) => Answer {
                status: refusal.status,
                body: refusal.body,
            },
        }
    }

    fn respond(&mut self, request: &Request) -> Result<(u16, String), Refusal> {
        let path = decode_path(request.target.split('?').next().unwrap_or_default());
        let segments: Vec<_> = path.split('/').skip(1).collect();
        if segments.contains(&"") {
            return Ok((404, not_found()));
        }
        Ok(match (request.method.as_str(), &segments[..]) {
            ("POST", ["online"]) => {
                let online = decode_online(request.content_type(), &request.body())?;
                if self
                    .0
                    .iter()
                    .any(|one| one.name == online.name && one.port == online.port)
                {
                    return Ok((200, service_is_online()));
                }
                self.0.push(online);
                (200, ok())
            }
            ("DELETE", ["offline", name, port]) => {
                let (name, port) = check_offline(name, port)?;
                let before = self.0.len();
                self.0.retain(|one| one.name != name || one.port != port);
                (
                    200,
                    if self.0.len() < before {
                        ok()
                    } else {
                        service_not_online()
                    },
                )
            }
            ("GET", ["service", name]) => {
                let name = check_name(name, PathParam::Name)?;
                match self.0.iter().find(|one| one.name == name) {
                    Some(one) => (
                        200,
                        found_service(&Found {
                            name: &name,
                            host: "127.0.0.1",
                            port: one.port,
                            key: one.transmission.as_deref(),
                            methods: &one.methods,
                        }),
                    ),
                    None => (404, missing_service()),
                }
            }
            ("GET", ["api", name, api]) => {
                let (name, api) = check_names(name, api)?;
                let Some(one) = self.0.iter().find(|one| one.name == name) else {
                    return Ok((404, missing_service_for_api()));
                };
                match one.methods.iter().find(|(name, _)| *name == api) {
                    Some((_, found)) => (
                        200,
                        found_api(
                            &api_url(false, "127.0.0.1", one.port, &found.path),
                            &found.methods,
                        ),
                    ),
                    None => (404, missing_api(&name, &api)),
                }
            }
            _ => (404, not_found()),
        })
    }
}

#[track_caller]
fn replay(recording: &str) -> usize {
    let recording: Recording = serde_json::from_str(recording).unwrap();
    // Methods, redirections and malformed requests are the router's business.
    let cases = recording
        .cases
        .iter()
        .filter(|case| !case.name.starts_with("routing/"));
    let mut count = 0;
    for case in cases {
        let mut center = Registered::default();
        for request in &case.before {
            center.answer(request);
        }
        let expected = case.differs.as_ref().unwrap_or(&case.answer);
        assert_eq!(center.answer(&case.request), *expected, "{}", case.name);
        count += 1;
    }
    count
}

#[test]
fn answers_like_version_0_1_1() {
    assert!(replay(include_str!("../../../tests/python/center-0.1.1.json")) > 400);
}

#[test]
fn answers_like_version_0_0_2() {
    assert!(replay(include_str!("../../../tests/python/center-0.0.2.json")) > 50);
}

#[test]
fn agrees_with_pythons_library() {
    #[derive(Deserialize)]
    struct Functions {
        strip: Vec<(String, String)>,
        unquote: Vec<(String, String)>,
        urljoin: Vec<(String, String)>,
        int: Vec<(String, Option<String>)>,
        float: Vec<(String, String)>,
    }
    let recorded = include_str!("../../../tests/python/functions.json");
    let recorded: Functions = serde_json::from_str(recorded).unwrap();
    for (text, stripped) in recorded.strip {
        assert_eq!(strip(&text), stripped, "{text:?}");
    }
    for (raw, path) in recorded.unquote {
        assert_eq!(decode_path(&raw), path, "{raw:?}");
    }
    for (path, url) in recorded.urljoin {
        assert_eq!(api_url(false, "10.0.0.1", 80, &path), url, "{path:?}");
    }
    for (text, number) in recorded.int {
        let number = number.map(|number| number.parse().unwrap_or(i64::MAX));
        assert_eq!(parse_int(&text), number, "{text:?}");
    }
    for (number, text) in recorded.float {
        assert_eq!(float_text(number.parse().unwrap()), text, "{number:?}");
    }
}

#[test]
fn a_small_body_gets_no_huge_answer() {
    let (name, methods) = ("n".repeat(100_000), "5,[],".repeat(30_000));
    let body = format!(r#"{{"methods":{{"{name}":{{"path":"","methods":[{methods}5]}}}}}}"#);
    let refusal = decode_online(None, body.as_bytes()).unwrap_err();
    assert!(refusal.body.len() < 2 << 20, "{}", refusal.body.len());
    assert!(serde_json::from_str::<Json>(&refusal.body).is_ok());
}

/// Compares with a recording of random bodies, see `record.py mutated`.
#[test]
#[ignore = "needs a recording that is named by MFHM_PYTHON_MUTATED"]
fn agrees_on_mutated_bodies() {
    #[derive(Deserialize)]
    struct Recording {
        cases: Vec<Mutated>,
    }
    #[derive(Deserialize)]
    struct Mutated {
        request: Request,
        answer: Answer,
        stored: Option<String>,
    }
    let path = std::env::var("MFHM_PYTHON_MUTATED").unwrap();
    let recording: Recording = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut same, mut ours_differs) = (0, 0);
    for case in recording.cases {
        let body = case.request.body();
        let shown = String::from_utf8_lossy(&body);
        let python = case.answer;
        match decode_online(case.request.content_type(), &body) {
            Err(refusal) if (refusal.status, &refusal.body) == (python.status, &python.body) => {
                same += 1
            }
            Ok(online) if python.status == 200 => {
                assert_eq!(
                    as_stored(&online),
                    stored_in_python(&case.stored.unwrap()),
                    "{shown}"
                );
                same += 1;
            }
            // Python cannot write its refusal.
            Err(refusal) if python.status == 500 => {
                assert_eq!(refusal.status, 422, "{shown}");
                ours_differs += 1;
            }
            ours => {
                let ours = ours.err().map_or_else(ok, |refusal| refusal.body);
                assert_eq!(common_errors(&ours), common_errors(&python.body), "{shown}");
                ours_differs += 1;
            }
        }
    }
    println!("{same} the same, {ours_differs} different on purpose");
    assert!(ours_differs < same);
}

/// The errors of a refusal, without those that only one side knows: 0.1.1
/// wants both transmission fields, mfhm wants texts and keys that can be sent.
fn common_errors(body: &str) -> Vec<Json> {
    let body: Json = serde_json::from_str(body).unwrap();
    let own = ["lone surrogates are not allowed", "a key consists of"];
    let is_common = |error: &&Json| {
        let message = error["msg"].as_str().unwrap();
        let field = error["loc"][1].as_str().unwrap_or_default();
        let is_about_absence = matches!(message, "field required" | "none is not an allowed value");
        let is_own = own.iter().any(|words| message.starts_with(words));
        !(is_own || is_about_absence && field.starts_with("transmission"))
    };
    let errors = body.get("detail").and_then(Json::as_array);
    errors
        .into_iter()
        .flatten()
        .filter(is_common)
        .cloned()
        .collect()
}

fn as_stored(online: &Online) -> Json {
    let methods: Vec<Json> = online
        .methods
        .iter()
        .map(|(name, method)| serde_json::json!([name, method.path, method.methods]))
        .collect();
    serde_json::json!([online.name, online.port, online.transmission, methods])
}

fn stored_in_python(stored: &str) -> Json {
    let text: Vec<u32> = stored.chars().map(u32::from).collect();
    let value = json::parse(&text).unwrap();
    let text = |name: &str| {
        value
            .get(name)
            .and_then(value::Value::as_str)
            .map(str::to_owned)
    };
    let methods = value::decode_methods(value.get("methods").unwrap()).unwrap();
    as_stored(&Online {
        name: text("name").unwrap(),
        port: value.get("port").unwrap().as_port().unwrap(),
        transmission: text("transmissionType").and(text("transmissionData")),
        methods,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_body_makes_the_decoder_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_online(None, &body);
        let _ = decode_cache(&body);
    }

    /// Pieces of JSON get further into the decoder than random bytes do.
    #[test]
    fn no_soup_of_json_makes_the_decoder_panic(pieces in proptest::collection::vec(piece(), 0..40)) {
        let body = pieces.concat();
        if let Err(refusal) = decode_online(None, body.as_bytes()) {
            prop_assert!(matches!(refusal.status, 400 | 422));
            prop_assert!(serde_json::from_str::<Json>(&refusal.body).is_ok(), "{}", refusal.body);
        }
        let _ = decode_cache(body.as_bytes());
    }

    #[test]
    fn what_serde_reads_is_read_the_same(value in json_value()) {
        let text = value.to_string();
        let read = json::parse(&encoding::decode(text.as_bytes()).unwrap()).unwrap();
        prop_assert_eq!(as_json(&read), value);
    }

    #[test]
    fn urls_stay_on_host_and_port(path in "[/.:;?#@\\[\\]a-b \t\\\\]{0,12}") {
        let url = api_url(false, "10.0.0.1", 80, &path);
        let rest = url.strip_prefix("http://10.0.0.1:80").unwrap();
        prop_assert!(rest.is_empty() || rest.starts_with(['/', '?', '#', ';']), "{}", url);
    }

    #[test]
    fn decoding_paths_and_names_never_panics(raw in "[%0-9a-fA-F/é ]{0,20}") {
        let path = decode_path(&raw);
        let _ = check_offline(&path, &path);
    }
}

fn piece() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "\\ud83d",
        "\\ude00",
        "\"name\"",
        "\"port\"",
        "\"methods\"",
        "\"path\"",
        "\"key\"",
        "\"transmissionType\"",
        "\"transmissionData\"",
        "null",
        "true",
        "NaN",
        "-Infinity",
        "-",
        "0",
        "17",
        ".5",
        "e9",
        "\n",
        " ",
        "\u{a0}",
        "é",
        "😀",
        "\0",
        "[[\"a\",{\"path\":\"/\",\"methods\":[]}]]",
        "{\"name\":\"x\",\"port\":1,\"methods\":",
    ])
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        proptest::num::f64::NORMAL.prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            proptest::collection::hash_map(any::<String>(), inner, 0..5)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

fn as_json(read: &value::Value) -> Json {
    use value::Value;
    match read {
        Value::Null => Json::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(digits) => digits.parse::<i64>().unwrap().into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.as_str().unwrap().into(),
        Value::List(items) => items.iter().map(as_json).collect(),
        Value::Dict(entries) => {
            let entry = |(key, value): &(value::Text, Value)| {
                (key.as_str().unwrap().to_owned(), as_json(value))
            };
            Json::Object(entries.iter().map(entry).collect())
        }
    }
}
