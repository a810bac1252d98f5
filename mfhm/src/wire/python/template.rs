//! Path templates of both sides: axum's `/f/{*rest}` is Starlette's
//! `/f/{rest:path}`.

/// The template as a Python peer writes it.
#[cfg(any(feature = "server", feature = "center"))]
pub(crate) fn to_python_template(path: &str) -> String {
    rewrite(path, |inside| match inside.strip_prefix('*') {
        Some(name) if is_name(name) => Some(format!("{{{name}:path}}")),
        _ => None,
    })
}

/// The template as a Rust peer writes it. Converters other than `path` take one
/// segment, so only their name is kept.
#[cfg(any(feature = "client", feature = "center"))]
pub(crate) fn from_python_template(path: &str) -> String {
    rewrite(path, |inside| match inside.split_once(':') {
        Some((name, "path")) if is_name(name) => Some(format!("{{*{name}}}")),
        Some((name, converter)) if is_name(name) && is_name(converter) => {
            Some(format!("{{{name}}}"))
        }
        _ => None,
    })
}

/// Replaces what stands in braces where `replace` knows something for it.
fn rewrite(path: &str, replace: impl Fn(&str) -> Option<String>) -> String {
    let mut written = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(open) = rest.find('{') {
        written += &rest[..open];
        rest = &rest[open..];
        let replaced = rest
            .find('}')
            .and_then(|close| Some((replace(&rest[1..close])?, close + 1)));
        let (text, used) = replaced.unwrap_or_else(|| ("{".to_owned(), 1));
        written += &text;
        rest = &rest[used..];
    }
    written + rest
}

/// Starlette's rule for names and converters.
fn is_name(text: &str) -> bool {
    let is_start = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    text.as_bytes().first().is_some_and(is_start)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(all(test, feature = "center"))]
mod tests {
    use super::*;

    #[test]
    fn translates_both_ways() {
        for (rust, python) in [
            ("/hello", "/hello"),
            ("/item/{item_id}", "/item/{item_id}"),
            ("/f/{*p}", "/f/{p:path}"),
            ("/{a}/b/{c}/{*rest}", "/{a}/b/{c}/{rest:path}"),
            ("/服/{*p}", "/服/{p:path}"),
        ] {
            assert_eq!(to_python_template(rust), python);
            assert_eq!(from_python_template(python), rust);
        }
        assert_eq!(
            from_python_template("/i/{x:int}/{y:uuid}.json"),
            "/i/{x}/{y}.json"
        );
    }

    #[test]
    fn leaves_alone_what_is_no_parameter() {
        for path in [
            "{",
            "}",
            "/{",
            "/{*}",
            "/{{*p",
            "/{a b:path}",
            "/{a:b:c}",
            "/{:path}",
            "/{1:path}",
            "/{*p",
        ] {
            assert_eq!(from_python_template(path), path);
        }
        for path in ["/{*}", "/{*a b}", "/{**p}", "{*", "/{*服}"] {
            assert_eq!(to_python_template(path), path);
        }
    }
}
