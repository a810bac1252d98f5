//! A service that documents itself: `/openapi.json` and `/docs`.
//!
//! ```sh
//! cargo run --example openapi
//! ```
//!
//! Then look at <http://127.0.0.1:30178/docs>. What the types are comes from
//! `schemars::JsonSchema`, everything else from the annotations.

use std::collections::BTreeMap;
use std::sync::Mutex;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A task to do.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Task {
    /// What is to be done.
    title: String,
    /// How much it matters.
    #[serde(default)]
    priority: Priority,
    done: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Priority {
    Low,
    #[default]
    Normal,
    High,
}

#[derive(Debug, thiserror::Error, mfhm::ApiError)]
enum TaskError {
    /// No task has this number.
    #[error("no task {id}")]
    #[status(404)]
    NotFound { id: u32 },
}

#[derive(Default)]
struct Tasks {
    tasks: Mutex<BTreeMap<u32, Task>>,
}

#[mfhm::service(name = "tasks", port = 30178)]
impl Tasks {
    /// Lists tasks, those of one priority if one is given.
    #[get("/tasks")]
    async fn list(&self, priority: Option<Priority>) -> BTreeMap<u32, Task> {
        let tasks = self.tasks.lock().expect("nothing panics while it is held");
        let fits = |task: &Task| priority.is_none_or(|priority| priority == task.priority);
        let fitting = tasks.iter().filter(|(_, task)| fits(task));
        fitting.map(|(id, task)| (*id, task.clone())).collect()
    }

    /// Finds one task.
    #[get("/tasks/{id}")]
    async fn task(&self, id: u32) -> Result<Task, TaskError> {
        let tasks = self.tasks.lock().expect("nothing panics while it is held");
        tasks.get(&id).cloned().ok_or(TaskError::NotFound { id })
    }

    /// Writes a task, a new one or in place of another.
    ///
    /// The last one who writes is right.
    #[put("/tasks/{id}")]
    async fn write(&self, id: u32, task: Task) {
        let mut tasks = self.tasks.lock().expect("nothing panics while it is held");
        tasks.insert(id, task);
    }

    /// The number of tasks.
    #[deprecated(note = "count them yourself")]
    #[get("/count")]
    async fn count(&self) -> usize {
        let tasks = self.tasks.lock().expect("nothing panics while it is held");
        tasks.len()
    }
}

#[mfhm::main]
async fn main() -> mfhm::Result<()> {
    mfhm::App::new().service(Tasks::default()).run().await
}
