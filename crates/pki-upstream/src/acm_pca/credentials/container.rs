//! The endpoint that gives keys to a container.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use pki_core::Password;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::answer::Temporary;
use super::error::CredentialsError;
use crate::client::{is_this_machine, read_body};

/// An endpoint of Amazon ECS, EKS Pod Identity or of an agent on this machine.
#[derive(Clone, Debug)]
pub struct ContainerEndpoint {
    url: Url,
    token: Option<ContainerToken>,
}

/// What is sent to it as `Authorization`.
#[derive(Clone, Debug)]
pub enum ContainerToken {
    /// The first line of this file, which is read for each request.
    File(PathBuf),
    /// At hand.
    Text(Password),
}

impl ContainerEndpoint {
    /// The endpoint of Amazon ECS with this path: the value of `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Endpoint`] if it is not a path.
    pub fn relative(path: &str) -> Result<Self, CredentialsError> {
        match path.starts_with('/') {
            true => Self::new(&format!("http://{ECS}{path}"), None),
            false => Err(CredentialsError::Endpoint {
                url: path.to_owned(),
            }),
        }
    }

    /// The endpoint at this URL: the value of `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Endpoint`] if it is none, or would be asked in the clear and is not a host's own.
    pub fn new(url: &str, token: Option<ContainerToken>) -> Result<Self, CredentialsError> {
        let parsed = url.parse::<Url>().ok();
        match parsed.filter(is_allowed) {
            Some(url) => Ok(Self { url, token }),
            None => Err(CredentialsError::Endpoint {
                url: url.to_owned(),
            }),
        }
    }

    pub(super) async fn ask(
        &self,
        client: &reqwest::Client,
    ) -> Result<Temporary, CredentialsError> {
        let name = self.url.origin().ascii_serialization();
        let wrong = |source: Box<dyn std::error::Error + Send + Sync>| CredentialsError::Answer {
            from: name.clone(),
            source,
        };
        let mut request = client.get(self.url.clone()).timeout(LIMIT);
        if let Some(token) = self.token()? {
            let value = HeaderValue::from_str(token.secret_str());
            let mut value = value.map_err(|error| wrong(error.into()))?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        let response = request.send().await;
        let response = response.map_err(|error| wrong(error.without_url().into()))?;
        let status = response.status();
        let body = read_body(response, MAX_LEN).await;
        let body = zeroize::Zeroizing::new(body.map_err(|error| wrong(error.into()))?);
        match status.is_success() {
            true => Temporary::read(&name, &body),
            false => Err(wrong(status.to_string().into())),
        }
    }

    fn token(&self) -> Result<Option<Password>, CredentialsError> {
        let path = match &self.token {
            None => return Ok(None),
            Some(ContainerToken::Text(token)) => return Ok(Some(token.clone())),
            Some(ContainerToken::File(path)) => path,
        };
        let cannot = |source| CredentialsError::File {
            path: path.clone(),
            source,
        };
        let content = zeroize::Zeroizing::new(std::fs::read(path).map_err(cannot)?);
        let token = Password::from_file(&content).map_err(std::io::Error::other);
        token.map(Some).map_err(cannot)
    }
}

/// What AWS's tools take, too: a host's own addresses are reached by nobody else.
fn is_allowed(url: &Url) -> bool {
    let is_host = |host: &str| {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        address
            .parse::<IpAddr>()
            .is_ok_and(|it| HOSTS.contains(&it))
    };
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => true,
        ("http", Some(host)) => is_this_machine(host) || is_host(host),
        _ => false,
    }
}

/// For keys.
const LIMIT: Duration = Duration::from_secs(5);
const MAX_LEN: usize = 64 << 10;

const ECS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);

/// Of Amazon ECS, and of Amazon EKS.
const HOSTS: [IpAddr; 3] = [
    IpAddr::V4(ECS),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_to_the_host_or_over_tls() {
        for (url, good) in [
            ("http://169.254.170.2/v2/credentials/1", true),
            ("http://169.254.170.23/v1/credentials", true),
            ("http://[fd00:ec2::23]/v1/credentials", true),
            ("http://localhost:1234/keys", true),
            ("https://keys.example.org/", true),
            ("http://keys.example.org/", false),
            ("http://169.254.169.254/", false),
            ("ftp://localhost/", false),
            ("/v2/credentials", false),
        ] {
            assert_eq!(ContainerEndpoint::new(url, None).is_ok(), good, "{url}");
        }
        assert!(ContainerEndpoint::relative("/v2/credentials/1").is_ok());
        assert!(ContainerEndpoint::relative("@evil.example/").is_err());
    }
}
