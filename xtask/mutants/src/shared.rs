//! What several threads use.

use std::sync::{Mutex, MutexGuard};

pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(|it| it.into_inner())
}
