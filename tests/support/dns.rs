//! A DNS server in the test's process, which says what the test wants.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::SRV;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Records hold for so long, in seconds.
const TTL: u32 = 1;

/// Names and what they have; a name that is not here does not exist.
type Zone = HashMap<(Name, RecordType), Vec<RData>>;

/// A server on loopback; it ends when this is dropped.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    zone: Zone,
    is_silent: bool,
    /// Questions of this kind fail.
    failing: Option<RecordType>,
    asked: usize,
}

impl DnsServer {
    /// One that knows no name yet.
    ///
    /// # Panics
    ///
    /// When no port is free.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let task = tokio::spawn(serve(socket, Arc::clone(&state)));
        Self {
            address,
            state,
            task,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on a name has these addresses, of both families; none: the name does not
    /// exist.
    pub fn set_addresses(&self, name: &str, addresses: &[&str]) {
        let parsed = addresses.iter().map(|text| text.parse());
        let all: Vec<IpAddr> = parsed.map(|parsed| parsed.expect("an address")).collect();
        let (v4, v6) = all.into_iter().partition::<Vec<_>, _>(IpAddr::is_ipv4);
        for (kind, addresses) in [(RecordType::A, v4), (RecordType::AAAA, v6)] {
            self.set(name, kind, addresses.into_iter().map(RData::from).collect());
        }
    }

    /// From now on it fails to tell the IPv4 addresses of any name, or does again.
    pub fn set_failing_for_ipv4(&self, is_failing: bool) {
        lock(&self.state).failing = is_failing.then_some(RecordType::A);
    }

    /// From now on a name has these services: priority, weight, port and host.
    pub fn set_services(&self, name: &str, services: &[(u16, u16, u16, &str)]) {
        let services = services.iter().map(|&(priority, weight, port, host)| {
            RData::SRV(SRV::new(priority, weight, port, parsed(host)))
        });
        self.set(name, RecordType::SRV, services.collect());
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        lock(&self.state).asked
    }

    /// Whether it does not answer.
    pub fn set_silent(&self, is_silent: bool) {
        lock(&self.state).is_silent = is_silent;
    }

    fn set(&self, name: &str, kind: RecordType, records: Vec<RData>) {
        let mut state = lock(&self.state);
        if records.is_empty() {
            state.zone.remove(&(parsed(name), kind));
        } else {
            state.zone.insert((parsed(name), kind), records);
        }
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, state: Arc<Mutex<State>>) {
    let mut buffer = [0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        let answer = Message::from_vec(&buffer[..length])
            .ok()
            .and_then(|question| answer(&question, &mut lock(&state)))
            .and_then(|answer| answer.to_vec().ok());
        if let Some(answer) = answer {
            let _ = socket.send_to(&answer, peer).await;
        }
    }
}

fn answer(question: &Message, state: &mut State) -> Option<Message> {
    let query = question.queries.first()?;
    state.asked += 1;
    if state.is_silent {
        return None;
    }
    let about = &question.metadata;
    let mut answer = Message::response(about.id, about.op_code);
    answer.metadata.recursion_desired = about.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.add_query(query.clone());
    if state.failing == Some(query.query_type()) {
        answer.metadata.response_code = ResponseCode::ServFail;
        return Some(answer);
    }
    let name = Name::from_ascii(query.name().to_ascii().to_lowercase()).ok()?;
    match state.zone.get(&(name.clone(), query.query_type())) {
        Some(records) => {
            let records = records.iter().cloned();
            answer.add_answers(
                records.map(|data| Record::from_rdata(query.name().clone(), TTL, data)),
            );
        }
        // It may have records of another kind.
        None if state.zone.keys().any(|(known, _)| *known == name) => {}
        None => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    Some(answer)
}

fn parsed(name: &str) -> Name {
    let mut name = Name::from_ascii(name).expect("a name");
    name.set_fqdn(true);
    name
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("nobody panics with the lock")
}
