//! The crates that are built. All have the same 100 operations on the same
//! types, and a caller that calls each of them.

use crate::{by_hand, poem, types, with_mfhm};

/// A crate to be built.
pub(crate) struct Variant {
    /// Of the folder, and in the table.
    pub(crate) name: &'static str,
    /// For the reader of the table.
    pub(crate) what: &'static str,
    /// Paths in the crate, and their texts.
    pub(crate) files: Vec<(String, String)>,
    /// The file whose handler is changed.
    pub(crate) touched: &'static str,
}

/// The end of the line in a handler that is changed.
pub(crate) const TOUCHED: &str = "// changes";

/// Five modules, of four resources each, of five operations each.
const GROUPS: usize = 5;
const RESOURCES: usize = 4;

/// Everything that is compared; the baseline is called `by-hand`.
pub(crate) fn variants() -> Vec<Variant> {
    vec![
        variant(
            "by-hand",
            "axum, and a client on reqwest",
            dependencies(&[AXUM, REQWEST]),
            |file| match file {
                File::Types => types::text(types::For::ByHand),
                File::Service => by_hand::SERVICE.to_owned(),
                File::Client => by_hand::CLIENT.to_owned(),
                File::Support => by_hand::SUPPORT.to_owned(),
                File::Main => by_hand::MAIN.to_owned(),
            },
        ),
        variant(
            "mfhm",
            "contracts: service and client",
            dependencies(&[&mfhm("")]),
            |file| with_mfhm_file(file, types::For::Mfhm),
        ),
        variant(
            "mfhm-openapi",
            "the same with documents",
            dependencies(&[&mfhm("\"openapi\""), SCHEMARS]),
            |file| with_mfhm_file(file, types::For::MfhmOpenapi),
        ),
        variant(
            "poem-openapi",
            "poem with documents, and the client on reqwest",
            dependencies(&[POEM, REQWEST]),
            |file| match file {
                File::Types => types::text(types::For::Poem),
                File::Service => poem::SERVICE.to_owned(),
                File::Client => by_hand::CLIENT.to_owned(),
                File::Support => poem::SUPPORT.to_owned() + by_hand::CLIENT_SUPPORT,
                File::Main => poem::MAIN.to_owned(),
            },
        ),
    ]
}

fn with_mfhm_file(file: File, types: types::For) -> String {
    match file {
        File::Types => crate::types::text(types),
        File::Service => with_mfhm::SERVICE.to_owned(),
        File::Client => with_mfhm::CONTRACT.to_owned(),
        File::Support => String::new(),
        File::Main => with_mfhm::MAIN.to_owned(),
    }
}

/// A file of the crate, or of each group in it.
#[derive(Clone, Copy)]
enum File {
    Types,
    Service,
    /// The contract, where that makes the client.
    Client,
    Support,
    Main,
}

fn variant(
    name: &'static str,
    what: &'static str,
    manifest: String,
    text: impl Fn(File) -> String,
) -> Variant {
    let mut files = vec![
        ("Cargo.toml".to_owned(), manifest),
        ("src/support.rs".to_owned(), text(File::Support)),
        ("src/main.rs".to_owned(), expand(&text(File::Main), 0)),
    ];
    for group in 0..GROUPS {
        for (file, stem) in [
            (File::Types, "types"),
            (File::Service, "service"),
            (File::Client, "client"),
        ] {
            files.push((format!("src/{stem}{group}.rs"), expand(&text(file), group)));
        }
    }
    Variant {
        name,
        what,
        files,
        touched: "service0.rs",
    }
}

/// Repeats what stands between `//[resource` or `//[group` and `//]`, with the
/// number in place of `N` in `_N_` and of `G` in `_G_`.
fn expand(template: &str, group: usize) -> String {
    let mut text = String::new();
    let mut repeated: Option<(bool, String)> = None;
    for line in template.lines() {
        match (line.trim(), &mut repeated) {
            ("//[resource", None) => repeated = Some((true, String::new())),
            ("//[group", None) => repeated = Some((false, String::new())),
            ("//]", Some((is_resource, part))) => {
                let numbers = if *is_resource {
                    group * RESOURCES..(group + 1) * RESOURCES
                } else {
                    0..GROUPS
                };
                for number in numbers {
                    let mark = if *is_resource { "_N_" } else { "_G_" };
                    let mut one = part.replace(mark, &number.to_string());
                    // One handler is changed between two checks.
                    if number > 0 {
                        one = one.replace(TOUCHED, "");
                    }
                    text.push_str(&one);
                }
                repeated = None;
            }
            (_, Some((_, part))) => {
                part.push_str(line);
                part.push('\n');
            }
            (_, None) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text.replace("_G_", &group.to_string())
}

const AXUM: &str = r#"axum = { version = "0.8.9", default-features = false, features = ["http1", "json", "query", "tokio"] }"#;
const REQWEST: &str = r#"reqwest = { version = "0.13.5", default-features = false, features = ["json", "query"] }
percent-encoding = "2.3""#;
const SCHEMARS: &str =
    r#"schemars = { version = "1.2", default-features = false, features = ["derive", "std"] }"#;
const POEM: &str = r#"poem = { version = "3", default-features = false, features = ["server"] }
poem-openapi = { version = "5", default-features = false }"#;

fn mfhm(features: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../mfhm");
    format!("mfhm = {{ path = \"{path}\", features = [{features}] }}")
}

/// What every service has, and these.
fn dependencies(own: &[&str]) -> String {
    let own = own.join("\n");
    format!(
        r#"[package]
name = "generated"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies]
{own}
serde = {{ version = "1.0.229", features = ["derive"] }}
serde_json = "1.0.154"
thiserror = "2.0.21"
tokio = {{ version = "1.54", features = ["macros", "net", "rt-multi-thread", "signal", "sync", "time"] }}
tracing-subscriber = {{ version = "0.3.23", default-features = false, features = ["fmt", "std", "registry"] }}

[workspace]
"#
    )
}
