use futures_util::FutureExt as _;

use super::*;

fn of_service(name: &str) -> CurrentRequest {
    CurrentRequest {
        service: Name::Given(name.into()),
        ..CurrentRequest::NONE
    }
}

/// Tells when it is dropped, and whose request was the current one.
struct Dropped<'a>(&'a RefCell<Vec<String>>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(request().service().to_owned());
    }
}

#[tokio::test]
async fn the_inner_request_is_the_current_one_until_it_ends_or_waits() {
    let inner = of_service("inner").scope(async {
        tokio::task::yield_now().await;
        request().service().to_owned()
    });
    let outer = of_service("outer").scope(async {
        let mut inner = std::pin::pin!(inner);
        assert!(futures_util::poll!(inner.as_mut()).is_pending());
        assert_eq!(request().service(), "outer", "while the inner one waits");
        assert_eq!(inner.await, "inner");
        request().service().to_owned()
    });
    assert_eq!(outer.await, "outer");
    assert_eq!(request().service(), "");
}

#[tokio::test]
async fn a_panic_leaves_no_request_behind() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let work = of_service("inner").scope(async { panic!("oh") });
    let panicked = std::panic::AssertUnwindSafe(work).catch_unwind().await;
    std::panic::set_hook(hook);
    assert!(panicked.is_err());
    assert_eq!(request().service(), "");
}

#[tokio::test]
async fn what_is_dropped_knows_whose_request_it_was() {
    let told = RefCell::new(Vec::new());
    let work = |wait| {
        let held = Dropped(&told);
        of_service("inner").scope(async move {
            let _held = held;
            if wait {
                std::future::pending::<()>().await;
            }
        })
    };
    work(false).await;
    drop(work(true));
    let mut waiting = Box::pin(work(true));
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(waiting);
    assert_eq!(*told.borrow(), ["inner"; 3]);
    assert_eq!(request().service(), "");
}
