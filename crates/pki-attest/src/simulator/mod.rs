//! Evidence under roots of one's own, good and wrong in each way, so that a service can be tested without a phone.
//!
//! Nothing here is accepted under the roots of Apple and Google. Pass [`AppleSimulator::root`],
//! [`ManagedDeviceSimulator::root`] or [`AndroidSimulator::root`] to the verifying functions instead.

mod android;
mod apple;
mod ca;
mod key_description;
mod managed_device;

pub use android::{AndroidFault, AndroidSimulator, Factory};
pub use apple::{AppleFault, AppleSimulator, SimulatedApp};
pub use ca::SimulatorError;
pub use managed_device::{ManagedDeviceFault, ManagedDeviceSimulator};
