use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};

use super::{Multipart, MultipartError, Part};
use crate::api_error::ApiError as _;
use crate::stream::ByteStream;

fn received(body: impl Into<ByteStream>) -> Multipart {
    Multipart::received(body.into(), "b".to_owned())
}

/// The parts as texts, or the first error.
async fn read(mut form: Multipart) -> Result<Vec<(String, String)>, MultipartError> {
    let mut parts = Vec::new();
    while let Some(mut part) = form.next().await? {
        parts.push((part.name().to_owned(), part.text().await?));
    }
    Ok(parts)
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

const TWO: &str = "preamble\r\n--b \t\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                   --b\r\ncontent-disposition: form-data; name=c\r\n\r\n--b\r\r\n2\r\n--b--\r\nepilogue";

#[tokio::test]
async fn chunks_may_be_cut_anywhere() {
    for size in 1..TWO.len() {
        let chunks = TWO.as_bytes().chunks(size).map(Bytes::copy_from_slice);
        let chunks: Vec<_> = chunks.collect();
        let form = received(ByteStream::new(stream::iter(chunks)));
        let parts = read(form).await.unwrap();
        assert_eq!(parts, [pair("a", "1"), pair("c", "--b\r\r\n2")], "{size}");
    }
}

#[tokio::test]
async fn every_prefix_is_an_error() {
    let end = TWO.find("--b--").unwrap() + 5;
    for length in 0..end {
        let error = read(received(&TWO[..length])).await.unwrap_err();
        assert_eq!(error.status(), 400, "{length}: {error}");
    }
    read(received(&TWO[..end])).await.unwrap();
}

#[tokio::test]
async fn what_is_malformed_is_said() {
    let endless = "--b\r\nx: ".to_owned() + &"y".repeat(200_000);
    let chunks: Vec<_> = endless
        .as_bytes()
        .chunks(1000)
        .map(Bytes::copy_from_slice)
        .collect();
    for (form, says) in [
        (
            received("--b\r\n\r\n\r\n1\r\n--b--"),
            "a part without a name",
        ),
        (
            received("--b\r\nx\r\n\r\n1\r\n--b--"),
            "headers are malformed",
        ),
        (received("--b?\r\n\r\n1\r\n--b--"), "closing boundary"),
        (
            received(ByteStream::new(stream::iter(chunks))),
            "within 64 KiB",
        ),
        (
            received(ByteStream::try_new(stream::iter(
                [Ok("--b"), Err("gone")].map(|c| c.map(Bytes::from)),
            ))),
            "broke off",
        ),
    ] {
        let error = read(form).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\u{0}";
    let mut form = received([body.as_bytes(), b"\xff\r\n--b--"].concat());
    let error = form
        .next()
        .await
        .unwrap()
        .unwrap()
        .text()
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the part `a` is not UTF-8");
    // The form can be read on.
    assert!(form.next().await.unwrap().is_none());
    let mut form = received(body);
    form.next().await.unwrap();
    let error = form.next().await.unwrap_err();
    assert_eq!(
        (error.part(), &form.next().await.unwrap_err()),
        (Some("a"), &error)
    );
}

/// However many parts a body has, and however fast it comes, no more of it is
/// taken than its reader needs.
#[tokio::test]
async fn a_body_is_taken_as_it_is_read() {
    const PART: &str = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = taken.clone();
    let chunk = Bytes::from(PART.repeat(100));
    let length = chunk.len();
    let chunks = stream::repeat_with(move || {
        counter.fetch_add(length, Ordering::Relaxed);
        chunk.clone()
    });
    let mut form = received(ByteStream::new(chunks));
    for count in 1..10_000 {
        form.next().await.unwrap().unwrap().text().await.unwrap();
        let ahead = taken.load(Ordering::Relaxed) - count * PART.len();
        assert!(
            ahead <= 2 * length,
            "{ahead} bytes ahead after {count} parts"
        );
    }
}

#[tokio::test]
async fn what_is_encoded_is_decoded() {
    let made = || {
        let chunks = ["\r\n--", "", "x"].map(Bytes::from);
        Multipart::new()
            .text("", "")
            .part("q\"\r\nü", Part::new("1").with_file_name("a b;\"c\".png"))
            .part("s", ByteStream::new(stream::iter(chunks)))
    };
    let (content_type, body) = made().encode().unwrap();
    assert_eq!(body.length(), None);
    let boundary = multer::parse_boundary(content_type.to_str().unwrap()).unwrap();
    let parts = read(Multipart::received(body, boundary)).await.unwrap();
    let expected = [pair("", ""), pair("q\"\r\nü", "1"), pair("s", "\r\n--x")];
    assert_eq!(parts, expected);
    assert_eq!(read(made()).await.unwrap(), expected);

    let (_, body) = Multipart::new().text("a", "b").encode().unwrap();
    let length = body.length().unwrap();
    assert_eq!(body.read_to_end(1000).await.unwrap().len() as u64, length);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    for (name, file_name, content_type) in [
        ("a\\", "f", "t"),
        ("a", "f\\", "t"),
        ("a\u{1}", "f", "t"),
        ("a", "f", "t\r\nx: y"),
    ] {
        let part = Part::new("")
            .with_file_name(file_name)
            .with_content_type(content_type);
        assert!(Multipart::new().part(name, part).encode().is_err());
    }
    assert!(received("").text("a", "b").encode().is_err());
}

#[tokio::test]
async fn a_part_that_was_left_cannot_be_read() {
    let mut made = Multipart::new().text("a", "1").text("b", "2");
    let mut came = received(TWO);
    for form in [&mut made, &mut came] {
        let mut first = form.next().await.unwrap().unwrap();
        form.next().await.unwrap().unwrap();
        let error = first.text().await.unwrap_err();
        assert!(
            error.to_string().starts_with("the part `a` was left"),
            "{error}"
        );
    }
}

/// Its reader may be another task, which waits while the form goes on.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_part_that_is_left_is_told() {
    // The rest of the part comes only when its reader waits.
    let (sender, rest) = tokio::sync::oneshot::channel();
    let (begin, end) = TWO.split_at(TWO.find("1\r\n").unwrap());
    let body = stream::once(async move { Bytes::from(begin) });
    let rest = stream::once(async move {
        rest.await.unwrap();
        Bytes::from(end)
    });
    let mut form = received(ByteStream::new(body.chain(rest)));
    let mut first = form.next().await.unwrap().unwrap();
    let reader = tokio::spawn(async move { first.text().await });
    tokio::task::yield_now().await;
    let next = tokio::spawn(async move { form.next().await.map(|part| part.is_some()) });
    tokio::task::yield_now().await;
    sender.send(()).unwrap();
    assert_eq!(next.await.unwrap(), Ok(true));
    let told = tokio::time::timeout(std::time::Duration::from_secs(60), reader).await;
    let error = told.expect("the reader hangs").unwrap().unwrap_err();
    assert!(
        error.to_string().starts_with("the part `a` was left"),
        "{error}"
    );
}
