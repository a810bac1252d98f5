use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Filter {
    page: Option<u32>,
    #[serde(default = "ten")]
    size: u32,
    tag: Vec<String>,
}

fn ten() -> u32 {
    10
}

fn fields(pairs: &[(&'static str, Option<&'static str>)]) -> Fields<'static> {
    let mut fields = Fields::default();
    for (name, text) in pairs {
        // Each in a place of its own, as in a request.
        let text = text.map(|text| Cow::Owned(text.to_owned()));
        fields.add(Cow::Borrowed(name), text);
    }
    fields
}

#[test]
fn what_is_absent_has_its_default() {
    assert_eq!(
        fields(&[("unknown", None), ("unknown", Some("1"))]).decode(),
        Ok(Filter {
            page: None,
            size: 10,
            tag: Vec::new()
        })
    );
    assert_eq!(
        fields(&[("tag", Some("a")), ("page", Some("2")), ("tag", Some("b"))]).decode(),
        Ok(Filter {
            page: Some(2),
            size: 10,
            tag: vec!["a".to_owned(), "b".to_owned()]
        })
    );
}

#[derive(Debug, PartialEq, Deserialize)]
struct Page {
    page: u8,
    #[serde(default)]
    is_open: bool,
    ratio: Option<f64>,
    id: Vec<i32>,
    letter: Option<char>,
    #[serde(flatten)]
    below: Below,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Below {
    name: String,
    most: Option<u64>,
    colour: Option<Colour>,
    #[serde(flatten)]
    rest: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Search {
    text: String,
    #[serde(flatten)]
    page: Page,
}

#[test]
fn what_is_flattened_further_has_numbers_and_lists_too() {
    let given = fields(&[
        ("text", Some("12")),
        ("page", Some("7")),
        ("is_open", Some("true")),
        ("ratio", Some("7")),
        ("id", Some("-7")),
        ("letter", Some("7")),
        ("name", Some("7")),
        ("most", Some("7")),
        ("colour", Some("red")),
        ("other", Some("true")),
    ]);
    let read: Search = given.decode().unwrap();
    let below = Below {
        name: "7".to_owned(),
        most: Some(7),
        colour: Some(Colour::Red),
        rest: [("other".to_owned(), "true".to_owned())].into(),
    };
    let page = Page {
        page: 7,
        is_open: true,
        ratio: Some(7.0),
        id: vec![-7],
        letter: Some('7'),
        below,
    };
    assert_eq!((read.text.as_str(), read.page), ("12", page));

    let least = [("text", Some("")), ("page", Some("0")), ("name", Some(""))];
    let read: Search = fields(&least).decode().unwrap();
    assert_eq!((read.page.id, read.page.below.most), (vec![], None));
    let several = [&least[..], &[("id", Some("1")), ("id", Some("2"))]].concat();
    let read: Search = fields(&several).decode().unwrap();
    assert_eq!(read.page.id, [1, 2]);
}

#[test]
fn an_option_of_a_flattened_struct_is_there_when_its_fields_are() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        #[serde(flatten)]
        inner: Option<Inner>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        from: i64,
        is_open: bool,
        ids: Vec<u8>,
        name: String,
    }

    let given = [("from", "-1"), ("is_open", "true"), ("name", "7")];
    let given = given.map(|(name, text)| (name, Some(text)));
    let inner = |given: &[_]| fields(given).decode::<Outer>().unwrap().inner;
    let mut expected = Inner {
        from: -1,
        is_open: true,
        ids: vec![],
        name: "7".to_owned(),
    };
    assert_eq!(inner(&given).as_ref(), Some(&expected));
    expected.ids = vec![7];
    let with_id = [&given[..], &[("ids", Some("7"))]].concat();
    assert_eq!(inner(&with_id), Some(expected));
    assert_eq!(inner(&given[..1]), None);
    assert_eq!(inner(&[]), None);
}

#[test]
fn a_refusal_names_what_is_flattened_further() {
    let good = |name: &str, text: &'static str| {
        let given = [("text", "a"), ("page", "1"), ("name", "b")];
        let mut given: Vec<_> = given
            .into_iter()
            .filter(|(other, _)| *other != name)
            .collect();
        let names = ["page", "is_open", "id", "most", "ratio", "colour"];
        let name = names.into_iter().find(|other| *other == name).unwrap();
        given.push((name, text));
        let given: Vec<_> = given
            .iter()
            .map(|(name, text)| (*name, Some(*text)))
            .collect();
        let refused = fields(&given).decode::<Search>().unwrap_err();
        assert_eq!(refused.name.as_deref(), Some(name), "{refused}");
        refused.to_string()
    };
    assert_eq!(good("page", "x"), "is \"x\", expected u8");
    assert_eq!(good("page", "300"), "is \"300\", expected u8");
    assert_eq!(good("is_open", "yes"), "is \"yes\", expected a boolean");
    assert_eq!(good("id", "1.5"), "is \"1.5\", expected i32");
    assert_eq!(good("most", "-1"), "is \"-1\", expected u64");
    assert_eq!(good("ratio", "1e400"), "is \"1e400\", expected f64");
    let not_utf8 = fields(&[("text", Some("")), ("name", None), ("page", Some("1"))]);
    let refused = not_utf8.decode::<Search>().unwrap_err();
    assert_eq!(refused.name.as_deref(), Some("name"));
    assert_eq!(refused.to_string(), "is not UTF-8");
    let twice = |name| {
        let given = [
            ("text", "a"),
            ("page", "1"),
            ("name", "b"),
            (name, "1"),
            (name, "1"),
        ];
        let given = given.map(|(name, text)| (name, Some(text)));
        fields(&given).decode::<Search>().unwrap_err()
    };
    let refused = twice("most");
    assert_eq!(refused.name.as_deref(), Some("most"));
    assert_eq!(
        refused.to_string(),
        "is given 2 times; it may be given once"
    );
    let refused = fields(&[("text", Some("a")), ("name", Some("b"))]);
    let refused = refused.decode::<Search>().unwrap_err();
    assert_eq!(refused.name.as_deref(), Some("page"));
    assert_eq!(refused.to_string(), "is missing");
}

#[test]
fn a_refusal_names_the_field() {
    #[derive(Debug, Deserialize)]
    struct Strict {
        #[allow(dead_code)]
        size: u8,
    }

    for (pairs, detail) in [
        (&[][..], "is missing"),
        (&[("size", Some("1")), ("size", Some("1"))], "2 times"),
        (&[("size", Some("x"))], "expected an integer"),
        (&[("size", None)], "is not UTF-8"),
    ] {
        let refused = fields(pairs).decode::<Strict>().unwrap_err();
        assert_eq!(refused.name.as_deref(), Some("size"));
        assert!(refused.to_string().contains(detail), "{refused}");
    }
}
