//! Three layers of services, each of which calls the next, over one that always
//! fails: what each kind of caller makes of one call.

use std::time::Duration;

use support::process::Process;
use support::{http, port, wait};

use crate::callers::{Patience, Way};
use crate::center::{CenterProcess, role};
use crate::load::{Load, Mix};
use crate::options::Options;
use crate::report::{Table, heading};

/// From above; the last one always answers 503.
const LAYERS: [&str; 4] = ["top", "middle", "bottom", "backend"];
/// Of each.
const INSTANCES: usize = 2;

pub(crate) async fn run(options: &Options) {
    let calls = options.calls(1000, 40);
    let rate = options.rate(100, 20);
    heading(
        "Every call fails",
        &format!(
            "Three layers of services, each of which calls the next one for each call, over a \
             backend that answers every call with 503; {INSTANCES} instances of each. The kinds of \
             callers run one after the other, each in all layers: {calls} GETs to the top layer, \
             {rate} a second. Requests that a layer got for each request to the layer above it; the \
             last column: requests to the backend for each call."
        ),
    );
    let mut table = Table::new([
        "callers", "calls", "top", "middle", "bottom", "backend", "in all",
    ]);
    for way in Way::ALL {
        let stack = Stack::start(way).await;
        let url = stack.center.url();
        let caller = way.caller(&url, LAYERS[0], Patience::default(), None).await;
        let load = Load::start(&[caller], 16, rate, Mix::Reads);
        let time = Duration::from_secs(300);
        let reached = wait::within(time, async || (load.made() >= calls).then_some(()));
        assert!(
            reached.await.is_some(),
            "{calls} calls take longer than {time:?}"
        );
        let made = load.finish().await.samples.len();
        let counts = stack.counts().await;
        let mut above = made as f64;
        let mut ratio = |count: u64| {
            let ratio = count as f64 / above;
            above = count as f64;
            format!("{ratio:.2}")
        };
        let [top, middle, bottom, backend] = counts.map(&mut ratio);
        let all = counts[3] as f64 / made as f64;
        table.row([
            way.name().to_owned(),
            made.to_string(),
            top,
            middle,
            bottom,
            backend,
            format!("{all:.2}"),
        ]);
    }
    table.print();
}

/// All layers, and a center.
struct Stack {
    center: CenterProcess,
    /// By layer.
    instances: Vec<Vec<(u16, Process)>>,
}

impl Stack {
    async fn start(way: Way) -> Self {
        let center = CenterProcess::start().await;
        let mut instances = Vec::new();
        // From below, so that each finds the next one.
        for (depth, name) in LAYERS.into_iter().enumerate().rev() {
            let mut layer = Vec::new();
            for _ in 0..INSTANCES {
                let own = port::free();
                let mut program = role("service")
                    .arg(name)
                    .env("MFHM_CENTER", center.url())
                    .env("MFHM_PORT", own);
                program = match LAYERS.get(depth + 1) {
                    Some(below) => program.arg("--below").arg(below).arg(way.name()),
                    None => program.arg("--failing"),
                };
                let mut process = program.start();
                process.answers(own, "/ping", 200).await;
                layer.push((own, process));
            }
            center.has(name, INSTANCES).await;
            instances.insert(0, layer);
        }
        Self { center, instances }
    }

    /// How many requests each layer got.
    async fn counts(&self) -> [u64; LAYERS.len()] {
        let mut counts = [0; LAYERS.len()];
        for (count, layer) in counts.iter_mut().zip(&self.instances) {
            for (port, _) in layer {
                let answer = http::get(*port, "/count").await;
                let answer = answer.expect("the instance answers");
                *count += answer.json().as_u64().expect("a number");
            }
        }
        counts
    }
}
