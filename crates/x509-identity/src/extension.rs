use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;

use crate::name::Names;
use crate::tlv::{
    self, BOOLEAN, Fields, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, constructed_context,
    context,
};
use crate::{KeyUsage, ParseError, SubjectAltName};

/// One extension of a certificate, whether or not this crate understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// The extension's type.
    pub oid: ObjectIdentifier,
    /// Whether a reader that does not understand it has to reject the certificate.
    pub critical: bool,
    /// The DER inside the extnValue OCTET STRING.
    pub value: &'a [u8],
}

/// Whether a certificate belongs to a CA, and how long a path may follow (RFC 5280 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BasicConstraints {
    /// The cA field.
    pub ca: bool,
    /// The number of intermediate certificates, self-issued ones apart, that may follow before the
    /// end entity. `None` is without limit.
    pub path_len: Option<u32>,
}

/// What the extensions that name or restrict an identity say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) sans: Vec<SubjectAltName>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) extended_key_usage: Option<Vec<ObjectIdentifier>>,
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) subject_key_id: Option<Box<[u8]>>,
    pub(crate) authority_key_id: Option<Box<[u8]>>,
    pub(crate) crl_distribution_points: Vec<String>,
}

/// Reads the content of `[3] EXPLICIT Extensions`, in order and without repetition.
pub(crate) fn parse_extensions(
    content: &[u8],
    names: Names,
) -> Result<(Vec<Extension<'_>>, Known), ParseError> {
    let mut list = Fields::within(content, SEQUENCE, "extensions")?;
    let mut extensions: Vec<Extension<'_>> = Vec::new();
    let mut known = Known::default();
    // Types that cannot be represented are passed over, since no caller could ask for them.
    let mut nameless: Vec<&[u8]> = Vec::new();
    while !list.is_empty() {
        if extensions.len() + nameless.len() == MAX_EXTENSIONS {
            return Err(ParseError::TooMany {
                what: "extensions",
                limit: MAX_EXTENSIONS,
            });
        }
        let content = list.required(SEQUENCE)?.value;
        let Some(extension) = parse_extension(content)? else {
            let oid = Fields::new(content, "extension")?.required(OBJECT_IDENTIFIER)?;
            if nameless.contains(&oid.value) {
                return Err(ParseError::TooMany {
                    what: "extensions of one type",
                    limit: 1,
                });
            }
            nameless.push(oid.value);
            continue;
        };
        if extensions.iter().any(|seen| seen.oid == extension.oid) {
            return Err(ParseError::DuplicateExtension(extension.oid));
        }
        known.read(&extension, names)?;
        extensions.push(extension);
    }
    if extensions.is_empty() && nameless.is_empty() {
        return Err(ParseError::Empty { what: "extensions" });
    }
    Ok((extensions, known))
}

/// `None` for one whose type cannot be represented, unless it is critical.
fn parse_extension(content: &[u8]) -> Result<Option<Extension<'_>>, ParseError> {
    let what = "extension";
    let mut fields = Fields::new(content, what)?;
    let oid = fields.required(OBJECT_IDENTIFIER)?.value;
    let critical = default_false(&mut fields)?;
    let value = fields.required(OCTET_STRING)?.value;
    fields.finish()?;
    let oid = if critical {
        Some(tlv::object_identifier(oid, what)?)
    } else {
        tlv::representable_identifier(oid, what)?
    };
    Ok(oid.map(|oid| Extension {
        oid,
        critical,
        value,
    }))
}

