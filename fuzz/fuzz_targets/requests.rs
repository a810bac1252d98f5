//! Requests to a service with every kind of parameter, without a socket.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mfhm_fuzz::request::{Shape, build};
use mfhm_fuzz::{oracle, run, service};
use tower::ServiceExt as _;

fuzz_target!(|shape: Shape<'_>| {
    let Some((request, declared)) = build(&shape) else {
        return;
    };
    let method = request.method().clone();
    run(async {
        let answered = service::router().oneshot(request).await;
        oracle::check(&method, declared, answered.expect("a router answers")).await;
    });
});
