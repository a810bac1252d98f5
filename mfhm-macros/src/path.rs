//! Path templates such as `/users/{id}/files/{*rest}`: parsed, joined and
//! compared. Nothing here knows about tokens, so a mistake is a text and the
//! caller decides where to point.

/// A checked path: literal segments and placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathTemplate {
    segments: Vec<Segment>,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `{name}`: one segment of the request's path.
    Param(String),
    /// `{*name}`: everything that is left, slashes included.
    Rest(String),
}

/// A placeholder, seen from a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placeholder<'a> {
    pub(crate) name: &'a str,
    /// Written `{*name}`.
    pub(crate) is_rest: bool,
}

/// A stretch of the path as a client writes it: fixed text or a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Literal(String),
    Value(Placeholder<'a>),
}

/// Where a path was written; the places differ in what may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathPlace {
    /// The `path` of a contract: may be empty, doesn't end with a slash.
    Prefix,
    /// An operation's own path. It may be empty when there is a prefix.
    Operation { has_prefix: bool },
}

impl PathTemplate {
    /// Reads a template, or says everything that is wrong with it.
    pub(crate) fn parse(text: &str, place: PathPlace) -> Result<Self, Vec<String>> {
        let may_be_empty = match place {
            PathPlace::Prefix => true,
            PathPlace::Operation { has_prefix } => has_prefix,
        };
        if text.is_empty() && may_be_empty {
            return Ok(Self::default());
        }
        let mut problems = Vec::new();
        let Some(rest) = text.strip_prefix('/') else {
            problems.push(match text {
                "" => "the path is empty; write \"/\" for the root".to_owned(),
                _ => format!("path `{text}` must begin with `/`"),
            });
            return Err(problems);
        };
        if place == PathPlace::Prefix && text.ends_with('/') {
            problems.push(format!(
                "the contract's path `{text}` must not end with `/`: the operations' paths begin with it"
            ));
            return Err(problems);
        }

        let texts: Vec<&str> = rest.split('/').collect();
        let last = texts.len() - 1;
        let mut segments = Vec::with_capacity(texts.len());
        for (index, segment) in texts.into_iter().enumerate() {
            if segment.is_empty() && index != last {
                problems.push(format!("path `{text}` has an empty segment (`//`)"));
                continue;
            }
            match Segment::parse(segment) {
                Ok(Segment::Rest(name)) if index != last || place == PathPlace::Prefix => {
                    problems.push(format!(
                        "`{{*{name}}}` takes the whole rest of the path, so it must be the last segment"
                    ));
                }
                Ok(segment) => segments.push(segment),
                Err(problem) => problems.push(format!("path `{text}`: {problem}")),
            }
        }
        let template = Self { segments };
        problems.extend(template.repeated_placeholder(text));
        if problems.is_empty() {
            Ok(template)
        } else {
            problems.dedup();
            Err(problems)
        }
    }

    /// This template followed by an operation's own.
    pub(crate) fn join(&self, operation: &Self) -> Self {
        let segments = [self.segments.as_slice(), &operation.segments].concat();
        Self { segments }
    }

    /// The placeholders in the order of the path.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = Placeholder<'_>> {
        self.segments.iter().filter_map(Segment::placeholder)
    }

    /// The template with the names taken out. Two operations with the same
    /// method and the same shape answer the same requests.
    pub(crate) fn shape(&self) -> String {
        self.write(|segment| match segment {
            Segment::Literal(text) => text.clone(),
            Segment::Param(_) => "{}".to_owned(),
            Segment::Rest(_) => "{*}".to_owned(),
        })
    }

    /// What a client appends to the address, piece by piece.
    pub(crate) fn pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        for segment in &self.segments {
            literal.push('/');
            match segment.placeholder() {
                Some(placeholder) => {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    pieces.push(Piece::Value(placeholder));
                }
                None => literal.push_str(&segment.to_string()),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        pieces
    }

    fn write(&self, segment_text: impl Fn(&Segment) -> String) -> String {
        self.segments.iter().fold(String::new(), |text, segment| {
            text + "/" + &segment_text(segment)
        })
    }

    fn repeated_placeholder(&self, text: &str) -> Option<String> {
        let mut seen: Vec<&str> = Vec::new();
        for placeholder in self.placeholders() {
            if seen.contains(&placeholder.name) {
                let name = placeholder.name;
                return Some(format!(
                    "path `{text}` has the placeholder `{{{name}}}` twice"
                ));
            }
            seen.push(placeholder.name);
        }
        None
    }
}

impl std::fmt::Display for PathTemplate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.write(ToString::to_string))
    }
}

