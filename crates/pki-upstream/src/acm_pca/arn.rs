//! The name of a CA in AWS.

use std::fmt;
use std::str::FromStr;

/// The ARN of a private CA: `arn:aws:acm-pca:REGION:ACCOUNT:certificate-authority/ID`.
///
/// It says the region that requests go to, and the partition whose templates are meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaArn {
    text: String,
    partition: String,
    region: String,
}

/// A text that is not the ARN of a private CA.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{}` is not the ARN of a private CA: arn:aws:acm-pca:REGION:ACCOUNT:certificate-authority/ID",
    .0.escape_debug()
)]
pub struct CaArnError(String);

impl CaArn {
    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The region of the CA: `eu-central-1`.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Where AWS takes requests for this CA. `None` in a partition that this version does not know.
    #[must_use]
    pub fn endpoint(&self) -> Option<String> {
        let suffix = match self.partition.as_str() {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            _ => return None,
        };
        Some(format!("https://acm-pca.{}.{suffix}", self.region))
    }

    /// The ARN of a template, which may be given without what is the same for all: `EndEntityCertificate/V1`.
    pub(super) fn template(&self, name: &str) -> String {
        match name.starts_with("arn:") {
            true => name.to_owned(),
            false => format!("arn:{}:acm-pca:::template/{name}", self.partition),
        }
    }

    /// Whether this is the ARN of a certificate of the CA.
    pub(super) fn has_issued(&self, arn: &str) -> bool {
        let rest = arn.strip_prefix(self.as_str());
        let id = rest.and_then(|rest| rest.strip_prefix("/certificate/"));
        id.is_some_and(|id| is_word(id, "") && arn.len() <= LONGEST)
    }
}

impl FromStr for CaArn {
    type Err = CaArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || CaArnError(text.to_owned());
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "acm-pca", region, account, resource] = parts.as_slice() else {
            return Err(wrong());
        };
        let id = resource.strip_prefix("certificate-authority/");
        let is_good = is_word(partition, "-")
            && is_word(region, "-")
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && id.is_some_and(|id| is_word(id, "-"))
            && text.len() <= LONGEST;
        match is_good {
            true => Ok(Self {
                text: text.to_owned(),
                partition: (*partition).to_owned(),
                region: (*region).to_owned(),
            }),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for CaArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Letters, digits and these.
fn is_word(text: &str, others: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    !text.is_empty() && text.chars().all(is_good)
}

/// Characters, by the API.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const GOOD: &str =
        "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/11223344-1234-1122-2233";

    #[test]
    fn the_arn_of_a_ca_says_where_it_is() {
        let arn: CaArn = GOOD.parse().unwrap();
        assert_eq!(arn.region(), "eu-central-1");
        let endpoint = arn.endpoint().unwrap();
        assert_eq!(endpoint, "https://acm-pca.eu-central-1.amazonaws.com");
        let china: CaArn = GOOD.replace("arn:aws:", "arn:aws-cn:").parse().unwrap();
        assert!(china.endpoint().unwrap().ends_with(".amazonaws.com.cn"));
        assert_eq!(china.template("A/V1"), "arn:aws-cn:acm-pca:::template/A/V1");
        let other: CaArn = GOOD.replace("arn:aws:", "arn:aws-new:").parse().unwrap();
        assert_eq!(other.endpoint(), None);
    }

    #[test]
    fn what_is_not_the_arn_of_a_ca_is_refused() {
        for bad in [
            "",
            "arn:aws:s3:::bucket",
            &GOOD.replace("acm-pca", "acm"),
            &GOOD.replace("eu-central-1", "eu.evil.example/"),
            &GOOD.replace("eu-central-1", ""),
            &GOOD.replace("certificate-authority", "certificate"),
            &format!("{GOOD}/certificate/0"),
            &format!("{GOOD}{}", "0".repeat(200)),
        ] {
            assert!(bad.parse::<CaArn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_certificate_of_another_ca_is_none_of_this_one() {
        let arn: CaArn = GOOD.parse().unwrap();
        for (text, good) in [
            (format!("{GOOD}/certificate/0a1b"), true),
            (format!("{GOOD}/certificate/"), false),
            (format!("{GOOD}/certificate/../0a"), false),
            (format!("{GOOD}0/certificate/0a"), false),
            (GOOD.to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(arn.has_issued(&text), good, "{text}");
        }
    }
}
