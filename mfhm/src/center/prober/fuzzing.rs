//! Answers to pings, for the fuzz targets.

use std::net::IpAddr;

use tokio::io::AsyncWriteExt as _;

use super::ping::ask;
use crate::center::health::PingOutcome;
use crate::center::record::Origin;
use crate::center::registry::Target;

/// What these bytes say of an instance that is asked, when they come in pieces of so
/// many. Absent: they are no answer.
pub(in crate::center) async fn heard(
    bytes: &[u8],
    room: usize,
) -> Option<(PingOutcome, Option<String>)> {
    let target = Target {
        id: "own".parse().expect("an id"),
        service: "users".to_owned(),
        host: "a".to_owned(),
        port: 1,
        tls: false,
        key: None,
        origin: Origin::V1,
        registrant: None,
        owner: IpAddr::from([127, 0, 0, 1]),
        is_overdue: false,
        ping: 1,
    };
    let (mut near, far) = tokio::io::duplex(room.max(1));
    let (mut reading, mut writing) = tokio::io::split(far);
    let answered = async {
        let mut nowhere = tokio::io::sink();
        let unread = tokio::io::copy(&mut reading, &mut nowhere);
        let written = async {
            let _ = writing.write_all(bytes).await;
            let _ = writing.shutdown().await;
        };
        let _ = tokio::join!(unread, written);
    };
    let asked = async {
        let asked = ask::ask(&mut near, &target, "a", None).await;
        drop(near);
        asked.ok()
    };
    tokio::join!(asked, answered).0
}
