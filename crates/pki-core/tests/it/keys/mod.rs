//! Keys: which are taken, and in which form they are kept.

mod encrypted;
mod forms;
mod kept;
mod kinds;
mod weak;
