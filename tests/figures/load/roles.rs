//! What this program is when an experiment has started it: a center, or a bare axum
//! server.

use std::path::PathBuf;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use clap::{Args, Subcommand};
use mfhm::Center;
use support::follow::follow_the_test;
use tokio::net::TcpListener;

#[derive(Args, Debug)]
pub(crate) struct Role {
    #[command(subcommand)]
    what: Serve,
}

#[derive(Debug, Subcommand)]
enum Serve {
    /// As `mfhm center` runs it.
    Center { port: u16, data: PathBuf },
    /// Answers every look-up with the content of this file.
    Axum { port: u16, content: PathBuf },
}

impl Role {
    pub(crate) async fn run(self) -> mfhm::Result<()> {
        follow_the_test();
        match self.what {
            Serve::Center { port, data } => {
                mfhm::__private::init_log("info");
                Center::builder().port(port).data_dir(data).run().await
            }
            Serve::Axum { port, content } => {
                let content = Bytes::from(std::fs::read(content)?);
                let app = Router::new()
                    .route("/health", get(|| async {}))
                    .route("/v1/services/{name}", get(found))
                    .route("/service/{name}", get(found))
                    .with_state(content);
                let listener = TcpListener::bind(("127.0.0.1", port)).await?;
                let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
                    let _ = stream.set_nodelay(true);
                });
                axum::serve(listener, app).await?;
                Ok(())
            }
        }
    }
}

async fn found(State(content): State<Bytes>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], content)
}
