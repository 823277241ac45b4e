//! Enrolment with evidence about the device.

mod attested;
mod client;
mod policy;
