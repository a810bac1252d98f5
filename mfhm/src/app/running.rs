//! [`RunningApp`]: services that serve.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

#[cfg(feature = "client")]
use crate::client::caller::CallerBuilder;
use crate::error::Result;
use crate::instance::InstanceId;
use crate::key::Key;
use crate::link::{Credentials, Link};
use crate::listener::{Limits, Server};
#[cfg(any(feature = "identity", feature = "tls"))]
use crate::server::callers::Callers;
#[cfg(feature = "identity")]
use crate::server::callers::{Assertions, Keys};
use crate::server::definition::ServiceDefinition;
use crate::server::dispatch::Dispatch;
use crate::server::door::Door;
use crate::server::layers::Layers;
use crate::server::overload::Capacity;
use crate::server::registration::{Announcement, Center, OwnId, Registration};
use crate::server::router;
use crate::server::run::{Around, Bound};
use crate::server::state::States;
use crate::settings::directory::Directory;
use crate::tls::Secured;
use crate::wire::v1::{Address, HEADER_INSTANCE, HEADER_SERVICE, OperationEntry, Register, ZONE};

/// What the center asks.
const PING: &str = "/ping";

/// The paths of each service that are no operations.
#[cfg(feature = "openapi")]
const OWN: &[&str] = &[PING, crate::openapi::PATHS[0], crate::openapi::PATHS[1]];
#[cfg(not(feature = "openapi"))]
const OWN: &[&str] = &[PING];

/// How long running requests may take after a stop.
const GRACE: Duration = Duration::from_secs(25);

/// What [`App::start`](crate::App::start) has found out.
pub(super) struct Launch {
    pub bound: Vec<(ServiceDefinition, TcpListener)>,
    pub states: States,
    pub capacity: Capacity,
    pub limits: Limits,
    pub zone: Option<String>,
    pub weight: u32,
    pub directory: Directory,
    pub credentials: Credentials,
    pub secured: Secured,
    pub key: Option<Key>,
    #[cfg(any(feature = "identity", feature = "tls"))]
    pub callers: Option<Arc<[String]>>,
    pub local_calls: bool,
    pub layers: Layers,
    #[cfg(feature = "client")]
    pub caller: CallerBuilder,
}

/// Services that serve and are registered, until they are stopped. Dropping it
/// ends them at once, without a word to the center.
#[derive(Debug)]
pub struct RunningApp {
    services: Vec<RunningService>,
    /// Those that a center told to leave.
    leaving: JoinSet<()>,
    /// What clients in this process use: withdrawn last, for requests that are
    /// being finished may still call.
    #[cfg(feature = "client")]
    local: (
        Vec<crate::client::local::LocalOffer>,
        crate::client::caller::Installed,
    ),
}

impl RunningApp {
    pub(super) fn launch(launch: Launch) -> Result<Self> {
        let Launch {
            bound,
            states,
            capacity,
            limits,
            zone,
            weight,
            directory,
            credentials,
            secured,
            key,
            #[cfg(any(feature = "identity", feature = "tls"))]
            callers,
            local_calls,
            layers,
            #[cfg(feature = "client")]
            caller,
        } = launch;
        let ids = bound.iter().map(|_| OwnId::random().map(Arc::new));
        let ids: Vec<Arc<OwnId>> = ids.collect::<Result<_>>()?;
        let link = Link::new(&credentials, &secured)?;
        // Clients in the handlers find services through the same centers.
        #[cfg(feature = "client")]
        let caller = caller
            .of_app(
                &directory,
                credentials,
                bound
                    .first()
                    .map(|(definition, _)| definition.name.as_str()),
                zone.as_deref(),
                ids.iter().map(|id| id.told()).collect(),
                &secured,
            )
            .build()?
            .install();
        #[cfg(feature = "identity")]
        let urls = directory.centers().to_vec();
        // One registration with each: centers do not tell each other.
        let centers = directory.centers().iter();
        let centers: Vec<_> = centers
            .map(|url| Center::new(url.clone(), link.clone()))
            .collect();
        if centers.is_empty() {
            tracing::info!(
                "no center is set, so nothing registers: whoever runs these services makes \
                 their addresses known"
            );
        }
        #[cfg(feature = "client")]
        let mut offers = Vec::new();
        let mut services = Vec::new();
        let metadata: BTreeMap<_, _> = zone
            .map(|zone| (ZONE.to_owned(), zone))
            .into_iter()
            .collect();
        let surroundings = Surroundings {
            states,
            layers,
            capacity,
            upload_rate: limits.upload_rate(),
            key,
            #[cfg(any(feature = "identity", feature = "tls"))]
            callers: Some(Callers::new(
                #[cfg(feature = "identity")]
                Assertions::new(Keys::fetched(link.clone(), urls, callers.is_some())),
                callers,
            )),
        };
        for ((definition, listener), id) in bound.into_iter().zip(ids) {
            let served = surroundings.serve(&definition, id.told());
            let server = Server::start(listener, &secured, served.door.clone(), &limits)?;
            let placed = Placed {
                metadata: metadata.clone(),
                weight,
                is_tls: secured.has_certificate(),
            };
            let key = surroundings.key.as_ref();
            let service =
                RunningService::start(&definition, id, &served, server, &centers, key, placed)?;
            services.push(service);
            #[cfg(feature = "client")]
            if local_calls {
                let bindings = definition.local.into_iter();
                offers.extend(bindings.map(|binding| (binding.offer)(&definition.name)));
            }
        }
        #[cfg(not(feature = "client"))]
        let _ = local_calls;
        Ok(Self {
            services,
            leaving: JoinSet::new(),
            #[cfg(feature = "client")]
            local: (offers, caller),
        })
    }

