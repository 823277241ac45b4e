//! What is left after a fault.

mod environment;
mod kill;
mod processes;
