//! What a subject may say.

use x509_identity::DistinguishedName;

use crate::Profile;

/// The subject is what the profile allows, in attributes that have a name. An email address in it is a name
/// like any other.
pub(super) fn judge_subject(
    subject: &DistinguishedName,
    profile: &Profile,
    refuse: &mut impl FnMut(&'static str, String),
) {
    for attribute in subject.attributes() {
        let kind = attribute.short_name();
        let (Some(kind), Some(_)) = (kind, attribute.text()) else {
            refuse(
                "subject-attribute",
                format!("`{attribute}` in the subject is not certified"),
            );
            continue;
        };
        let ruling = profile.ruling_on_attribute(attribute);
        if !ruling.allowed {
            let is_email = matches!(kind, "emailAddress" | "mail");
            refuse(
                if is_email { "name" } else { "subject" },
                format!(
                    "`{attribute}` in the subject is not allowed by the profile ({})",
                    ruling.rule()
                ),
            );
        }
    }
}
