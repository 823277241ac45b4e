//! Enrolment by JSON.

mod agent;
mod approval;
mod enroll;
mod hot_swap;
mod key_store;
mod limits;
mod renewal;
mod upstream;