    /// The services, in the order in which they were added.
    pub fn services(&self) -> &[RunningService] {
        &self.services
    }

    /// The service of this name.
    pub fn service(&self, name: &str) -> Option<&RunningService> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Waits until each service is registered with a center; not at all, where no
    /// center is set.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the wait is given up.
    pub async fn registered(&self) {
        for service in &self.services {
            service.registered().await;
        }
    }

    /// Deregisters, stops accepting, and finishes the requests that are
    /// running, for 25 s at most.
    pub async fn stop(self) {
        self.drain(Duration::ZERO).await;
    }

    /// Deregisters, goes on serving for `time` with `Connection: close` (over HTTP/2
    /// with GOAWAY), so that callers notice before a connection is closed on them, and then stops as
    /// [`stop`](Self::stop) does. Callers look every 2 s.
    pub async fn drain(mut self, time: Duration) {
        let stops = self.services.into_iter().map(|service| service.drain(time));
        futures_util::future::join_all(stops).await;
        while self.leaving.join_next().await.is_some() {}
        #[cfg(feature = "client")]
        drop(self.local);
    }
}

impl RunningApp {
    /// Drains each service that a center tells to leave (`mfhm drain`), as
    /// [`drain`](Self::drain) does; returns when no service is left.
    ///
    /// # Cancel safety
    ///
    /// Services that are leaving go on doing so when the wait is given up.
    pub async fn obey(&mut self, time: Duration) {
        while !self.services.is_empty() {
            let told = self
                .services
                .iter()
                .map(|service| Box::pin(service.told_to_drain()));
            let ((), index, _) = futures_util::future::select_all(told).await;
            let service = self.services.remove(index);
            tracing::info!(service = service.name, ?time, "a center says: drain");
            self.leaving.spawn(service.drain(time));
        }
        while self.leaving.join_next().await.is_some() {}
    }
}

/// One service that serves.
#[derive(Debug)]
pub struct RunningService {
    name: String,
    id: Arc<OwnId>,
    address: SocketAddr,
    is_tls: bool,
    /// One for each center.
    registrations: Vec<Registration>,
    server: Server,
}

impl RunningService {
    fn start(
        definition: &ServiceDefinition,
        id: Arc<OwnId>,
        #[cfg_attr(not(feature = "openapi"), allow(unused_variables))] served: &Served,
        server: Server,
        centers: &[Center],
        key: Option<&Key>,
        placed: Placed,
    ) -> Result<Self> {
        let Placed {
            metadata,
            weight,
            is_tls,
        } = placed;
        let name = definition.name.clone();
        let address = server.local_addr();
        let own = id.current();
        tracing::info!(service = name, instance = %own.id, "listening on {}", url(is_tls, address));

        let routes = definition.routes.iter();
        let mut operations: Vec<_> = routes
            .map(|route| OperationEntry {
                name: route.operation.name().to_owned(),
                path: route.operation.path().to_owned(),
                methods: vec![route.operation.method().to_owned()],
                fingerprint: None,
            })
            .collect();
        // Python services list theirs too.
        operations.push(OperationEntry {
            name: "ping".to_owned(),
            path: "/ping".to_owned(),
            methods: vec!["GET".to_owned()],
            fingerprint: None,
        });
        let register = Register {
            service: name.clone(),
            id: own.id,
            address: Address {
                // The center sees where the registration comes from.
                host: (!address.ip().is_unspecified()).then(|| address.ip().to_string()),
                port: address.port(),
                tls: is_tls,
            },
            operations,
            document: None,
            metadata,
            version: definition.about.version.as_deref().map(str::to_owned),
            weight,
            key: key.cloned(),
            secret: Some(own.secret),
        };
        let announcement = Announcement::new(register);
        #[cfg(feature = "openapi")]
        let announcement = announcement.with_document(&served.document);
        let registrations = centers
            .iter()
            .map(|center| Registration::hold(center.clone(), announcement.clone(), id.clone()))
            .collect();
        Ok(Self {
            name,
            id,
            address,
            is_tls,
            registrations,
            server,
        })
    }

