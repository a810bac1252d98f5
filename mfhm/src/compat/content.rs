//! What a body may be, by content type.

use std::collections::BTreeSet;

use serde_json::Value;

use super::schema::{self, Side};
use super::{Changes, Documents};

/// The body of a request or of an answer, before and after.
pub(super) struct Body<'a> {
    pub(super) side: Side,
    pub(super) subject: &'a str,
    /// What has the member `content`.
    pub(super) old: &'a Value,
    pub(super) new: &'a Value,
}

/// Compares what stands under each content type.
pub(super) fn compare(body: &Body<'_>, documents: Documents<'_>, changes: &mut Changes) {
    let Body {
        side,
        subject,
        old,
        new,
    } = *body;
    let (old_types, new_types) = (types(old), types(new));
    let is_covered = |name: &str, by: &BTreeSet<&str>| by.iter().any(|range| covers(range, name));
    for name in old_types.difference(&new_types) {
        let what = format!("{subject} is not {name} any more");
        if side == Side::Request && is_covered(name, &new_types) {
            // Told below, of the range.
        } else if side == Side::Answer && new_types.iter().any(|is| covers(name, is)) {
            let reason = "it is one of those that callers take";
            changes.compatible(what, reason);
        } else {
            changes.breaking(what, "callers are written for it");
        }
    }
    for name in new_types.difference(&old_types) {
        let what = format!("{subject} may be {name}");
        match side {
            Side::Request => changes.compatible(what, "callers send what they sent before"),
            Side::Answer if is_covered(name, &old_types) => {}
            Side::Answer => changes.breaking(what, "callers cannot read it"),
        }
    }
    for name in old_types.intersection(&new_types) {
        let (old, new) = (&old["content"][name], &new["content"][name]);
        let schemas = (&old["schema"], &new["schema"]);
        schema::compare(side, subject, schemas, documents, changes);
        let items = match (item(old), item(new)) {
            (None, None) => continue,
            (Some(old), Some(new)) => (old, new),
            (None, Some(_)) => {
                let what = format!("the items of {subject} are described now");
                changes.compatible(what, "callers were promised nothing before");
                continue;
            }
            (Some(_), None) => {
                let what = format!("the items of {subject} are not described any more");
                changes.breaking(what, "callers rely on what they are");
                continue;
            }
        };
        let subject = format!("an item of {subject}");
        schema::compare(side, &subject, items, documents, changes);
    }
}

/// The schema of each part of a streamed body: mfhm's word for it, or that of
/// OpenAPI 3.2.
fn item(media: &Value) -> Option<&Value> {
    media.get("x-mfhm-item").or_else(|| media.get("itemSchema"))
}

fn types(holder: &Value) -> BTreeSet<&str> {
    let content = holder["content"].as_object().into_iter().flatten();
    content.map(|(name, _)| name.as_str()).collect()
}

/// Whether a content type is in a range such as `text/*`.
fn covers(range: &str, name: &str) -> bool {
    match range.strip_suffix("/*") {
        Some("*") => true,
        Some(kind) => name.split('/').next() == Some(kind),
        None => false,
    }
}
