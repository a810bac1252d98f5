//! A service with one of everything that a document can say, whose types have
//! schemas.

use std::collections::BTreeMap;
use std::sync::Mutex;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Books and their readers.
#[mfhm::client(service = "library", path = "/v1")]
pub(crate) trait Library {
    /// Lists books.
    ///
    /// The newest first, `limit` of them at most.
    #[get("/books")]
    async fn books(&self, limit: Option<u8>, tag: Vec<String>, order: Option<Order>) -> Vec<Book>;

    /// Finds one book.
    #[get("/books/{id}")]
    async fn book(&self, id: u64) -> Result<Book, LibraryError>;

    /// Adds a book.
    #[post("/books")]
    #[idempotent]
    async fn add(
        &self,
        book: &NewBook,
        #[header("x-reader")] reader: Option<&str>,
    ) -> Result<Book, LibraryError>;

    /// Removes a book. It is no mistake when there is none.
    #[delete("/books/{id}")]
    async fn remove(&self, id: u64);

    /// Counts words.
    #[post("/count")]
    async fn count(&self, text: &str) -> BTreeMap<String, u32>;

    /// Adds numbers up, if there are any.
    #[deprecated(note = "add them up yourself")]
    #[get("/sum/{first}")]
    async fn sum(&self, first: i32, more: Option<i32>, negative: bool) -> Sum;

    /// Whatever lies below a path.
    #[get("/shelves/{*place}")]
    async fn shelf(&self, place: &str, #[header("x-floor")] floor: Vec<u16>) -> Shelf;

    /// What has no schema is anything.
    #[put("/notes/{name}")]
    async fn note(&self, name: &str, note: serde_json::Map<String, serde_json::Value>) -> Note;
}

/// A book.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Book {
    /// Its number.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// Its parts, which are books.
    pub parts: Vec<Book>,
    /// How it is bound.
    pub binding: Binding,
}

/// A book that has no number yet.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct NewBook {
    /// Its title.
    pub title: String,
    /// How it is bound.
    #[serde(default)]
    pub binding: Binding,
}

/// How a book is bound.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Binding {
    /// Between boards.
    Hard {
        /// What the boards are covered with.
        cover: Option<String>,
    },
    /// In paper.
    #[default]
    Soft,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// By number.
    Number,
    /// By title.
    Title,
}

/// A sum.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Sum {
    /// The sum.
    pub sum: i64,
}

/// A place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Shelf {
    /// Its path.
    pub place: String,
    /// The floors.
    pub floors: Vec<u16>,
}

/// A type without a schema.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    /// How many fields it has.
    pub fields: usize,
}

/// Why there is no book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, mfhm::ApiError)]
pub(crate) enum LibraryError {
    /// No book has this number.
    #[error("no book {id}")]
    #[status(404)]
    NoBook {
        /// The number asked for.
        id: u64,
    },
    /// A book of this title is there.
    #[error("there is a book of this title")]
    #[status(409)]
    TitleTaken,
    /// The shelves are full.
    #[error("the shelves are full")]
    #[status(409)]
    Full,
}

/// Keeps its books in memory.
#[derive(Debug, Default)]
pub(crate) struct InMemory {
    books: Mutex<BTreeMap<u64, Book>>,
}

#[mfhm::service]
impl Library for InMemory {
    async fn books(&self, limit: Option<u8>, _tag: Vec<String>, order: Option<Order>) -> Vec<Book> {
        let mut books: Vec<_> = self.books().values().rev().cloned().collect();
        match order {
            Some(Order::Title) => books.sort_by(|a, b| a.title.cmp(&b.title)),
            Some(Order::Number) => books.reverse(),
            None => {}
        }
        books.truncate(limit.map_or(usize::MAX, usize::from));
        books
    }

    async fn book(&self, id: u64) -> Result<Book, LibraryError> {
        let book = self.books().get(&id).cloned();
        book.ok_or(LibraryError::NoBook { id })
    }

    async fn add(&self, new: &NewBook, _reader: Option<&str>) -> Result<Book, LibraryError> {
        let mut books = self.books();
        if books.values().any(|book| book.title == new.title) {
            return Err(LibraryError::TitleTaken);
        }
        if books.len() == 1000 {
            return Err(LibraryError::Full);
        }
        let book = Book {
            id: books.last_key_value().map_or(1, |(last, _)| last + 1),
            title: new.title.clone(),
            parts: Vec::new(),
            binding: new.binding.clone(),
        };
        books.insert(book.id, book.clone());
        Ok(book)
    }

    async fn remove(&self, id: u64) {
        self.books().remove(&id);
    }

    async fn count(&self, text: &str) -> BTreeMap<String, u32> {
        let mut counted = BTreeMap::new();
        for word in text.split_whitespace() {
            *counted.entry(word.to_owned()).or_insert(0) += 1;
        }
        counted
    }

    async fn sum(&self, first: i32, more: Option<i32>, negative: bool) -> Sum {
        let sum = i64::from(first) + i64::from(more.unwrap_or_default());
        Sum {
            sum: if negative { -sum } else { sum },
        }
    }

    async fn shelf(&self, place: &str, floors: Vec<u16>) -> Shelf {
        Shelf {
            place: place.to_owned(),
            floors,
        }
    }

    async fn note(&self, _name: &str, note: serde_json::Map<String, serde_json::Value>) -> Note {
        Note { fields: note.len() }
    }
}

impl InMemory {
    fn books(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Book>> {
        self.books.lock().expect("nothing panics while it is held")
    }
}
