//! A client of either kind that goes on through rotations.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mtls_client::{Connector, Error, Rotating};

use super::Via;

#[derive(Clone)]
pub(crate) enum Pump {
    Hyper(Rotating<Client<Connector, Empty<Bytes>>>),
    Reqwest(Rotating<reqwest::Client>),
}

impl Pump {
    pub(crate) fn new(via: Via, connector: &Connector) -> Self {
        match via {
            Via::Hyper => {
                let make = |connector: &Connector| {
                    let client = Client::builder(TokioExecutor::new()).build(connector.clone());
                    Ok::<_, Infallible>(client)
                };
                Self::Hyper(connector.rotating(make).unwrap())
            }
            Via::Reqwest => {
                let make = |connector: &Connector| connector.reqwest().build();
                Self::Reqwest(connector.rotating(make).unwrap())
            }
        }
    }

    /// The body of what is answered.
    pub(crate) async fn get(&self, url: &str) -> Result<String, Error> {
        let bytes = match self {
            Self::Hyper(client) => {
                let response = client.get().get(url.parse().unwrap()).await;
                let response = response.map_err(|error| Error::classify(&error))?;
                assert!(response.status().is_success());
                let body = response.into_body().collect().await;
                body.map_err(|error| Error::classify(&error))?.to_bytes()
            }
            Self::Reqwest(client) => {
                let response = client.get().get(url).send().await;
                let response = response.map_err(Error::from_reqwest)?;
                response.bytes().await.map_err(Error::from_reqwest)?
            }
        };
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }
}
