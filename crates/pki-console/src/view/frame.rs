//! What surrounds each page.

use crate::access::operator::Operator;
use crate::shared::Shared;
use crate::view::text::shown;

/// A page of the menu.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Tab {
    Audit,
    Authorities,
    Certificates,
    Expiring,
    Requests,
    Tokens,
}

/// An entry of the menu.
pub(crate) struct Entry {
    pub(crate) address: String,
    pub(crate) title: &'static str,
    pub(crate) is_here: bool,
}

/// What surrounds a page: the menu, the CA, and who is looking.
pub(crate) struct Frame {
    pub(crate) base: String,
    pub(crate) ca: String,
    pub(crate) menu: Vec<Entry>,
    pub(crate) operator: String,
    pub(crate) subject: String,
    pub(crate) serial: String,
}

impl Frame {
    pub(crate) fn new(shared: &Shared, operator: &Operator, here: Tab) -> Self {
        let entry = |(tab, path, title): (Tab, &str, &'static str)| Entry {
            address: format!("{}{path}", shared.base),
            title,
            is_here: tab == here,
        };
        Self {
            base: shared.base.clone(),
            ca: shared.ca.clone(),
            menu: MENU.into_iter().map(entry).collect(),
            operator: shown(&operator.name()),
            subject: shown(&operator.subject().to_string()),
            serial: operator.serial().to_string(),
        }
    }
}

const MENU: [(Tab, &str, &str); 6] = [
    (Tab::Certificates, "/certificates", "Certificates"),
    (Tab::Requests, "/requests", "Requests"),
    (Tab::Tokens, "/tokens", "Tokens"),
    (Tab::Expiring, "/expiring", "Expiring"),
    (Tab::Audit, "/audit", "Audit"),
    (Tab::Authorities, "/cas", "CAs"),
];
