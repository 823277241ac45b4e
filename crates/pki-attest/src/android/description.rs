//! What a device says of a key, itself and the app. As JSON it has the names and forms of Google's own verifier: numbers
//! as decimal texts, octets in base64, nothing for what is not there.

use serde::{Deserialize, Serialize};

use super::json::{decimal, decimals, list_of_octets, maybe_decimal, maybe_octets, octets};
use super::patch_level::PatchLevel;

/// The extension 1.3.6.1.4.1.11129.2.1.17 of an attested key's certificate.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyDescription {
    /// The version of the extension.
    #[serde(serialize_with = "decimal")]
    pub attestation_version: u64,
    /// Where the attestation was made.
    pub attestation_security_level: SecurityLevel,
    /// The version of KeyMint or Keymaster.
    #[serde(serialize_with = "decimal")]
    pub key_mint_version: u64,
    /// Where KeyMint or Keymaster runs.
    pub key_mint_security_level: SecurityLevel,
    /// The challenge that the app gave.
    #[serde(serialize_with = "octets")]
    pub attestation_challenge: Vec<u8>,
    /// An identifier of the device for system apps; else empty.
    #[serde(serialize_with = "octets")]
    pub unique_id: Vec<u8>,
    /// What the operating system holds to.
    pub software_enforced: AuthorizationList,
    /// What the hardware holds to.
    pub hardware_enforced: AuthorizationList,
}

/// Where something is kept or done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SecurityLevel {
    /// In the operating system.
    Software,
    /// In a trusted execution environment.
    TrustedEnvironment,
    /// In a chip of its own.
    StrongBox,
}

/// Where a key comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "Android's KeyOrigin, name by name")]
pub enum Origin {
    Generated,
    Derived,
    Imported,
    Reserved,
    SecurelyImported,
}

/// What the bootloader made of the operating system.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerifiedBootState {
    /// The manufacturer has signed it.
    Verified,
    /// The owner has signed it.
    SelfSigned,
    /// Nobody has looked.
    Unverified,
    /// It was not what was signed.
    Failed,
}

/// What the key may be used for, by whom, and on which device.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "Android's AuthorizationList, name by name")]
pub struct AuthorizationList {
    #[serde(serialize_with = "decimals", skip_serializing_if = "Option::is_none")]
    pub purposes: Option<Vec<i128>>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub algorithms: Option<i128>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub key_size: Option<i128>,
    #[serde(serialize_with = "decimals", skip_serializing_if = "Option::is_none")]
    pub block_modes: Option<Vec<i128>>,
    #[serde(serialize_with = "decimals", skip_serializing_if = "Option::is_none")]
    pub digests: Option<Vec<i128>>,
    #[serde(serialize_with = "decimals", skip_serializing_if = "Option::is_none")]
    pub paddings: Option<Vec<i128>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_nonce: Option<bool>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub min_mac_length: Option<i128>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub ec_curve: Option<i128>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub ml_dsa_variant: Option<i128>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub rsa_public_exponent: Option<i128>,
    #[serde(serialize_with = "decimals", skip_serializing_if = "Option::is_none")]
    pub rsa_oaep_mgf_digests: Option<Vec<i128>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_resistance: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_boot_only: Option<bool>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub active_date_time: Option<i128>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub origination_expire_date_time: Option<i128>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub usage_expire_date_time: Option<i128>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub usage_count_limit: Option<i128>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_secure_id: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_auth_required: Option<bool>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_auth_type: Option<i128>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub auth_timeout: Option<i128>,
    /// Not in the JSON, as in that of Google's verifier.
    #[serde(skip)]
    pub allow_while_on_body: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_user_presence_required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_confirmation_required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlocked_device_required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_applications: Option<bool>,
    #[serde(
        serialize_with = "maybe_octets",
        skip_serializing_if = "Option::is_none"
    )]
    pub application_id: Option<Vec<u8>>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub creation_date_time: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_resistant: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_of_trust: Option<RootOfTrust>,
    #[serde(
        serialize_with = "maybe_decimal",
        skip_serializing_if = "Option::is_none"
    )]
    pub os_version: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_patch_level: Option<PatchLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_application_id: Option<AttestationApplicationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id_brand: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id_device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id_product: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id_serial: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id_imei: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id_meid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id_manufacturer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id_model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_patch_level: Option<PatchLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_patch_level: Option<PatchLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_unique_attestation: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id_second_imei: Option<String>,
    #[serde(
        serialize_with = "maybe_octets",
        skip_serializing_if = "Option::is_none"
    )]
    pub module_hash: Option<Vec<u8>>,
    /// Whether the tags stand in the order of their numbers, as DER has it.
    pub are_tags_ordered: bool,
    /// The numbers of the tags whose value is of another type than the schema says, or not the text that it should be:
    /// they count as absent. Not in the JSON.
    #[serde(skip)]
    pub unreadable: Vec<u32>,
}

/// What the device has booted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RootOfTrust {
    /// The hash of the key that the operating system is signed with; zeros if there is none.
    #[serde(serialize_with = "octets")]
    pub verified_boot_key: Vec<u8>,
    /// Whether the bootloader is locked.
    pub device_locked: bool,
    /// What the bootloader made of the operating system.
    pub verified_boot_state: VerifiedBootState,
    /// The hash of what was booted (version 3 and later).
    #[serde(
        serialize_with = "maybe_octets",
        skip_serializing_if = "Option::is_none"
    )]
    pub verified_boot_hash: Option<Vec<u8>>,
}

/// The apps that may use the key, which share a user.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AttestationApplicationId {
    /// The packages.
    pub packages: Vec<AppPackage>,
    /// The SHA-256 of each certificate that they are signed with.
    #[serde(serialize_with = "list_of_octets")]
    pub signatures: Vec<Vec<u8>>,
}

/// One package.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AppPackage {
    /// Its name.
    pub name: String,
    /// The version code.
    #[serde(serialize_with = "decimal")]
    pub version: i128,
}
