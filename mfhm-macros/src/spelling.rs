//! What somebody may have meant who wrote a word that isn't known.

/// The known word that is nearest to `word`, if any is near: one letter off, or
/// two in longer words.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = if word.len() < 5 { 1 } else { 2 };
    let candidates = known.into_iter().filter(|known| *known != word);
    candidates
        .map(|known| (distance(word, known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// How many letters have to be added, taken away, replaced or swapped with the
/// next one.
fn distance(first: &str, second: &str) -> usize {
    let (first, second): (Vec<char>, Vec<char>) =
        (first.chars().collect(), second.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=second.len()).collect()];
    for (i, a) in first.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in second.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == second[j - 1] && first[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let known = ["header", "query", "body", "get", "idempotent"];
        for (word, meant) in [
            ("heder", Some("header")),
            ("querry", Some("query")),
            ("qurey", Some("query")),
            ("gett", Some("get")),
            ("idempotant", Some("idempotent")),
            ("bod", Some("body")),
            ("bdoy", Some("body")),
            ("json", None),
            ("set", Some("get")),
            ("header", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }
}