impl std::fmt::Display for Segment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Literal(text) => formatter.write_str(text),
            Self::Param(name) => write!(formatter, "{{{name}}}"),
            Self::Rest(name) => write!(formatter, "{{*{name}}}"),
        }
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, String> {
        if text.contains('?') {
            check_literal(text)?;
        }
        if text.contains(['{', '}']) {
            return Self::parse_placeholder(text);
        }
        if let Some(name) = text.strip_prefix(':').filter(|name| is_name(name)) {
            return Err(format!("write `{{{name}}}` instead of `{text}`"));
        }
        if let Some(inner) = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')) {
            let name = inner.rsplit(':').next().unwrap_or(inner);
            return Err(format!("write `{{{name}}}` instead of `{text}`"));
        }
        if text == "*" {
            return Err("write `{*rest}` instead of `*`".to_owned());
        }
        check_literal(text)?;
        Ok(Self::Literal(text.to_owned()))
    }

    fn parse_placeholder(text: &str) -> Result<Self, String> {
        let is_balanced = text.matches('{').count() == text.matches('}').count()
            && text.find('{') < text.find('}');
        if !is_balanced {
            return Err(format!("unbalanced braces in `{text}`"));
        }
        let inner = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
            .filter(|inner| !inner.contains(['{', '}']))
            .ok_or_else(|| {
                format!(
                    "in `{text}` a placeholder is only a part of its segment; it must be the whole"
                )
            })?;
        if let Some((name, pattern)) = inner.split_once(':') {
            // `{name:pattern}` is how other frameworks write types and regular expressions.
            return Err(match pattern {
                "path" | ".*" | ".+" => format!("write `{{*{name}}}` instead of `{text}`"),
                _ => format!("write `{{{name}}}` instead of `{text}`; the type is the parameter's"),
            });
        }
        if let Some(name) = inner.strip_suffix("...") {
            return Err(format!("write `{{*{name}}}` instead of `{text}`"));
        }
        let (name, is_rest) = match inner.strip_prefix('*') {
            Some(name) => (name, true),
            None => (inner, false),
        };
        match name {
            "" => Err(format!("the placeholder `{text}` has no name")),
            _ if name.starts_with("r#") => Err(format!(
                "write `{{{}}}` instead of `{text}`: a placeholder needs no `r#`",
                &name[2..]
            )),
            _ if !is_name(name) => Err(format!(
                "`{name}` in `{text}` can't be the name of a parameter; use letters, digits and `_`"
            )),
            _ if is_rest => Ok(Self::Rest(name.to_owned())),
            _ => Ok(Self::Param(name.to_owned())),
        }
    }

    fn placeholder(&self) -> Option<Placeholder<'_>> {
        let (name, is_rest) = match self {
            Self::Literal(_) => return None,
            Self::Param(name) => (name, false),
            Self::Rest(name) => (name, true),
        };
        Some(Placeholder { name, is_rest })
    }
}

/// The characters of RFC 3986's `pchar`, and no segment that URL parsers drop.
fn check_literal(text: &str) -> Result<(), String> {
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' => {}
            '-' | '.' | '_' | '~' | '!' | '$' | '&' | '\'' | '(' | ')' | '*' | '+' | ',' | ';'
            | '=' | ':' | '@' => {}
            '%' => {
                let is_encoded = text
                    .as_bytes()
                    .get(index + 1..index + 3)
                    .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                if !is_encoded {
                    return Err("`%` must be followed by two hexadecimal digits".to_owned());
                }
                characters.nth(1);
            }
            '?' => {
                return Err(
                    "`?` begins the query, which is not part of the path; a parameter \
                     that the path does not name is a query parameter"
                        .to_owned(),
                );
            }
            '#' => return Err("`#` begins a fragment, which is never sent".to_owned()),
            _ => {
                return Err(format!(
                    "`{}` can't stand in a URL's path; percent-encode it",
                    character.escape_debug()
                ));
            }
        }
    }
    match text.to_ascii_lowercase().replace("%2e", ".").as_str() {
        "." | ".." => Err(format!("URL parsers drop the segment `{text}`")),
        _ => Ok(()),
    }
}

