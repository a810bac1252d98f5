//! What can be known of an app before anything is bound. Each problem names the
//! places in the source, and all are told together.

use super::App;
use crate::server::definition::ServiceDefinition;
use crate::server::router;
use crate::settings::Settings;
use crate::wire::v1::MAX_WEIGHT;

impl App {
    /// What is wrong with the services together and each by itself.
    pub(super) fn check(&self, settings: &Settings, problems: &mut Vec<String>) {
        for (index, definition) in self.definitions.iter().enumerate() {
            problems.extend(router::clashes(&definition.routes));
            self.check_states(definition, problems);
            for earlier in &self.definitions[..index] {
                if earlier.name == definition.name {
                    problems.push(format!(
                        "two services are called `{}`: at {} and at {}",
                        definition.name, earlier.declared_at, definition.declared_at
                    ));
                }
            }
        }
        #[cfg(all(feature = "tls", not(feature = "identity")))]
        self.check_callers(settings, problems);
        self.check_ports(settings, problems);
        if self.weight.is_some_and(|weight| weight > MAX_WEIGHT) {
            problems.push(format!("`App::weight` is at most {MAX_WEIGHT}"));
        }
    }

    /// Where no center is asked who calls, somebody has to give certificates.
    #[cfg(all(feature = "tls", not(feature = "identity")))]
    fn check_callers(&self, settings: &Settings, problems: &mut Vec<String>) {
        let tls = self.tls.as_ref().or(settings.tls.as_ref());
        if self.callers.is_some() && !tls.is_some_and(crate::Tls::recognises_others) {
            problems.push(
                "`App::callers` lets nobody in: say by which certificate this process is known, \
                 and who gives those of its callers (`App::tls`, or MFHM_TLS_CERT, MFHM_TLS_KEY \
                 and MFHM_TLS_CA), or build it with the feature `identity` of the crate mfhm, \
                 which takes the center's word for who calls"
                    .to_owned(),
            );
        }
    }

    /// The states that handlers take and nobody has given.
    fn check_states(&self, definition: &ServiceDefinition, problems: &mut Vec<String>) {
        for route in &definition.routes {
            for state in &route.states {
                if !self.states.contains_key(&state.type_id) {
                    let operation = route.operation;
                    problems.push(format!(
                        "the operation `{}` ({} {}) at {} takes `State<{}>`, which the app does not have; give it: `App::new().state(…)`",
                        operation.name(),
                        operation.method(),
                        operation.path(),
                        operation.declared_at(),
                        state.type_name,
                    ));
                }
            }
        }
    }

    fn check_ports(&self, settings: &Settings, problems: &mut Vec<String>) {
        let sets_one = match (self.port, settings.port) {
            (Some(_), _) => Some("`App::port`"),
            (None, Some(_)) => Some("MFHM_PORT"),
            (None, None) => None,
        };
        if let Some(what) = sets_one
            && self.definitions.len() > 1
        {
            let names: Vec<_> = self.definitions.iter().map(|d| d.name.as_str()).collect();
            let names = names.join(", ");
            problems.push(format!(
                "{what} sets one port for several services ({names}); use `App::port_of`"
            ));
        } else {
            self.check_equal_ports(settings, problems);
        }
        for name in self.ports.keys() {
            if !self.definitions.iter().any(|d| &d.name == name) {
                problems.push(format!(
                    "`App::port_of` names `{name}`, which is not a service of this app"
                ));
            }
        }
    }

    /// Two services that are told the same port.
    fn check_equal_ports(&self, settings: &Settings, problems: &mut Vec<String>) {
        for (index, definition) in self.definitions.iter().enumerate() {
            let Some(port) = self
                .port_for(definition, settings)
                .filter(|port| *port != 0)
            else {
                continue;
            };
            let mut earlier = self.definitions[..index].iter();
            if let Some(earlier) =
                earlier.find(|earlier| self.port_for(earlier, settings) == Some(port))
            {
                problems.push(format!(
                    "the services `{}` at {} and `{}` at {} are told the same port {port}; choose another with `port = …` or `App::port_of` (0 is any free one)",
                    earlier.name, earlier.declared_at, definition.name, definition.declared_at
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::contract::Operation;
    use crate::server::definition::Route;
    use crate::server::extract::Needs;
    use crate::server::reply;
    use crate::server::state::State;

    use super::*;

    #[derive(Clone)]
    struct Pool;

    fn route(operation: &'static Operation) -> Route {
        Route::new(operation, |_| async { reply::answer_empty(()) })
    }

    fn service(name: &str, port: Option<u16>, line: u32, routes: Vec<Route>) -> ServiceDefinition {
        let mut definition = ServiceDefinition::new(name, port, "src/main.rs", line);
        for route in routes {
            definition.route(route);
        }
        definition
    }

    #[track_caller]
    fn check(app: &App, expected: &[&[&str]]) {
        let mut problems = Vec::new();
        app.check(&Settings::defaults(), &mut problems);
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, parts) in problems.iter().zip(expected) {
            for part in *parts {
                assert!(problem.contains(part), "{problem:?} lacks {part:?}");
            }
        }
    }

    #[test]
    fn a_state_that_nobody_gave_is_named() {
        static OPERATION: Operation =
            Operation::new("users", "GET", "/users").location("src/users.rs", 7);
        let routes = || vec![route(&OPERATION).needs(Needs::<State<Pool>>::new().__mfhm_state())];
        let mut app = App::new();
        app.definitions.push(service("users", None, 1, routes()));
        check(
            &app,
            &[&[
                "`users` (GET /users) at src/users.rs:7",
                "Pool>`",
                "`App::new().state(…)`",
            ]],
        );
        check(&app.state(Pool), &[]);
    }

    #[test]
    fn other_extractors_need_no_state() {
        assert_eq!(Needs::<http::HeaderMap>::new().__mfhm_state(), None);
        assert_eq!(Needs::<Option<State<Pool>>>::new().__mfhm_state(), None);
    }

    #[test]
    fn equal_ports_are_told_unless_any_will_do() {
        let mut app = App::new();
        app.definitions.push(service("a", Some(80), 1, Vec::new()));
        app.definitions.push(service("b", Some(80), 2, Vec::new()));
        let both = ["`a` at src/main.rs:1", "`b` at src/main.rs:2", "port 80"];
        check(&app, &[&both]);
        let app = app.port_of("a", 0).port_of("b", 0);
        check(&app, &[]);
    }
}
