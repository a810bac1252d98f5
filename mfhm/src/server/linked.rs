//! Services made of free functions: collected when the program is linked.
//!
//! Each `#[get]` on a free function submits a [`LinkedHandler`], each
//! `#[mfhm::service]` on a unit struct or a module a [`LinkedScope`]. A handler
//! belongs to the scope of its module, or of the nearest module above it that
//! has one. The linker keeps no order, so everything is sorted here.

use super::definition::{Route, ServiceDefinition};
use super::layers::Layers;
use crate::contract::Operation;

inventory::collect!(LinkedHandler);
inventory::collect!(LinkedScope);

/// A free function that answers an operation.
#[derive(Clone, Copy, Debug)]
pub struct LinkedHandler {
    module: &'static str,
    operation: &'static Operation,
    route: fn() -> Route,
}

impl LinkedHandler {
    /// A handler in `module`.
    pub const fn new(
        module: &'static str,
        operation: &'static Operation,
        route: fn() -> Route,
    ) -> Self {
        Self {
            module,
            operation,
            route,
        }
    }
}

/// A module whose handlers, and those below, are one service.
#[derive(Clone, Copy, Debug)]
pub struct LinkedScope {
    module: &'static str,
    name: &'static str,
    port: Option<u16>,
    file: &'static str,
    line: u32,
    version: Option<&'static str>,
    doc: &'static str,
    layers: fn(&mut Layers),
}

impl LinkedScope {
    /// The scope that opens at `module`.
    pub const fn new(
        module: &'static str,
        name: &'static str,
        port: Option<u16>,
        file: &'static str,
        line: u32,
    ) -> Self {
        Self {
            module,
            name,
            port,
            file,
            line,
            version: None,
            doc: "",
            layers: |_| {},
        }
    }

    /// With the service's version and doc comment.
    #[must_use]
    pub const fn about(mut self, version: Option<&'static str>, doc: &'static str) -> Self {
        self.version = version;
        self.doc = doc;
        self
    }

    /// With what adds its layers.
    #[must_use]
    pub const fn layers(mut self, layers: fn(&mut Layers)) -> Self {
        self.layers = layers;
        self
    }

    fn definition(&self) -> ServiceDefinition {
        let mut definition = ServiceDefinition::new(self.name, self.port, self.file, self.line);
        definition.about(self.version, self.doc);
        (self.layers)(&mut definition.layers);
        definition
    }
}

/// Every service that is linked into the program, and what is wrong.
pub(crate) fn services() -> (Vec<ServiceDefinition>, Vec<String>) {
    let scopes: Vec<_> = inventory::iter::<LinkedScope>
        .into_iter()
        .copied()
        .collect();
    let handlers: Vec<_> = inventory::iter::<LinkedHandler>
        .into_iter()
        .copied()
        .collect();
    assign(scopes, handlers)
}

/// The names of the services that are linked into the program.
pub(crate) fn names() -> Vec<&'static str> {
    inventory::iter::<LinkedScope>
        .into_iter()
        .map(|scope| scope.name)
        .collect()
}

fn assign(
    mut scopes: Vec<LinkedScope>,
    mut handlers: Vec<LinkedHandler>,
) -> (Vec<ServiceDefinition>, Vec<String>) {
    scopes.sort_by_key(|scope| (scope.module, scope.file, scope.line));
    handlers.sort_by_key(|handler| handler.operation.declared_at());
    let mut problems = Vec::new();
    for pair in scopes.windows(2) {
        if pair[0].module == pair[1].module {
            problems.push(format!(
                "the services `{}` at {}:{} and `{}` at {}:{} open in the same module, so their handlers cannot be told apart; put one into a module of its own",
                pair[0].name, pair[0].file, pair[0].line, pair[1].name, pair[1].file, pair[1].line,
            ));
        }
    }

    let mut definitions: Vec<_> = scopes.iter().map(LinkedScope::definition).collect();
    for handler in handlers {
        let nearest = (0..scopes.len())
            .filter(|&index| is_within(handler.module, scopes[index].module))
            .max_by_key(|&index| scopes[index].module.len());
        match nearest {
            Some(index) => definitions[index].route((handler.route)()),
            None => problems.push(format!(
                "{} {} at {} belongs to no service; open one in its module or one above: `#[mfhm::service(name = \"…\")] struct Name;`",
                handler.operation.method(),
                handler.operation.path(),
                handler.operation.declared_at(),
            )),
        }
    }
    for definition in definitions
        .iter()
        .filter(|definition| definition.routes.is_empty())
    {
        problems.push(format!(
            "the service `{}` at {} has no operation; write one in its module or below: `#[get(\"/hello\")] async fn hello() -> …`",
            definition.name, definition.declared_at,
        ));
    }
    (definitions, problems)
}

/// Whether `module` is `scope` or below it.
fn is_within(module: &str, scope: &str) -> bool {
    module
        .strip_prefix(scope)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::reply;

    macro_rules! handler {
        ($module:literal $name:literal $line:literal) => {{
            static OPERATION: Operation =
                Operation::new($name, "GET", $name).location("src/lib.rs", $line);
            LinkedHandler::new($module, &OPERATION, || {
                Route::new(&OPERATION, |_| async { reply::answer_empty(()) })
            })
        }};
    }

    fn scope(module: &'static str, name: &'static str) -> LinkedScope {
        LinkedScope::new(module, name, None, "src/lib.rs", 1)
    }

    fn assigned(scopes: &[LinkedScope], handlers: &[LinkedHandler]) -> (Vec<String>, Vec<String>) {
        let (definitions, problems) = assign(scopes.to_vec(), handlers.to_vec());
        let shown = definitions
            .iter()
            .map(|d| {
                let names: Vec<_> = d.routes.iter().map(|r| r.operation.name()).collect();
                format!("{}: {}", d.name, names.join(" "))
            })
            .collect();
        (shown, problems)
    }

    #[test]
    fn a_handler_belongs_to_the_nearest_scope_above_it() {
        let (services, problems) = assigned(
            &[scope("app", "outer"), scope("app::inner", "inner")],
            &[
                handler!("app::inner::deep" "c" 30),
                handler!("app::inner" "b" 20),
                handler!("app" "a" 10),
                handler!("app::innermost" "d" 40),
            ],
        );
        assert_eq!(services, ["outer: a d", "inner: b c"]);
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let (_, problems) = assigned(
            &[scope("a", "one"), scope("a", "two"), scope("b", "empty")],
            &[handler!("a" "x" 10), handler!("c" "y" 20)],
        );
        let expected = [
            "open in the same module",
            "at src/lib.rs:20 belongs to no service",
            "`one` at src/lib.rs:1 has no operation",
            "`empty` at src/lib.rs:1 has no operation",
        ];
        for text in expected {
            assert!(
                problems.iter().any(|problem| problem.contains(text)),
                "{text}: {problems:#?}"
            );
        }
    }
}
