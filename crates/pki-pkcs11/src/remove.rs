//! Keys that are not needed any more.

use cryptoki::object::{Attribute, ObjectClass};
use pki_core::Password;

use crate::error::TokenError;
use crate::module::{Access, Module};
use crate::object::attributes;
use crate::uri::TokenUri;

impl Module {
    /// Removes the key that `uri` describes from its token for good: the private key and the public one. If there is none,
    /// that is done.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoName`] if the URI says neither `object` nor `id`, [`TokenError::AmbiguousKey`] if there are several,
    /// and what else its variants say.
    pub fn remove(&self, uri: &TokenUri, pin: &Password) -> Result<(), TokenError> {
        if attributes(&uri.key).next().is_none() {
            return Err(TokenError::NoName);
        }
        let session = self.session(uri, pin, Access::Write)?;
        // The private key last: what ends in between is done by the next call.
        for class in [ObjectClass::PUBLIC_KEY, ObjectClass::PRIVATE_KEY] {
            let mut template = vec![Attribute::Class(class)];
            template.extend(attributes(&uri.key));
            let found = session.find_objects(&template).map_err(TokenError::token)?;
            match found.as_slice() {
                [] => {}
                [key] => session.destroy_object(*key).map_err(TokenError::token)?,
                several => {
                    return Err(TokenError::AmbiguousKey {
                        wanted: uri.key.in_words(),
                        count: several.len(),
                    });
                }
            }
        }
        Ok(())
    }
}
