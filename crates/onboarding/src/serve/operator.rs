//! The invitation for another device, which whoever sits at this computer sees.

use std::time::SystemTime;

use axum::http::HeaderMap;
use axum::response::Response;

use super::keeper::minutes;
use super::offer::Offer;
use super::reader::device_of;
use super::shared::Shared;
use crate::page::{Delivery, Invitation, Page};
use crate::qr::qr_svg;

/// The first page, with an invitation.
pub(super) async fn invitation(
    offer: &Offer,
    site: &Shared,
    headers: &HeaderMap,
) -> Result<String, Response> {
    let (token, until) = offer.link(&site.keeper, &site.names).await?;
    let here = format!("/get/{}", token.secret_str());
    let on_network = offer.page.map(|page| format!("http://{page}{here}"));
    let code = on_network.as_deref();
    let code = code.and_then(|link| qr_svg(link, "QR code of the link below"));
    let address = offer.address.map(|address| address.to_string());
    let left = until.duration_since(SystemTime::now()).unwrap_or_default();
    let page = Page {
        delivery: Delivery::Operator(Invitation {
            address: address.as_deref(),
            here: &here,
            link: on_network.as_deref().zip(code.as_deref()),
            minutes: minutes(left),
        }),
        device: device_of(headers),
        names: &site.names,
        others: &site.others,
        password: &site.password,
        server: offer.server.as_deref(),
    };
    Ok(page.html())
}