fn is_name(text: &str) -> bool {
    // `_` alone is no parameter's name.
    text != "_"
        && text
            .chars()
            .all(|character| character == '_' || character.is_ascii_alphanumeric())
        && !text.is_empty()
        && !text.starts_with(|character: char| character.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: PathPlace = PathPlace::Operation { has_prefix: false };

    fn template(text: &str) -> PathTemplate {
        PathTemplate::parse(text, OWN).expect("the path is correct")
    }

    #[track_caller]
    fn check_wrong(text: &str, expected: &str) {
        let problems = PathTemplate::parse(text, OWN).expect_err(text);
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{text}: {problems:?} do not contain {expected:?}"
        );
    }

    #[test]
    fn a_template_is_written_back_as_it_was() {
        for text in [
            "/",
            "/hello",
            "/hello/",
            "/v1/users/{id}",
            "/files/{*rest}",
            "/a/{b}/c/{d_2}",
            "/~x/a:b/@c/d%20e",
            "/.well-known/x",
        ] {
            assert_eq!(template(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        check_wrong("", "write \"/\"");
        check_wrong("hello", "must begin with `/`");
        check_wrong("/a//b", "empty segment");
        check_wrong("//", "empty segment");
        check_wrong("/a?b=c", "`?` begins the query");
        check_wrong("/a#b", "`#` begins a fragment");
        check_wrong("/a b", "` ` can't stand");
        check_wrong("/é", "percent-encode");
        check_wrong("/a%2", "two hexadecimal digits");
        check_wrong("/a%zz", "two hexadecimal digits");
        check_wrong("/a%é", "two hexadecimal digits");
        check_wrong("/a/../b", "drop the segment `..`");
        check_wrong("/a/./b", "drop the segment `.`");
        check_wrong("/%2e%2E", "drop the segment");
        check_wrong("/{id", "unbalanced");
        check_wrong("/id}", "unbalanced");
        check_wrong("/}id{", "unbalanced");
        check_wrong("/{}", "no name");
        check_wrong("/{*}", "no name");
        check_wrong("/{a-b}", "can't be the name");
        check_wrong("/{1a}", "can't be the name");
        check_wrong("/{_}", "can't be the name");
        check_wrong("/{r#type}", "write `{type}`");
        check_wrong("/{id}.json", "only a part of its segment");
        check_wrong("/{a}{b}", "only a part of its segment");
        check_wrong("/{a}/{a}", "`{a}` twice");
        check_wrong("/{*a}/b", "must be the last segment");
    }

    #[test]
    fn the_notations_of_other_frameworks_are_answered_with_ours() {
        check_wrong("/:id", "write `{id}` instead of `:id`");
        check_wrong("/<id>", "write `{id}`");
        check_wrong("/<int:id>", "write `{id}`");
        check_wrong("/*", "write `{*rest}`");
        check_wrong("/{id:.*}", "write `{*id}`");
        check_wrong("/{p:path}", "write `{*p}`");
        check_wrong("/{p:int}", "write `{p}`");
        check_wrong("/{p...}", "write `{*p}`");
    }

    #[test]
    fn several_mistakes_are_told_together() {
        let problems = PathTemplate::parse("/:a//{b", OWN).expect_err("the path is wrong");
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn a_prefix_may_be_empty_and_ends_without_a_slash() {
        let prefix = |text| PathTemplate::parse(text, PathPlace::Prefix);
        assert_eq!(prefix(""), Ok(PathTemplate::default()));
        assert_eq!(prefix("/v1"), Ok(template("/v1")));
        assert!(prefix("/v1/").is_err());
        assert!(prefix("/").is_err());
        assert!(prefix("/v1/{*x}").is_err());
        assert!(prefix("v1").is_err());
    }

    #[test]
    fn prefix_and_operation_are_joined() {
        let prefix = template("/v1/users");
        let own = |text| {
            PathTemplate::parse(text, PathPlace::Operation { has_prefix: true })
                .expect("the path is correct")
        };
        assert_eq!(prefix.join(&own("")).to_string(), "/v1/users");
        assert_eq!(prefix.join(&own("/")).to_string(), "/v1/users/");
        assert_eq!(prefix.join(&own("/{id}")).to_string(), "/v1/users/{id}");
    }

    #[test]
    fn the_shape_forgets_names_only() {
        assert_eq!(template("/a/{b}").shape(), template("/a/{c}").shape());
        assert_ne!(template("/a/{b}").shape(), template("/a/{*b}").shape());
        assert_ne!(template("/a/{b}").shape(), template("/a/b").shape());
    }

    #[test]
    fn pieces_are_what_a_client_writes() {
        let value = |name, is_rest| Piece::Value(Placeholder { name, is_rest });
        let literal = |text: &str| Piece::Literal(text.to_owned());
        assert_eq!(
            template("/v1/{a}/x/{*b}").pieces(),
            [
                literal("/v1/"),
                value("a", false),
                literal("/x/"),
                value("b", true)
            ]
        );
        assert_eq!(template("/").pieces(), [literal("/")]);
        assert_eq!(
            template("/{a}/x").pieces(),
            [literal("/"), value("a", false), literal("/x")]
        );
    }
}
