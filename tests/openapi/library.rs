//! A service with one of everything that a document can say, whose types have
//! schemas.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures_util::stream;
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

    /// Finds books. The header `x-total` says how many there are.
    #[get("/search")]
    async fn search(
        &self,
        #[query(flatten)] filter: &Filter,
        #[cookie("reader")] reader: Option<u32>,
    ) -> mfhm::Headed<Vec<Book>>;

    /// Lends a book.
    #[post("/loans")]
    #[status(201)]
    async fn lend(&self, #[form] loan: &Loan) -> Result<Receipt, LibraryError>;

    /// What is printed on the cover.
    #[get("/books/{id}/cover")]
    async fn cover(&self, id: u64) -> Result<mfhm::Raw, LibraryError>;

    /// Takes a scan of any kind.
    #[put("/scans/{name}")]
    #[body_limit(4096)]
    async fn scan(&self, name: &str, #[body(bytes)] scan: &[u8]) -> Sum;

    /// Gives back what it gets, while it comes.
    #[post("/copies")]
    #[body_limit(4096)]
    async fn copy(&self, #[body(stream)] pages: mfhm::ByteStream) -> mfhm::ByteStream;

    /// The titles, one a line.
    #[get("/titles")]
    async fn titles(&self) -> mfhm::Lines<Title>;

    /// What is new, event by event.
    #[get("/news")]
    #[resume]
    async fn news(&self, #[header("last-event-id")] last: Option<u8>) -> mfhm::Events<Title>;
}

/// Which books are looked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Filter {
    /// What the title has in it.
    pub part: String,
    /// Numbers, of which the book has one.
    #[serde(default)]
    pub id: Vec<u64>,
    /// How many at most.
    pub most: Option<u8>,
}

/// A loan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Loan {
    /// The book's number.
    pub book: u64,
    /// Who takes it.
    pub reader: String,
    /// For how many days; two weeks unless something else is said.
    pub days: Option<u8>,
}

/// A receipt.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Receipt {
    /// For how many days the book may stay away.
    pub days: u8,
}

/// A title.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Title {
    /// The title.
    pub title: String,
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
    /// Somebody has it.
    #[error("{by} has it")]
    #[status(409)]
    Lent {
        /// Who has it.
        by: String,
        /// For how many days yet.
        days: Option<u8>,
    },
    /// The shelves are full.
    #[error("the shelves are full")]
    #[status(409)]
    Full,
}

/// Keeps its books in memory.
#[derive(Debug, Default)]
pub(crate) struct InMemory {
    books: Mutex<BTreeMap<u64, Book>>,
    loans: Mutex<BTreeMap<u64, Loan>>,
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

    async fn search(&self, filter: &Filter, _reader: Option<u32>) -> mfhm::Headed<Vec<Book>> {
        let books = self.books();
        let fits = |book: &&Book| {
            book.title.contains(&filter.part)
                && (filter.id.is_empty() || filter.id.contains(&book.id))
        };
        let mut found: Vec<_> = books.values().filter(fits).cloned().collect();
        let total = found.len();
        found.truncate(filter.most.map_or(usize::MAX, usize::from));
        mfhm::Headed::new(found)
            .header(mfhm::http::HeaderName::from_static("x-total"), total.into())
    }

    async fn lend(&self, loan: &Loan) -> Result<Receipt, LibraryError> {
        if !self.books().contains_key(&loan.book) {
            return Err(LibraryError::NoBook { id: loan.book });
        }
        let mut loans = self.loans.lock().expect("nothing panics while it is held");
        if let Some(other) = loans.get(&loan.book) {
            return Err(LibraryError::Lent {
                by: other.reader.clone(),
                days: other.days,
            });
        }
        loans.insert(loan.book, loan.clone());
        Ok(Receipt {
            days: loan.days.unwrap_or(14),
        })
    }

    async fn cover(&self, id: u64) -> Result<mfhm::Raw, LibraryError> {
        let title = self.books().get(&id).map(|book| book.title.clone());
        let title = title.ok_or(LibraryError::NoBook { id })?;
        Ok(mfhm::Raw::new("text/plain; charset=utf-8", title))
    }

    async fn scan(&self, _name: &str, scan: &[u8]) -> Sum {
        Sum {
            sum: i64::try_from(scan.len()).unwrap_or(i64::MAX),
        }
    }

    async fn copy(&self, pages: mfhm::ByteStream) -> mfhm::ByteStream {
        pages
    }

    async fn titles(&self) -> mfhm::Lines<Title> {
        mfhm::Lines::new(stream::iter(self.all_titles()))
    }

    async fn news(&self, last: Option<u8>) -> mfhm::Events<Title> {
        let titles = self.all_titles().into_iter().zip(0_u8..=u8::MAX);
        let fresh = titles.filter(move |(_, id)| last.is_none_or(|last| *id > last));
        let events = fresh.map(|(title, id)| mfhm::Event::new(title).id(id.to_string()));
        mfhm::Events::new(stream::iter(events.collect::<Vec<_>>()))
    }
}

impl InMemory {
    fn all_titles(&self) -> Vec<Title> {
        let books = self.books();
        let titles = books.values().map(|book| Title {
            title: book.title.clone(),
        });
        titles.collect()
    }

    fn books(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Book>> {
        self.books.lock().expect("nothing panics while it is held")
    }
}
