//! Tasks that live as long as the daemon: which one has ended by itself, and how.

use std::collections::HashMap;
use tokio::task::{Id, JoinSet};

use super::{DaemonError, Died};

/// Tasks by their names.
#[derive(Default)]
pub(crate) struct Tasks {
    set: JoinSet<()>,
    names: HashMap<Id, String>,
}

impl Tasks {
    /// Starts one.
    pub(crate) fn spawn(
        &mut self,
        name: impl Into<String>,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let id = self.set.spawn(task).id();
        self.names.insert(id, name.into());
    }

    /// The next one that ends, and how; waits for ever if there is none.
    pub(crate) async fn ended(&mut self) -> DaemonError {
        let (id, source) = match self.set.join_next_with_id().await {
            Some(Ok((id, ()))) => (id, Died::Returned),
            Some(Err(error)) => (error.id(), Died::Panicked(error)),
            None => std::future::pending().await,
        };
        let task = self.names.remove(&id).unwrap_or_default();
        DaemonError::Died { task, source }
    }

    /// The next one that panics. For tasks that may come to an end.
    pub(crate) async fn panicked(&mut self) -> DaemonError {
        loop {
            let ended = self.ended().await;
            if let DaemonError::Died {
                source: Died::Panicked(_),
                ..
            } = ended
            {
                return ended;
            }
        }
    }

    /// Waits until all have ended.
    pub(crate) async fn finish(&mut self) {
        while self.set.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn told(error: DaemonError) -> (String, bool) {
        match error {
            DaemonError::Died { task, source } => (task, matches!(source, Died::Panicked(_))),
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_named_whichever_way_it_ends() {
        let mut tasks = Tasks::default();
        tasks.spawn("the one that goes on", pending());
        tasks.spawn("the one that returns", async {});
        assert_eq!(
            told(tasks.ended().await),
            ("the one that returns".to_owned(), false)
        );
        tasks.spawn("the one that may return", async {});
        tasks.spawn("the one that panics", async {
            tokio::task::yield_now().await;
            panic!("a defect")
        });
        assert_eq!(
            told(tasks.panicked().await),
            ("the one that panics".to_owned(), true)
        );
    }
}
