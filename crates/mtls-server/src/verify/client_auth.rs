//! Whether clients need a certificate.

/// Whether a client may come without a certificate.
///
/// A certificate that is shown must be good in either case.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ClientAuth {
    /// No certificate, no connection: alert `certificate_required`.
    #[default]
    Required,
    /// Anonymous clients may connect; handlers decide with `Option<ClientCert>`.
    Optional,
}
