//! Who calls: services that ask, callers that say so, and a center that vouches.

#![allow(clippy::unwrap_used)]

use mfhm::{App, Caller, Center, RunningApp, RunningCenter, Scope, TokenGrant, Tokens};

struct Users;

#[mfhm::service(name = "users")]
impl Users {
    #[get("/caller")]
    async fn caller(&self) -> String {
        mfhm::request().caller().unwrap_or("nobody").to_owned()
    }
}

struct World {
    center: RunningCenter,
    tokens: Tokens,
    dir: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::in_dir(dir.path());
        // So that it asks for tokens from the first.
        tokens.issue(TokenGrant::new(Scope::Operate)).unwrap();
        let center = Center::builder().port(0).data_dir(dir.path());
        let center = center.start().await.unwrap();
        Self {
            center,
            tokens,
            dir,
        }
    }

    /// The center ends, and another one is at its address, with keys of its own.
    async fn loses_its_keys(&mut self) {
        let port = self.center.addr().port();
        let idle = Center::builder()
            .port(0)
            .data_dir(self.dir.path().join("other"));
        let idle = idle.start().await.unwrap();
        std::mem::replace(&mut self.center, idle).stop().await;
        std::fs::remove_file(self.dir.path().join("identity.json")).unwrap();
        let center = Center::builder().port(port).data_dir(self.dir.path());
        let center = center.start().await.unwrap();
        std::mem::replace(&mut self.center, center).stop().await;
    }

    fn token(&self, scope: Scope, name: Option<&str>) -> String {
        let grant = TokenGrant::new(scope);
        let grant = name.into_iter().fold(grant, TokenGrant::name);
        self.tokens.issue(grant).unwrap().token
    }

    async fn users(&self, callers: Option<&[&str]>) -> RunningApp {
        let app = App::new()
            .service(Users)
            .port(0)
            .center(self.center.url())
            .center_token(self.token(Scope::Register, Some("users")));
        let app = callers
            .into_iter()
            .fold(app, |app, names| app.callers(names.iter().copied()));
        let app = app.start().await.unwrap();
        app.registered().await;
        app
    }

    fn caller(&self, name: Option<&str>) -> Caller {
        let caller = Caller::builder().center(self.center.url());
        let caller = caller.center_token(self.token(Scope::Read, name));
        caller.build().unwrap()
    }

    async fn asked_by(&self, name: Option<&str>) -> (u16, String) {
        asked(&self.caller(name)).await
    }
}

async fn asked(caller: &Caller) -> (u16, String) {
    let answer = caller.call("users", "caller").send().await.unwrap();
    (
        answer.status().as_u16(),
        answer.text().trim_matches('"').to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_named_services_call() {
    let world = World::new().await;
    let app = world.users(Some(&["orders", "billing"])).await;
    let orders = world.asked_by(Some("orders")).await;
    assert_eq!(orders, (200, "orders".to_owned()));
    let (status, text) = world.asked_by(Some("inventory")).await;
    assert_eq!(status, 403, "{text}");
    assert!(
        text.contains("inventory") && text.contains("orders, billing"),
        "{text}"
    );
    let (status, text) = world.asked_by(None).await;
    assert_eq!(status, 401, "{text}");
    assert!(text.contains("mfhm token new"), "{text}");
    app.stop().await;
    world.center.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_everybody_may_call_a_handler_knows_who_does() {
    let world = World::new().await;
    let app = world.users(None).await;
    assert_eq!(world.asked_by(Some("orders")).await.1, "orders");
    assert_eq!(world.asked_by(None).await.1, "nobody");
    app.stop().await;
    world.center.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_who_their_token_is_not_for() {
    let world = World::new().await;
    let app = world.users(None).await;
    let caller = Caller::builder()
        .center(world.center.url())
        .center_token(world.token(Scope::Read, Some("orders")))
        .name("billing");
    let answer = caller.build().unwrap().call("users", "caller").send().await;
    assert_eq!(answer.unwrap().text(), "\"nobody\"");
    app.stop().await;
    world.center.stop().await;
}

/// The service starts with the center's new keys, and its caller still has what the old
/// ones signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_assertion_is_not_known_any_more_gets_another_one() {
    let mut world = World::new().await;
    let app = world.users(Some(&["orders"])).await;
    let orders = world.caller(Some("orders"));
    assert_eq!(asked(&orders).await, (200, "orders".to_owned()));
    app.stop().await;
    world.loses_its_keys().await;
    let app = world.users(Some(&["orders"])).await;
    for _ in 0..3 {
        assert_eq!(asked(&orders).await, (200, "orders".to_owned()));
    }
    app.stop().await;
    world.center.stop().await;
}

/// What the center signed counts on, and what it signs now counts at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_center_with_other_keys_costs_no_call() {
    let mut world = World::new().await;
    let app = world.users(Some(&["orders"])).await;
    let before = world.caller(Some("orders"));
    assert_eq!(asked(&before).await.0, 200);
    world.loses_its_keys().await;
    app.registered().await;
    let after = world.caller(Some("orders"));
    assert_eq!(asked(&after).await, (200, "orders".to_owned()));
    assert_eq!(asked(&before).await, (200, "orders".to_owned()));
    app.stop().await;
    world.center.stop().await;
}
