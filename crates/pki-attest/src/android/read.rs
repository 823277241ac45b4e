//! Reading the extension.

use x509_identity::Certificate;

use super::description::{
    AppPackage, AttestationApplicationId, AuthorizationList, KeyDescription, Origin, RootOfTrust,
    SecurityLevel, VerifiedBootState,
};
use super::patch_level::PatchLevel;
use super::refusal::DescriptionError;
use super::tlv::{ENUMERATED, INTEGER, Reader, SEQUENCE, SET, TlvError};
use crate::android::chain::KEY_DESCRIPTION;

/// The most entries of a list, and the most elements of a set. Genuine lists have some twenty.
const MOST: usize = 256;

impl KeyDescription {
    /// Reads the extension's value: a KeyDescription.
    ///
    /// Tags that are not known are skipped, and so are those whose value is of another type than the schema says: they
    /// are [`unreadable`](AuthorizationList::unreadable).
    ///
    /// # Errors
    ///
    /// If it does not have the form that Android describes, apart from rules of DER that devices break.
    pub fn from_der(value: &[u8]) -> Result<Self, DescriptionError> {
        read(value).map_err(DescriptionError::new)
    }

    /// The description in a certificate, if it has one.
    ///
    /// # Errors
    ///
    /// As [`KeyDescription::from_der`].
    pub fn of(certificate: &Certificate) -> Result<Option<Self>, DescriptionError> {
        let extension = certificate.extension(KEY_DESCRIPTION);
        extension.map(|it| Self::from_der(it.value)).transpose()
    }
}

fn read(value: &[u8]) -> Result<KeyDescription, TlvError> {
    let mut outer = Reader::new(value);
    let mut fields = outer.inside(SEQUENCE)?;
    outer.end()?;
    let description = KeyDescription {
        attestation_version: fields.unsigned(INTEGER)?,
        attestation_security_level: security_level(&mut fields)?,
        key_mint_version: fields.unsigned(INTEGER)?,
        key_mint_security_level: security_level(&mut fields)?,
        attestation_challenge: fields.octets()?.to_vec(),
        unique_id: fields.octets()?.to_vec(),
        software_enforced: list(fields.inside(SEQUENCE)?)?,
        hardware_enforced: list(fields.inside(SEQUENCE)?)?,
    };
    fields.end()?;
    Ok(description)
}

fn security_level(reader: &mut Reader<'_>) -> Result<SecurityLevel, TlvError> {
    match reader.unsigned(ENUMERATED)? {
        0 => Ok(SecurityLevel::Software),
        1 => Ok(SecurityLevel::TrustedEnvironment),
        2 => Ok(SecurityLevel::StrongBox),
        _ => Err(TlvError::Unknown),
    }
}

fn list(mut entries: Reader<'_>) -> Result<AuthorizationList, TlvError> {
    let mut list = AuthorizationList {
        are_tags_ordered: true,
        ..AuthorizationList::default()
    };
    let mut seen = Vec::new();
    while !entries.is_empty() {
        let (tag, value) = entries.any()?;
        let tag = tag.context().ok_or(TlvError::Type)?;
        // Of a tag that is there twice, readers would believe one or the other.
        if seen.contains(&tag) || seen.len() == MOST {
            return Err(TlvError::Trailing);
        }
        list.are_tags_ordered &= seen.last().is_none_or(|before| *before < tag);
        seen.push(tag);
        match entry(&mut list, tag, &mut Reader::new(value)) {
            Ok(()) => {}
            // Google's verifier goes on without it, too. What a policy asks for is missing then.
            Err(TlvError::Integer | TlvError::Text | TlvError::Type) => list.unreadable.push(tag),
            Err(error) => return Err(error),
        }
    }
    Ok(list)
}

