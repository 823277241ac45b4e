//! `Client-Cert` and `Client-Cert-Chain`: byte sequences of structured fields (RFC 9440, RFC 9651).
//!
//! `Client-Cert` is one Item with the end entity's DER. `Client-Cert-Chain` is a List of its
//! issuers, nearest first, and may come in several lines. No parameter is defined; those that come
//! say nothing, as ever with structured fields.

use sfv::{BareItem, Item, ItemSerializer, List, ListEntry, ListSerializer, Parser};

use super::error::ForwardedError;

/// Leaf first.
pub(super) fn read<'a>(
    leaf: &[u8],
    chain: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let leaf: Item = Parser::new(leaf).parse().map_err(ForwardedError::syntax)?;
    let mut certificates = vec![bytes(leaf.bare_item)?];
    // RFC 9651 4.2: the lines of one field are joined by commas before they are parsed.
    let lines: Vec<&[u8]> = chain.collect();
    let list: List = Parser::new(&lines.join(&b", "[..]))
        .parse()
        .map_err(ForwardedError::syntax)?;
    for member in list {
        match member {
            ListEntry::Item(item) => certificates.push(bytes(item.bare_item)?),
            ListEntry::InnerList(_) => return Err(ForwardedError::syntax("an inner list")),
        }
    }
    Ok(certificates)
}

fn bytes(item: BareItem) -> Result<Vec<u8>, ForwardedError> {
    match item {
        BareItem::ByteSequence(bytes) => Ok(bytes),
        _ => Err(ForwardedError::syntax(
            "an item that is not a byte sequence",
        )),
    }
}

pub(super) fn write_leaf(der: &[u8]) -> String {
    ItemSerializer::new().bare_item(der).finish()
}

/// `None` if there is no issuer: an empty List is not serialized.
pub(super) fn write_chain(issuers: &[&[u8]]) -> Option<String> {
    let mut list = ListSerializer::new();
    for der in issuers {
        // What it gives back would take parameters.
        let _ = list.bare_item(*der);
    }
    list.finish()
}
