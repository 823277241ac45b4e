//! Who the lab's certificates name, and how long: the recipe's subjects and validity periods.

use pki_core::{AllowedSubject, Profile, ValidityLimits};
use x509_identity::{DistinguishedName, ParseError};

use crate::options::{KeyType, SERVER_NAMES};

pub(super) const CLIENT_EMAIL: &str = "client1@example.local";

/// `/C=US/ST=State/L=City/O=MyTestCA/OU=Dev/CN=…`
pub(super) fn ca(common_name: &str) -> Result<DistinguishedName, ParseError> {
    let place = DistinguishedName::builder()
        .country("US")
        .state("State")
        .locality("City");
    place
        .organization("MyTestCA")
        .organizational_unit("Dev")
        .common_name(common_name)
        .build()
}

/// `/C=US/ST=State/L=City/O=MyOrg/CN=api.example.local`
pub(super) fn server() -> Result<DistinguishedName, ParseError> {
    named_server(SERVER_NAMES[0])
}

pub(super) fn named_server(common_name: &str) -> Result<DistinguishedName, ParseError> {
    let place = DistinguishedName::builder()
        .country("US")
        .state("State")
        .locality("City");
    place.organization("MyOrg").common_name(common_name).build()
}

/// `/C=US/ST=State/L=City/O=MyOrg/OU=Clients/CN=…`
pub(super) fn client(common_name: &str) -> Result<DistinguishedName, ParseError> {
    let place = DistinguishedName::builder()
        .country("US")
        .state("State")
        .locality("City");
    place
        .organization("MyOrg")
        .organizational_unit("Clients")
        .common_name(common_name)
        .build()
}

pub(super) fn root_profile(keys: KeyType) -> Profile {
    Profile::root()
        .with_validity(ValidityLimits::exactly_days(ROOT_DAYS))
        .with_keys([keys.of_cas()])
}

pub(super) fn issuing_profile(keys: KeyType) -> Profile {
    Profile::issuing_ca()
        .with_validity(ValidityLimits::exactly_days(ISSUING_DAYS))
        .with_keys([keys.of_cas()])
}

pub(super) fn server_profile(keys: KeyType) -> Profile {
    Profile::server()
        .with_subject(AllowedSubject::any())
        .with_validity(ValidityLimits::exactly_days(SERVER_DAYS))
        .with_keys([keys.of_leaves()])
}

pub(super) fn client_profile(keys: KeyType) -> Profile {
    Profile::client()
        .with_subject(AllowedSubject::any())
        .with_validity(ValidityLimits::exactly_days(CLIENT_DAYS))
        .with_keys([keys.of_leaves()])
}

const ROOT_DAYS: u32 = 3650;
const ISSUING_DAYS: u32 = 3 * 365;
const SERVER_DAYS: u32 = 825;
pub(super) const CLIENT_DAYS: u32 = 365;
