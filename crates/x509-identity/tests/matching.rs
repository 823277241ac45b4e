//! Which names are one, and which of them a hash tells apart.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use x509_identity::DistinguishedName;

#[test]
fn names_match_that_differ_in_case_spaces_and_string_types_alone() {
    for (one, other, same) in [
        ("", "", true),
        ("", "CN=a", false),
        ("CN=a", "CN=a", true),
        ("CN=Alice  B", r"CN=\ alice b", true),
        ("CN=alice b", "CN=aliceb", false),
        ("CN=a", "CN=#130161", true),
        ("CN=a", "CN=b", false),
        ("CN=a", "OU=a", false),
        ("CN=a,O=x", "O=x", false),
        ("CN=a,O=x", "O=x,CN=a", false),
        ("CN=a+O=x", "O=x+CN=a", true),
        ("CN=a+O=x", "CN=a", false),
        ("CN=a+O=x", "CN=a,O=x", false),
        ("CN=a+O=x", "O=x,CN=a", false),
        ("CN=a+O=x", "CN=a+O=y", false),
        // Two attributes that are one in this comparison.
        ("CN=a+CN=A", "CN=a", true),
        ("CN=a+CN=A", "CN=A+CN=a", true),
        ("CN=a+CN=A+O=x", "O=x+CN=a", true),
        // Of a BIT STRING its DER counts, and it is not the text of its octets.
        ("2.5.4.45=#03020061", "2.5.4.45=#03020061", true),
        ("2.5.4.45=#03020061", "2.5.4.45=#03020041", false),
        ("CN=#03020061", r"CN=\03\02\01a", false),
    ] {
        let (left, right) = (name(one), name(other));
        assert_eq!(left.matches(&right), same, "{one} {other}");
        assert_eq!(right.matches(&left), same, "{other} {one}");
        let keys = (left.matching_key(), right.matching_key());
        assert_eq!(keys.0 == keys.1, same, "{one} {other}");
    }
}

#[test]
fn a_name_begins_with_another_by_its_least_specific_part() {
    for (name_of, base, begins) in [
        ("CN=a,OU=b,O=x", "", true),
        ("CN=a,OU=b,O=x", "O=X", true),
        ("CN=a,OU=b,O=x", "OU=B,O=x", true),
        ("CN=a,OU=b,O=x", "CN=a,OU=b,O=x", true),
        ("CN=a,OU=b,O=x", "CN=c,CN=a,OU=b,O=x", false),
        ("CN=a,OU=b,O=x", "CN=a", false),
        ("CN=a,OU=b,O=x", "OU=c,O=x", false),
        ("", "O=x", false),
    ] {
        let begin = name(name_of).begins_with(&name(base));
        assert_eq!(begin, begins, "{name_of} {base}");
    }
}

/// Neither the values of an RDN of several attributes nor their order are in its hash.
#[test]
fn names_that_differ_have_different_hashes() {
    let names = [
        "",
        "CN=a",
        "CN=b",
        "OU=a",
        "CN=a,O=x",
        "O=x,CN=a",
        "CN=a+O=x",
        "OU=a+O=x",
        "CN=a+OU=b+O=x",
        "2.5.4.45=#03020061",
        "2.5.4.45=#03020041",
    ];
    let hashes: HashMap<u64, &str> = names.map(|text| (hash(text), text)).into();
    assert_eq!(hashes.len(), names.len(), "{hashes:?}");
    assert_eq!(hash("CN=a+O=x"), hash("O=x+CN=a"));
    assert_eq!(hash("CN=a"), hash("CN=#130161"));
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name(text).hash(&mut hasher);
    hasher.finish()
}

fn name(text: &str) -> DistinguishedName {
    text.parse().unwrap()
}
