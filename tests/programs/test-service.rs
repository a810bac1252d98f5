//! `service01` to `service03`, alone or several in one process, services of the chain, or a
//! version of `catalog`, by the names on the command line; all settings come from the
//! environment.

use support::chain;
use support::follow::follow_the_test;
use support::services::{Service01Client, Service01Server, Service02Server, Service03Server};
use support::versions;

#[mfhm::main]
async fn main() -> mfhm::Result<()> {
    follow_the_test();
    let mut app = mfhm::App::new();
    for name in std::env::args().skip(1) {
        app = match name.as_str() {
            "service01" => app.service(Service01Server),
            "service02" => app.service(Service02Server {
                service01: Service01Client::new(),
            }),
            "chain1" => app.service(chain::FirstServer),
            "chain2" => app.service(chain::SecondServer),
            "chain3" => app.service(chain::ThirdServer),
            "service03" => app.service(Service03Server),
            "catalog-old" => app.version("1").service(versions::Old),
            "catalog-new" => app.version("2").service(versions::New),
            "catalog-broken" => app.version("3").service(versions::Broken),
            other => return Err(mfhm::Error::new(format!("no service {other}"))),
        };
    }
    app.run().await
}
