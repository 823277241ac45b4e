//! For the fuzz targets only: parsers of outside bytes that are not public.

use crate::ocsp::routes;

/// The OCSP request in the path of a `GET`, if there is one.
pub fn ocsp_request_in(path: &str) -> Option<Vec<u8>> {
    routes::request_in(path)
}