    /// The name under which it registers.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of this process's instance. It is another one from the moment in which a
    /// center says that somebody else has registered under this one.
    pub fn id(&self) -> InstanceId {
        self.id.current().id
    }

    /// The address that it listens on, with the real port.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The address as a URL that this machine can call. With TLS, the certificate is for
    /// the name of the service and need not be for this address.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        url(self.is_tls, address)
    }

    /// Whether a center has its registration at present.
    pub fn is_registered(&self) -> bool {
        self.registrations.iter().any(Registration::is_registered)
    }

    async fn registered(&self) {
        if self.registrations.is_empty() {
            return;
        }
        let waits = self
            .registrations
            .iter()
            .map(|registration| Box::pin(registration.registered()));
        futures_util::future::select_all(waits).await;
    }

    async fn told_to_drain(&self) {
        if self.registrations.is_empty() {
            std::future::pending::<()>().await;
        }
        let told = self
            .registrations
            .iter()
            .map(|registration| Box::pin(registration.told_to_drain()));
        futures_util::future::select_all(told).await;
    }

    /// First the callers are told, then they get time to notice, then the door
    /// is closed and what runs is finished.
    async fn drain(self, time: Duration) {
        // Without a center, somebody else has told where it is.
        let mut registrations = self.registrations.iter();
        let was_known =
            self.registrations.is_empty() || registrations.any(Registration::was_registered);
        let leaves = self.registrations.into_iter().map(Registration::leave);
        futures_util::future::join_all(leaves).await;
        // Nobody can have found a service that no center knew.
        if was_known && !time.is_zero() {
            self.server.announce_close();
            tokio::time::sleep(time).await;
        }
        self.server.stop(GRACE).await;
        tracing::info!(service = self.name, "stopped");
    }
}

/// What an instance says of itself beside what it offers.
struct Placed {
    metadata: BTreeMap<String, String>,
    weight: u32,
    is_tls: bool,
}

fn url(is_tls: bool, address: SocketAddr) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{address}")
}

/// What the services of one app have in common.
pub(super) struct Surroundings {
    pub states: States,
    pub layers: Layers,
    pub capacity: Capacity,
    /// How fast bodies come at least that are read while they come.
    pub upload_rate: Option<NonZeroU32>,
    pub key: Option<Key>,
    #[cfg(any(feature = "identity", feature = "tls"))]
    pub callers: Option<Callers>,
}

/// What a service answers.
struct Served {
    door: Door,
    #[cfg(feature = "openapi")]
    document: serde_json::Value,
}

impl Surroundings {
    fn serve(&self, definition: &ServiceDefinition, id: watch::Receiver<InstanceId>) -> Served {
        let ServiceDefinition { name, routes, .. } = definition;
        let around = Around::new(name, self.states.clone())
            .limited(self.capacity)
            .expecting(self.upload_rate);
        let bound = Bound::all(around, routes);
        let app = router::build(&bound);
        #[cfg(feature = "openapi")]
        let document =
            crate::openapi::document(name, &definition.about, routes, self.key.is_some());
        #[cfg(feature = "openapi")]
        let app = app.merge(crate::openapi::router(&document));
        let is_layered = !(definition.layers.is_empty() && self.layers.is_empty());
        let app = definition.layers.around_service(app);
        let app = self.layers.around_service(app).merge(ping(name, id));
        let dispatch = if is_layered {
            Dispatch::to(app)
        } else {
            Dispatch::new(&bound, OWN, app)
        };
        Served {
            #[cfg(not(any(feature = "identity", feature = "tls")))]
            door: Door::new(name, self.key.clone(), dispatch),
            #[cfg(any(feature = "identity", feature = "tls"))]
            door: Door::asking(name, self.key.clone(), self.callers.clone(), dispatch),
            #[cfg(feature = "openapi")]
            document,
        }
    }
}

/// The router of a service that is not run by an app.
pub(super) fn router_of(
    definition: &ServiceDefinition,
    surroundings: &Surroundings,
) -> Result<Router> {
    // It registers nowhere, so nobody takes its id.
    let served = surroundings.serve(definition, OwnId::random()?.told());
    Ok(served.door.into_router())
}

/// Answers the center, and says who answers: a port may have changed hands.
fn ping(name: &str, id: watch::Receiver<InstanceId>) -> Router {
    let header = |text: &str| HeaderValue::from_str(text).ok();
    let name = header(name);
    Router::new().route(
        PING,
        get(move || {
            let who = [
                (HEADER_SERVICE, name.clone()),
                (HEADER_INSTANCE, header(id.borrow().as_str())),
            ];
            async move {
                let mut response = axum::response::Response::new(axum::body::Body::from(
                    r#"{"code":0,"message":"ok"}"#,
                ));
                let headers = response.headers_mut();
                headers.insert(
                    http::header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                );
                for (name, value) in who {
                    if let Some(value) = value {
                        headers.insert(name, value);
                    }
                }
                response
            }
        }),
    )
}
