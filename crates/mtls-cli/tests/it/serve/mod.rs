//! `mtls serve`, and who asks it.

mod acme;
mod agent;
mod attested;
mod console;
mod enroll;
mod onboard;
mod publishing;
