//! Objects in a token, and their attributes.

use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;

use crate::error::TokenError;
use crate::uri::KeyChoice;

/// The attributes by which an object is found that is `wanted`.
pub(crate) fn attributes(wanted: &KeyChoice) -> impl Iterator<Item = Attribute> {
    let label = wanted.label.as_ref();
    let label = label.map(|label| Attribute::Label(label.as_bytes().to_vec()));
    let id = wanted.id.clone().map(Attribute::Id);
    label.into_iter().chain(id)
}

/// The value of one attribute, if the object has it.
pub(crate) fn attribute(
    session: &Session,
    object: ObjectHandle,
    kind: AttributeType,
) -> Result<Option<Attribute>, TokenError> {
    let found = session.get_attributes(object, &[kind]);
    Ok(found.map_err(TokenError::token)?.pop())
}
