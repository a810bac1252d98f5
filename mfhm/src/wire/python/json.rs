//! A JSON decoder that agrees with CPython's: what it takes (`NaN`, doubled
//! keys, lone surrogates), where it stops, and the words it uses then, because
//! those words are part of the center's answers.
//!
//! It keeps its own stack, so that nesting costs heap and not stack.

use std::collections::HashMap;

use super::value::{Text, Value};

/// How deep lists and objects may be nested. Python has no such number, it runs
/// into its recursion limit; this is where the real center does.
const MAX_DEPTH: usize = 975;

/// Python refuses to convert longer integers.
const MAX_DIGITS: usize = 4300;

/// Why a text is not a JSON value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The grammar is broken at this code point.
    Syntax { message: &'static str, at: usize },
    /// Nested too deeply, or an integer with too many digits.
    Excessive,
}

/// Decodes one JSON value that takes up the whole of `text` (code points).
pub(super) fn parse(text: &[u32]) -> Result<Value, Failure> {
    let mut parser = Parser { text, at: 0 };
    parser.skip_space();
    let value = parser.value()?;
    parser.skip_space();
    if parser.at < text.len() {
        return parser.fail("Extra data", parser.at);
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a [u32],
    at: usize,
}

/// A list or an object that is not closed yet.
enum Open {
    List(Vec<Value>),
    /// `key` waits for its value.
    Dict {
        entries: Entries,
        key: Text,
    },
}

/// The entries of an object under construction.
#[derive(Default)]
struct Entries {
    entries: Vec<(Text, Value)>,
    places: HashMap<Text, usize>,
}

impl Entries {
    fn insert(&mut self, key: Text, value: Value) {
        if let Some(place) = self.places.get(&key) {
            self.entries[*place].1 = value;
        } else {
            self.places.insert(key.clone(), self.entries.len());
            self.entries.push((key, value));
        }
    }
}

impl Parser<'_> {
    fn value(&mut self) -> Result<Value, Failure> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let mut value = match self.peek() {
                Some('{' | '[') if open.len() >= MAX_DEPTH => return Err(Failure::Excessive),
                Some('{') => {
                    self.advance();
                    if self.take('}') {
                        Value::Dict(Vec::new())
                    } else {
                        let key = self.key()?;
                        open.push(Open::Dict {
                            entries: Entries::default(),
                            key,
                        });
                        continue;
                    }
                }
                Some('[') => {
                    self.advance();
                    if self.take(']') {
                        Value::List(Vec::new())
                    } else {
                        open.push(Open::List(Vec::new()));
                        continue;
                    }
                }
                _ => self.scalar()?,
            };
            // The value may be the last of its list, and that list the last of
            // its own, and so on.
            loop {
                let Some(innermost) = open.pop() else {
                    return Ok(value);
                };
                self.skip_space();
                match innermost {
                    Open::List(mut items) => {
                        items.push(value);
                        if self.take(']') {
                            value = Value::List(items);
                            continue;
                        }
                        self.comma()?;
                        open.push(Open::List(items));
                    }
                    Open::Dict { mut entries, key } => {
                        entries.insert(key, value);
                        if self.take('}') {
                            value = Value::Dict(entries.entries);
                            continue;
                        }
                        self.comma()?;
                        let key = self.key()?;
                        open.push(Open::Dict { entries, key });
                    }
                }
                break;
            }
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<Text, Failure> {
        if self.peek() != Some('"') {
            return self.fail("Expecting property name enclosed in double quotes", self.at);
        }
        let key = self.string()?;
        self.skip_space();
        if self.peek() != Some(':') {
            return self.fail("Expecting ':' delimiter", self.at);
        }
        self.advance();
        Ok(key)
    }

    fn comma(&mut self) -> Result<(), Failure> {
        if self.peek() != Some(',') {
            return self.fail("Expecting ',' delimiter", self.at);
        }
        self.advance();
        Ok(())
    }

    fn scalar(&mut self) -> Result<Value, Failure> {
        const NAMES: [(&str, Value); 6] = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        if self.peek() == Some('"') {
            return self.string().map(Value::Text);
        }
        for (name, value) in NAMES {
            let points = name.chars().map(u32::from);
            if self.text[self.at..]
                .iter()
                .copied()
                .take(name.len())
                .eq(points)
            {
                self.at += name.len();
                return Ok(value);
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<Value, Failure> {
        let start = self.at;
        let mut end = start + usize::from(self.peek() == Some('-'));
        let first_digit = end;
        match self.digits(end) {
            0 => return self.fail("Expecting value", start),
            // A number with a leading zero ends after it.
            _ if self.text[end] == u32::from('0') => end += 1,
            count => end += count,
        }
        let integer = start..end;
        let digits = end - first_digit;
        let mut is_float = false;
        if self.char(end) == Some('.') {
            let count = self.digits(end + 1);
            if count > 0 {
                is_float = true;
                end += 1 + count;
            }
        }
        if let Some('e' | 'E') = self.char(end) {
            let sign = usize::from(matches!(self.char(end + 1), Some('+' | '-')));
            let count = self.digits(end + 1 + sign);
            if count > 0 {
                is_float = true;
                end += 1 + sign + count;
            }
        }
        self.at = end;
        let ascii = |range: std::ops::Range<usize>| -> String {
            self.text[range]
                .iter()
                .filter_map(|point| char::from_u32(*point))
                .collect()
        };
        if is_float {
            let number = ascii(start..end).parse();
            return Ok(Value::Float(number.expect("JSON's floats are Rust's")));
        }
        if digits > MAX_DIGITS {
            return Err(Failure::Excessive);
        }
        let mut number = ascii(integer);
        if number == "-0" {
            number.remove(0);
        }
        Ok(Value::Int(number))
    }

    /// A text, from its opening quote to its closing one.
    fn string(&mut self) -> Result<Text, Failure> {
        const UNTERMINATED: &str = "Unterminated string starting at";
        let begin = self.at;
        self.at += 1;
        let mut text = Text::default();
        loop {
            let Some(&point) = self.text.get(self.at) else {
                return self.fail(UNTERMINATED, begin);
            };
            match char::from_u32(point) {
                Some('"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => {
                    self.at += 1;
                    if self.at == self.text.len() {
                        return self.fail(UNTERMINATED, begin);
                    }
                    text.push(self.escape()?);
                }
                Some('\0'..='\x1f') => return self.fail("Invalid control character at", self.at),
                _ => {
                    text.push(point);
                    self.at += 1;
                }
            }
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<u32, Failure> {
        let plain = match self.peek() {
            Some(same @ ('"' | '\\' | '/')) => same,
            Some('b') => '\x08',
            Some('f') => '\x0c',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode_escape(),
            _ => return self.fail("Invalid \\escape", self.at - 1),
        };
        self.at += 1;
        Ok(plain.into())
    }

    fn unicode_escape(&mut self) -> Result<u32, Failure> {
        let high = self.four_digits(self.at)?;
        self.at += 5;
        let second = self.at;
        let is_pair = (0xd800..0xdc00).contains(&high)
            && self.char(second) == Some('\\')
            && self.char(second + 1) == Some('u');
        if is_pair {
            let low = self.four_digits(second + 1)?;
            if (0xdc00..0xe000).contains(&low) {
                self.at += 6;
                return Ok(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            }
        }
        Ok(high)
    }

    /// The number behind the `u` at `place`; a text never ends with it.
    fn four_digits(&self, place: usize) -> Result<u32, Failure> {
        const INVALID: &str = "Invalid \\uXXXX escape";
        if place + 5 >= self.text.len() {
            return self.fail(INVALID, place);
        }
        self.text[place + 1..place + 5]
            .iter()
            .try_fold(0, |number, point| {
                match char::from_u32(*point).and_then(|digit| digit.to_digit(16)) {
                    Some(digit) => Ok(number << 4 | digit),
                    None => self.fail(INVALID, place),
                }
            })
    }

    /// How many ASCII digits stand at `place`.
    fn digits(&self, place: usize) -> usize {
        let rest = self.text.get(place..).unwrap_or_default();
        let is_digit = |point: &&u32| (u32::from('0')..=u32::from('9')).contains(*point);
        rest.iter().take_while(is_digit).count()
    }

    /// Takes a single character, then.
    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Steps over the current character and the space behind it.
    fn advance(&mut self) {
        self.at += 1;
        self.skip_space();
    }

    fn skip_space(&mut self) {
        while let Some(' ' | '\t' | '\n' | '\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.char(self.at)
    }

    /// The character at `place`; a surrogate is none that the grammar knows.
    fn char(&self, place: usize) -> Option<char> {
        self.text.get(place).copied().and_then(char::from_u32)
    }

    fn fail<T>(&self, message: &'static str, at: usize) -> Result<T, Failure> {
        Err(Failure::Syntax { message, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, Failure> {
        parse(&text.chars().map(u32::from).collect::<Vec<_>>())
    }

    fn error(text: &str) -> (&'static str, usize) {
        match read(text) {
            Err(Failure::Syntax { message, at }) => (message, at),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn reads_values() {
        let int = |digits: &str| Value::Int(digits.into());
        assert_eq!(
            read(" [1 , -0,\n2.5e1] "),
            Ok(Value::List(vec![int("1"), int("0"), Value::Float(25.0)]))
        );
        assert_eq!(
            read(r#"{"a": 1, "b": {}, "a": [[]]}"#),
            Ok(Value::Dict(vec![
                ("a".into(), Value::List(vec![Value::List(vec![])])),
                ("b".into(), Value::Dict(vec![])),
            ]))
        );
        assert_eq!(
            read(r#""\u0041\n\ud83d\ude00""#),
            Ok(Value::Text("A\n😀".into()))
        );
        assert_eq!(read("-Infinity"), Ok(Value::Float(f64::NEG_INFINITY)));
    }

    #[test]
    fn remembers_lone_surrogates() {
        let Ok(Value::Text(text)) = read(r#""\ud800\u0041""#) else {
            panic!()
        };
        assert_eq!(text.as_str(), None);
    }

    #[test]
    fn says_where_it_stopped() {
        assert_eq!(error("{\"a\" 1}"), ("Expecting ':' delimiter", 5));
        assert_eq!(error("[1,]"), ("Expecting value", 3));
        assert_eq!(error("[-]"), ("Expecting value", 1));
        assert_eq!(error("01"), ("Extra data", 1));
        assert_eq!(error("\"\\u12"), ("Invalid \\uXXXX escape", 2));
        assert_eq!(error("\"\\ud800\\u00zz\""), ("Invalid \\uXXXX escape", 8));
    }

    #[test]
    fn limits_depth_and_digits() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(Failure::Excessive));
        assert_eq!(read(&"[".repeat(1_000_000)), Err(Failure::Excessive));
        assert!(read(&"9".repeat(MAX_DIGITS)).is_ok());
        assert_eq!(
            read(&format!("-{}", "9".repeat(MAX_DIGITS + 1))),
            Err(Failure::Excessive)
        );
    }
}