impl Known {
    fn read(&mut self, extension: &Extension<'_>, names: Names) -> Result<(), ParseError> {
        let value = extension.value;
        match extension.oid {
            rfc5280::ID_CE_SUBJECT_ALT_NAME => {
                self.sans = match (SubjectAltName::list_from_extension(value), names) {
                    (Ok(sans), _) => sans,
                    (Err(error), Names::Asked) => return Err(error),
                    (Err(_), Names::NotAsked) => vec![SubjectAltName::Unreadable {
                        kind: "subject-alt-name",
                        der: value.to_vec(),
                    }],
                };
            }
            rfc5280::ID_CE_KEY_USAGE => self.key_usage = Some(KeyUsage::from_extension(value)?),
            rfc5280::ID_CE_EXT_KEY_USAGE => {
                self.extended_key_usage = Some(extended_key_usage(value)?)
            }
            rfc5280::ID_CE_BASIC_CONSTRAINTS => {
                self.basic_constraints = Some(basic_constraints(value)?)
            }
            rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER => {
                let what = "subjectKeyIdentifier";
                let mut fields = Fields::new(value, what)?;
                self.subject_key_id = Some(fields.required(OCTET_STRING)?.value.into());
                fields.finish()?;
            }
            rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER => {
                self.authority_key_id = authority_key_id(value)?
            }
            rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS => {
                self.crl_distribution_points = crl_distribution_points(value)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId (RFC 5280 4.2.1.12).
fn extended_key_usage(value: &[u8]) -> Result<Vec<ObjectIdentifier>, ParseError> {
    let what = "extKeyUsage";
    let mut fields = Fields::within(value, SEQUENCE, what)?;
    if fields.is_empty() {
        return Err(ParseError::Empty { what });
    }
    let mut purposes = Vec::new();
    while !fields.is_empty() {
        let oid = fields.required(OBJECT_IDENTIFIER)?.value;
        purposes.extend(tlv::representable_identifier(oid, what)?);
    }
    Ok(purposes)
}

fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, ParseError> {
    let what = "basicConstraints";
    let mut fields = Fields::within(value, SEQUENCE, what)?;
    let ca = default_false(&mut fields)?;
    let path_len = fields
        .optional(INTEGER)?
        .map(|tlv| tlv::decode(tlv.der, what))
        .transpose()?;
    fields.finish()?;
    Ok(BasicConstraints { ca, path_len })
}

/// The key identifier of an AuthorityKeyIdentifier (RFC 5280 4.2.1.1); its issuer and serial
/// number may accompany it and are passed over.
fn authority_key_id(value: &[u8]) -> Result<Option<Box<[u8]>>, ParseError> {
    let mut fields = Fields::within(value, SEQUENCE, "authorityKeyIdentifier")?;
    let key_id = fields.optional(context(0))?.map(|tlv| tlv.value.into());
    fields.optional(constructed_context(1))?;
    fields.optional(context(2))?;
    fields.finish()?;
    Ok(key_id)
}

/// The URIs among the names of all distribution points (RFC 5280 4.2.1.13). Directory names, names
/// relative to the CRL issuer and what cannot be read are left out.
fn crl_distribution_points(value: &[u8]) -> Result<Vec<String>, ParseError> {
    let what = "cRLDistributionPoints";
    let mut points = Fields::within(value, SEQUENCE, what)?;
    let mut uris = Vec::new();
    while !points.is_empty() {
        let mut point = Fields::new(points.required(SEQUENCE)?.value, what)?;
        if let Some(name) = point.optional(constructed_context(0))? {
            let mut choice = Fields::new(name.value, what)?;
            if let Some(full_name) = choice.optional(constructed_context(0))? {
                let mut names = Fields::new(full_name.value, what)?;
                while !names.is_empty() {
                    // What cannot be read cannot be followed, and nobody has to.
                    if let Ok(SubjectAltName::Uri(uri)) =
                        SubjectAltName::from_general_name(names.next()?)
                    {
                        uris.push(uri);
                    }
                }
            } else {
                choice.required(constructed_context(1))?;
            }
            choice.finish()?;
        }
        point.optional(context(1))?;
        point.optional(constructed_context(2))?;
        point.finish()?;
    }
    Ok(uris)
}

/// `BOOLEAN DEFAULT FALSE`. An explicit FALSE is not DER, but certificates with one are common.
fn default_false(fields: &mut Fields<'_>) -> Result<bool, ParseError> {
    match fields.optional(BOOLEAN)? {
        Some(tlv) => tlv::decode(tlv.der, "BOOLEAN"),
        None => Ok(false),
    }
}

/// Far above the dozen that certificates carry; the search for repetitions is quadratic.
const MAX_EXTENSIONS: usize = 64;
