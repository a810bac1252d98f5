//! What an instance offers, kept once for all instances that offer the same.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::wire::v1::OperationEntry;

/// A list of operations that is cheap to clone. The instances of a service mostly have the
/// same one, and it is the longest part of their records.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Vec<OperationEntry>")]
pub(crate) struct Operations(Arc<[OperationEntry]>);

impl Deref for Operations {
    type Target = [OperationEntry];

    fn deref(&self) -> &[OperationEntry] {
        &self.0
    }
}

impl From<Vec<OperationEntry>> for Operations {
    /// Gives back what was reserved while they were read.
    fn from(mut operations: Vec<OperationEntry>) -> Self {
        for operation in &mut operations {
            operation.methods.shrink_to_fit();
        }
        Self(operations.into())
    }
}

impl FromIterator<OperationEntry> for Operations {
    fn from_iter<I: IntoIterator<Item = OperationEntry>>(operations: I) -> Self {
        operations.into_iter().collect::<Vec<_>>().into()
    }
}

impl Serialize for Operations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0[..].serialize(serializer)
    }
}

impl Operations {
    /// Whether both are kept once.
    #[cfg(test)]
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
