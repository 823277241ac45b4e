//! Evidence under roots of one's own, good and wrong in each way, so that a service can be tested without a phone.
//!
//! Nothing here is accepted under the roots of Apple and Google. Pass [`AppleSimulator::root`] or
//! [`AndroidSimulator::root`] to the verifying functions instead.

mod android;
mod apple;
mod ca;

pub use android::{AndroidFault, AndroidSimulator, Factory};
pub use apple::{AppleFault, AppleSimulator, SimulatedApp};
pub use ca::SimulatorError;
