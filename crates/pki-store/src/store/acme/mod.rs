//! ACME.

mod accounts;
mod challenges;
mod keys;
mod orders;

use std::sync::Arc;

use crate::commit::{AcmeOperation, Operation};

fn acme(operation: AcmeOperation) -> Operation {
    Operation::Acme(Arc::new(operation))
}
