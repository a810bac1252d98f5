//! What surrounds an operation: `#[timeout("5s")]` and `#[layer(…)]`, and the
//! attributes that stand on a whole trait or impl and hold for each operation in
//! it.

use proc_macro2::Span;
use syn::{Attribute, Expr, LitStr};

use super::operation::{BodyLimit, OperationAttrs};
use crate::diag::Diagnostics;

/// A day: whoever waits longer than that is not waiting for an answer.
const LONGEST: u64 = 24 * 60 * 60 * 1000;

/// `#[timeout("250ms")]`: how long an operation may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeout {
    pub(crate) millis: u64,
    pub(crate) span: Span,
}

/// `#[layer(expression)]`: a tower layer around an operation or a service.
#[derive(Clone)]
pub(crate) struct LayerAttr {
    /// `None` after a mistake.
    pub(crate) expression: Option<Expr>,
    pub(crate) span: Span,
}

/// What is written on a trait, an impl, a struct or a module for all of it.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) timeout: Option<Timeout>,
    pub(crate) idempotent: Option<Span>,
    pub(crate) body_limit: Option<BodyLimit>,
    pub(crate) layers: Vec<LayerAttr>,
}

impl Timeout {
    pub(super) fn read(attribute: &Attribute, span: Span, diag: &mut Diagnostics) -> Self {
        let Ok(literal) = attribute.parse_args::<LitStr>() else {
            let message = "`#[timeout]` needs a time with its unit, as a string\n\
                           help: write `#[timeout(\"5s\")]`";
            // At what was written in place of it, if anything was.
            match attribute.meta.require_list() {
                Ok(list) if !list.tokens.is_empty() => diag.error_at(&list.tokens, message),
                _ => diag.error(span, message),
            }
            return Self { millis: 0, span };
        };
        let millis = parse_time(&literal.value()).unwrap_or_else(|problem| {
            diag.error(literal.span(), problem);
            0
        });
        Self { millis, span }
    }
}

/// Milliseconds, or what is wrong.
fn parse_time(text: &str) -> Result<u64, String> {
    const EXAMPLES: &str =
        "help: write a whole number and a unit, such as \"250ms\", \"5s\" or \"2m\"";
    if text.starts_with('-') {
        return Err(format!("a time-out can't be negative\n{EXAMPLES}"));
    }
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if number.is_empty() {
        return Err(format!("`{text}` is no time\n{EXAMPLES}"));
    }
    let factor = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" => {
            return Err(format!(
                "`{text}` has no unit\nhelp: write \"{text}s\" or \"{text}ms\""
            ));
        }
        fraction if fraction.starts_with('.') => {
            return Err(format!(
                "`{text}` is not a whole number\n\
                 help: write it in a smaller unit, such as \"1500ms\" for 1.5 s"
            ));
        }
        other => {
            return Err(format!(
                "`{other}` is no unit of time\nhelp: write `ms`, `s`, `m` or `h` right behind the number"
            ));
        }
    };
    let millis = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    match millis {
        Some(0) => Err("a time-out of zero lets no request through\n\
                        help: write a longer time, or remove `#[timeout]`"
            .to_owned()),
        Some(millis) if millis <= LONGEST => Ok(millis),
        _ => Err(format!("`{text}` is too long\nhelp: write at most \"24h\"")),
    }
}

impl LayerAttr {
    pub(super) fn read(attribute: &Attribute, span: Span, diag: &mut Diagnostics) -> Self {
        let expression = attribute.parse_args::<Expr>().ok();
        if expression.is_none() {
            diag.error(
                span,
                "`#[layer]` needs one expression, whose value is a tower layer\n\
                 help: write `#[layer(SomeLayer::new())]`, and one `#[layer]` for each layer",
            );
        }
        Self { expression, span }
    }
}

impl Shared {
    /// What the attributes of an item say for everything in it.
    pub(crate) fn read(attributes: &[Attribute], diag: &mut Diagnostics) -> Self {
        let attrs = OperationAttrs::split(attributes, diag);
        let of_one = [
            ("#[status]", attrs.success.map(|success| success.span)),
            ("#[resume]", attrs.resume),
        ];
        for (name, span) in of_one {
            if let Some(span) = span {
                let message = format!(
                    "`{name}` is said of one operation\n\
                     help: write it below the operation's `#[get(…)]` or its like"
                );
                diag.error(span, message);
            }
        }
        Self {
            timeout: attrs.timeout,
            idempotent: attrs.idempotent,
            body_limit: attrs.body_limit,
            layers: attrs.layers,
        }
    }

    /// Refuses what can't be said at this place, for the reason in `why`.
    pub(crate) fn refuse_all_but_layers(&self, why: &str, diag: &mut Diagnostics) {
        let refused = [
            ("#[timeout]", self.timeout.map(|timeout| timeout.span)),
            ("#[idempotent]", self.idempotent),
            ("#[body_limit]", self.body_limit.map(|limit| limit.span)),
        ];
        for (name, span) in refused {
            if let Some(span) = span {
                diag.error(span, format!("`{name}` can't stand here: {why}"));
            }
        }
    }
}

impl OperationAttrs {
    /// Fills in what is said for all operations, where this one says nothing.
    pub(crate) fn or(mut self, shared: &Shared) -> Self {
        self.timeout = self.timeout.or(shared.timeout);
        self.idempotent = self.idempotent.or(shared.idempotent);
        let limit = shared.body_limit.map(|limit| BodyLimit {
            is_shared: true,
            ..limit
        });
        self.body_limit = self.body_limit.or(limit);
        self
    }
}

/// The expressions of layers, the outermost first.
pub(crate) fn expressions(layers: &[LayerAttr]) -> Vec<Expr> {
    let written = layers.iter().map(|layer| layer.expression.clone());
    written.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_their_units() {
        for (text, millis) in [
            ("1ms", 1),
            ("250ms", 250),
            ("5s", 5000),
            ("2m", 120_000),
            ("24h", LONGEST),
            ("007s", 7000),
        ] {
            assert_eq!(parse_time(text), Ok(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_explained() {
        for (text, why) in [
            ("5", "has no unit"),
            ("0s", "of zero"),
            ("-5s", "can't be negative"),
            ("25h", "too long"),
            ("99999999999999999999s", "too long"),
            ("18446744073709551615h", "too long"),
            ("1.5s", "\"1500ms\" for 1.5 s"),
            ("5 s", "right behind the number"),
            ("5sec", "`sec` is no unit"),
            ("5S", "`S` is no unit"),
            ("", "is no time"),
            ("soon", "is no time"),
        ] {
            let problem = parse_time(text).unwrap_err();
            assert!(problem.contains(why), "{text}: {problem}");
        }
    }
}
