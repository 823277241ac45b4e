//! Whether clients need a certificate.

/// Whether a client may connect without a certificate.
///
/// A certificate that is presented must be good in either case.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ClientAuth {
    /// A client without a certificate is refused with the alert `certificate_required`.
    #[default]
    Required,
    /// Anonymous clients may connect; handlers decide with `Option<ClientCert>`.
    Optional,
}
