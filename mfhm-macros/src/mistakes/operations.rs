//! Parameters, bodies and answers of an operation.

use quote::quote;

use super::{check_contract, check_impl};

#[test]
fn placeholders_and_parameters_match() {
    check_contract(
        quote!(
            #[get("/{id}")]
            async fn a(&self, id: u64);
        ),
        &[],
    );
    check_contract(
        quote!(
            #[get("/{type}")]
            async fn a(&self, r#type: u64);
        ),
        &[],
    );
    check_contract(
        quote!(
            #[get("/{id}/{part}")]
            async fn a(&self, id: u64);
        ),
        &["no parameter for the placeholder `{part}`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, #[path] id: u64);
        ),
        &["the path has no placeholder `{id}`"],
    );
    check_contract(
        quote!(
            #[get("/{id}")]
            async fn a(&self, #[query] id: u64);
        ),
        &["parameter `id` is named in the path"],
    );
    check_contract(
        quote!(
            #[get("/{id}")]
            async fn a(&self, id: Option<u64>);
        ),
        &["remove `Option`"],
    );
    // A parameter that can't be read is not missing as well.
    check_contract(
        quote!(
            #[get("/{id}")]
            async fn a(&self, id: &mut u64);
        ),
        &["without `mut`"],
    );
}

#[test]
fn one_parameter_is_the_body() {
    check_contract(
        quote! {
            #[get("/a")] async fn a(&self, x: u64, y: u64);
            #[head("/b")] async fn b(&self, x: u64, y: u64);
            #[delete("/c")] async fn c(&self, x: u64, #[body] y: u64);
            #[options("/d")] async fn d(&self, x: u64, y: u64);
            #[route(TRACE, "/e")] async fn e(&self, x: u64, y: u64);
            #[post("/f/{y}")] async fn f(&self, x: u64, y: u64, #[query] z: u64);
            #[route(PURGE, "/g")] async fn g(&self, x: u64);
        },
        &[],
    );
    check_contract(
        quote!(
            #[post("/")]
            async fn a(&self, first: u64, second: u64);
        ),
        &["`second` would be a second JSON body beside `first`"],
    );
    check_contract(
        quote!(
            #[put("/")]
            async fn a(&self, second: u64, #[body] first: u64);
        ),
        &["would be a second JSON body"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, #[body] x: u64);
        ),
        &["a GET request has no body"],
    );
    check_contract(
        quote!(
            #[head("/")]
            async fn a(&self, #[body] x: u64);
        ),
        &["a HEAD request has no body"],
    );
    check_contract(
        quote!(
            #[head("/")]
            async fn a(&self) -> u64;
        ),
        &["an answer to HEAD has no body"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, x: u64, #[query("x")] y: u64);
        ),
        &["`x` and `y` are both the query parameter `x`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, #[header("X-A")] b: u64, #[header] x_a: u64);
        ),
        &["`b` and `x_a` are both the header `x-a`"],
    );
}

#[test]
fn the_status_of_a_success() {
    check_contract(
        quote! {
            #[post("/a")] #[status(201)] async fn a(&self) -> u8;
            #[post("/b")] #[status(204)] async fn b(&self) -> Result<(), E>;
        },
        &[],
    );
    check_contract(
        quote! {
            #[post("/a")] #[status] async fn a(&self) -> u8;
            #[post("/b")] #[status(404)] async fn b(&self) -> u8;
            #[post("/c")] #[status(201)] #[status(202)] async fn c(&self) -> u8;
            #[post("/d")] #[status(204)] async fn d(&self) -> u8;
        },
        &[
            "needs a number",
            "`404` isn't the status of a success",
            "given twice",
            "an answer with status 204 has no body",
        ],
    );
    check_impl(
        quote! {
            #[get("/a")] async fn a(&self) {}
            #[status(201)] fn b(&self) {}
        },
        &["`#[status]` belongs to an operation"],
    );
}

#[test]
fn cookies_forms_and_raw_bodies() {
    check_contract(
        quote! {
            #[get("/a")] async fn a(&self, #[cookie] sid: Option<&str>, #[query(flatten)] f: &Filter);
            #[post("/b")] async fn b(&self, #[form] f: Form, #[cookie("Sid")] sid: u64);
            #[post("/c")] #[body_limit(1_024)] async fn c(&self, #[body(bytes)] data: &[u8]);
        },
        &[],
    );
    check_contract(
        quote! {
            #[get("/a")] async fn a(&self, #[form] f: Form);
            #[get("/b")] async fn b(&self, #[body(bytes)] data: Bytes);
            #[get("/c")] async fn c(&self, #[cookie] sid: Vec<u8>);
            #[get("/d")] async fn d(&self, #[query(flatten)] f: Option<Filter>);
            #[post("/e")] async fn e(&self, #[form] f: Vec<Form>);
            #[post("/f")] async fn f(&self, #[body(bytes)] data: Option<String>);
            #[post("/g")] async fn g(&self, #[body(bytes)] data: String, more: u8);
            #[get("/h")] async fn h(&self, #[cookie("a")] x: u8, #[cookie("a")] y: u8);
        },
        &[
            "a GET request has no body",
            "a GET request has no body",
            "is a cookie, which has one value",
            "at the struct's fields",
            "the fields of one struct",
            "no body is the empty one",
            "`more` would be a second body beside `data`",
            "`x` and `y` are both the cookie `a`",
        ],
    );
}

#[test]
fn the_limit_of_a_body() {
    check_contract(
        quote! {
            #[post("/a")] #[body_limit] async fn a(&self, x: u8);
            #[post("/b")] #[body_limit(0)] async fn b(&self, x: u8);
            #[post("/c")] #[body_limit(1)] #[body_limit(2)] async fn c(&self, x: u8);
            #[get("/d")] #[body_limit(1)] async fn d(&self, x: u8);
        },
        &[
            "needs a number of bytes",
            "needs a number of bytes",
            "given twice",
            "reads no body",
        ],
    );
}

#[test]
fn streams_and_their_resumption() {
    check_contract(
        quote! {
            #[put("/a")] async fn a(&self, #[body(stream)] data: ByteStream) -> ByteStream;
            #[get("/b")] #[resume]
            async fn b(&self, #[header("Last-Event-ID")] last: Option<&str>) -> Events<u8>;
        },
        &[],
    );
    check_contract(
        quote! {
            #[put("/a")] async fn a(&self, #[body(stream)] data: &ByteStream);
            #[get("/b")] #[resume] async fn b(&self) -> Events<u8>;
            #[post("/c")] #[resume]
            async fn c(&self, #[header] last_event_id: Option<&str>) -> Events<u8>;
            #[put("/d")] #[resume] async fn d(&self, #[body(stream)] data: ByteStream) -> Events<u8>;
            #[get("/e")] #[resume(1)]
            async fn e(&self, #[header] last_event_id: Option<&str>) -> Events<u8>;
        },
        &[
            "can't be lent",
            "doesn't learn where to resume",
            "to resume is to send the request again",
            "can't be sent again",
            "takes no argument",
        ],
    );
}

#[test]
fn forms_with_files() {
    check_contract(
        quote! {
            #[post("/a")] async fn a(&self, #[multipart] form: Multipart);
            #[delete("/b")] #[body_limit(9)] async fn b(&self, id: u8, #[multipart] form: mfhm::Multipart);
        },
        &[],
    );
    check_contract(
        quote! {
            #[get("/a")] async fn a(&self, #[multipart] form: Multipart);
            #[post("/b")] async fn b(&self, #[multipart] form: &Multipart);
            #[post("/c")] async fn c(&self, #[multipart] form: Option<Multipart>);
            #[post("/d")] async fn d(&self, #[multipart] form: Multipart, other: u8);
            #[post("/e")] async fn e(&self, #[multipart(stream)] form: Multipart);
            #[put("/f")] #[resume] async fn f(&self, #[multipart] form: Multipart) -> Events<u8>;
        },
        &[
            "a GET request has no body",
            "can't be lent",
            "may have no parts",
            "would be a second body",
            "takes no argument",
            "can't be sent again",
        ],
    );
}