/// Numbers of tags: keystore's `Tag.aidl`, without the type in the upper bits. Those that are not known are skipped.
fn entry(list: &mut AuthorizationList, tag: u32, value: &mut Reader<'_>) -> Result<(), TlvError> {
    match tag {
        1 => list.purposes = Some(numbers(value)?),
        2 => list.algorithms = Some(value.integer(INTEGER)?),
        3 => list.key_size = Some(value.integer(INTEGER)?),
        4 => list.block_modes = Some(numbers(value)?),
        5 => list.digests = Some(numbers(value)?),
        6 => list.paddings = Some(numbers(value)?),
        7 => list.caller_nonce = Some(present(value)?),
        8 => list.min_mac_length = Some(value.integer(INTEGER)?),
        10 => list.ec_curve = Some(value.integer(INTEGER)?),
        11 => list.ml_dsa_variant = Some(value.integer(INTEGER)?),
        200 => list.rsa_public_exponent = Some(value.integer(INTEGER)?),
        203 => list.rsa_oaep_mgf_digests = Some(numbers(value)?),
        303 => list.rollback_resistance = Some(present(value)?),
        305 => list.early_boot_only = Some(present(value)?),
        400 => list.active_date_time = Some(value.integer(INTEGER)?),
        401 => list.origination_expire_date_time = Some(value.integer(INTEGER)?),
        402 => list.usage_expire_date_time = Some(value.integer(INTEGER)?),
        405 => list.usage_count_limit = Some(value.integer(INTEGER)?),
        502 => list.user_secure_id = Some(value.integer(INTEGER)?),
        503 => list.no_auth_required = Some(present(value)?),
        504 => list.user_auth_type = Some(value.integer(INTEGER)?),
        505 => list.auth_timeout = Some(value.integer(INTEGER)?),
        506 => list.allow_while_on_body = Some(present(value)?),
        507 => list.trusted_user_presence_required = Some(present(value)?),
        508 => list.trusted_confirmation_required = Some(present(value)?),
        509 => list.unlocked_device_required = Some(present(value)?),
        600 => list.all_applications = Some(present(value)?),
        601 => list.application_id = Some(value.octets()?.to_vec()),
        701 => list.creation_date_time = Some(value.integer(INTEGER)?),
        702 => list.origin = Some(origin(value)?),
        703 => list.rollback_resistant = Some(present(value)?),
        704 => list.root_of_trust = Some(root_of_trust(value)?),
        705 => list.os_version = Some(value.integer(INTEGER)?),
        706 => list.os_patch_level = patch_level(value)?,
        709 => list.attestation_application_id = Some(application_id(value.octets()?)?),
        710 => list.attestation_id_brand = Some(value.text()?),
        711 => list.attestation_id_device = Some(value.text()?),
        712 => list.attestation_id_product = Some(value.text()?),
        713 => list.attestation_id_serial = Some(value.text()?),
        714 => list.attestation_id_imei = Some(value.text()?),
        715 => list.attestation_id_meid = Some(value.text()?),
        716 => list.attestation_id_manufacturer = Some(value.text()?),
        717 => list.attestation_id_model = Some(value.text()?),
        718 => list.vendor_patch_level = patch_level(value)?,
        719 => list.boot_patch_level = patch_level(value)?,
        720 => list.device_unique_attestation = Some(present(value)?),
        723 => list.attestation_id_second_imei = Some(value.text()?),
        724 => list.module_hash = Some(value.octets()?.to_vec()),
        _ => return Ok(()),
    }
    value.end()
}

/// `None` for a number that is no month or day, which devices have, too. What is no number at all is an error, as to
/// Google's verifier.
fn patch_level(value: &mut Reader<'_>) -> Result<Option<PatchLevel>, TlvError> {
    let number = match value.integer(INTEGER) {
        Err(TlvError::Type) => return Err(TlvError::Unknown),
        number => u64::try_from(number?).ok(),
    };
    Ok(number.and_then(PatchLevel::from_number))
}

/// A tag whose presence is all that it says; its value is NULL.
fn present(value: &mut Reader<'_>) -> Result<bool, TlvError> {
    value.any().map(|_| true)
}

/// The numbers of a set, each once.
fn numbers(reader: &mut Reader<'_>) -> Result<Vec<i128>, TlvError> {
    let mut elements = reader.inside(SET)?;
    let mut numbers = Vec::new();
    while !elements.is_empty() {
        if numbers.len() == MOST {
            return Err(TlvError::TooLarge);
        }
        let number = elements.integer(INTEGER)?;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

fn origin(reader: &mut Reader<'_>) -> Result<Origin, TlvError> {
    Ok(match reader.unsigned(INTEGER)? {
        0 => Origin::Generated,
        1 => Origin::Derived,
        2 => Origin::Imported,
        3 => Origin::Reserved,
        4 => Origin::SecurelyImported,
        _ => return Err(TlvError::Unknown),
    })
}

fn root_of_trust(reader: &mut Reader<'_>) -> Result<RootOfTrust, TlvError> {
    let mut fields = reader.inside(SEQUENCE)?;
    let root = RootOfTrust {
        verified_boot_key: fields.octets()?.to_vec(),
        device_locked: fields.boolean()?,
        verified_boot_state: match fields.unsigned(ENUMERATED)? {
            0 => VerifiedBootState::Verified,
            1 => VerifiedBootState::SelfSigned,
            2 => VerifiedBootState::Unverified,
            3 => VerifiedBootState::Failed,
            _ => return Err(TlvError::Unknown),
        },
        verified_boot_hash: match fields.is_empty() {
            true => None,
            false => Some(fields.octets()?.to_vec()),
        },
    };
    fields.end()?;
    Ok(root)
}

fn application_id(octets: &[u8]) -> Result<AttestationApplicationId, TlvError> {
    let mut outer = Reader::new(octets);
    let mut fields = outer.inside(SEQUENCE)?;
    outer.end()?;
    let mut id = AttestationApplicationId {
        packages: Vec::new(),
        signatures: Vec::new(),
    };
    let mut packages = fields.inside(SET)?;
    while !packages.is_empty() && id.packages.len() < MOST {
        let mut package = packages.inside(SEQUENCE)?;
        let read = AppPackage {
            name: package.text()?,
            version: package.integer(INTEGER)?,
        };
        package.end()?;
        // They are sets.
        if !id.packages.contains(&read) {
            id.packages.push(read);
        }
    }
    packages.end()?;
    let mut signatures = fields.inside(SET)?;
    while !signatures.is_empty() && id.signatures.len() < MOST {
        let signature = signatures.octets()?;
        if !id.signatures.iter().any(|it| it == signature) {
            id.signatures.push(signature.to_vec());
        }
    }
    signatures.end()?;
    fields.end()?;
    Ok(id)
}
