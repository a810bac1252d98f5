//! A center whose tokens are lost.

use super::*;
use crate::center::tokens::{IssuedToken, Scope, TokenGrant, Tokens};

fn issue(dir: &Path) -> IssuedToken {
    let grant = TokenGrant::new(Scope::Read);
    Tokens::in_dir(dir).issue(grant).unwrap()
}

/// Ran with a token, until that is on disk.
async fn ran_with_a_token(dir: &Path, is_late: bool) {
    if !is_late {
        issue(dir);
    }
    let center = builder(dir).start().await.unwrap();
    if is_late {
        assert!(get(center.addr(), "/v1/services").await.contains("200 OK"));
        issue(dir);
    }
    let remembered = async {
        loop {
            let stored = center.store.snapshot().await.unwrap();
            if stored.marks.contains("tokens") {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), remembered).await;
    waited.expect("it is remembered that there are tokens");
    center.stop().await;
}

async fn refusal(builder: CenterBuilder) -> String {
    builder.start().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_center_whose_tokens_are_lost_does_not_start_open() {
    for is_late in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        ran_with_a_token(dir, is_late).await;
        let file = Tokens::in_dir(dir).file();
        std::fs::remove_file(&file).unwrap();
        for builder in [builder(dir), builder(dir).host("0.0.0.0").insecure(true)] {
            let said = refusal(builder).await;
            assert!(said.contains(&file.display().to_string()), "{said}");
            assert!(
                said.contains("mfhm token new") && said.contains("--forget-tokens"),
                "{said}"
            );
        }
        // With new ones it is as before, and so it is with the key.
        issue(dir);
        let center = builder(dir).start().await.unwrap();
        assert!(get(center.addr(), "/v1/services").await.contains(" 401 "));
        center.stop().await;
        std::fs::remove_file(&file).unwrap();
        let center = builder(dir).key_auth(true).start().await.unwrap();
        assert!(get(center.addr(), "/v1/services").await.contains(" 401 "));
        center.stop().await;
        assert!(refusal(builder(dir)).await.contains("--forget-tokens"));
    }
}

#[tokio::test]
async fn who_wants_no_tokens_any_more_says_so_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ran_with_a_token(dir, false).await;
    std::fs::remove_file(Tokens::in_dir(dir).file()).unwrap();
    for is_first in [true, false] {
        let center = builder(dir).forget_tokens(is_first).start().await.unwrap();
        assert!(get(center.addr(), "/v1/services").await.contains("200 OK"));
        center.stop().await;
    }
    // And once there are some again, they are missed again.
    ran_with_a_token(dir, true).await;
    std::fs::remove_file(Tokens::in_dir(dir).file()).unwrap();
    assert!(refusal(builder(dir)).await.contains("--forget-tokens"));
}

/// The other machine has the registrations, and no tokens.
#[tokio::test]
async fn a_copy_of_a_center_that_had_tokens_does_not_start_open() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    ran_with_a_token(&one, false).await;
    let mut copy = Vec::new();
    Center::export(&one, &mut copy).unwrap();
    Center::import(&other, copy.as_slice(), false).unwrap();
    assert!(refusal(builder(&other)).await.contains("--forget-tokens"));
}
