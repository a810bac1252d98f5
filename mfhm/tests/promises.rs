//! `docs/promises.md` names the tests that show what it says, and long experiments
//! (`survive NAME`): each is one.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_tests_that_are_named_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = BTreeSet::new();
    for folder in ["mfhm/src", "mfhm/tests", "tests"] {
        collect(&root.join(folder), &mut tests);
    }
    let document = std::fs::read_to_string(root.join("docs/promises.md")).unwrap();
    let mut named = 0;
    let mut missing = Vec::new();
    for row in document.lines().filter(|line| line.starts_with("| ")) {
        let shown_by = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for name in shown_by.split('`').skip(1).step_by(2) {
            named += 1;
            let is_there = match name.strip_prefix("survive ") {
                Some(experiment) => {
                    let folder = root.join("tests/figures/survive/experiments");
                    folder.join(format!("{experiment}.rs")).is_file()
                }
                None => tests.contains(name),
            };
            if !is_there {
                missing.push(name);
            }
        }
        let is_head = row.ends_with("shown by |");
        assert!(is_head || shown_by.contains('`'), "it names no test: {row}");
    }
    assert!(
        missing.is_empty(),
        "no test or experiment is called {missing:?}"
    );
    assert!(named > 50, "{named}");
}

/// The names of all tests in the files of a folder.
fn collect(folder: &Path, tests: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let mut is_test = false;
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let line = line.trim_start();
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some((_, rest)) = line.split_once("fn ")
                    && std::mem::take(&mut is_test)
                    && let Some((name, _)) = rest.split_once('(')
                {
                    tests.insert(name.to_owned());
                }
            }
        }
    }
}
